import { expect } from 'chai'
import { Counter, Registry } from 'prom-client'
import {
  BootError,
  Controller,
  MemoryStateStore,
  Get,
  NotFound,
  Public,
  bearer,
  createApi,
  createContainer,
  createLogger,
  definePermissions,
  tokenIssuer,
  tokens,
} from '../../lib/index.js'
import type { Api, ApiOptions, StateStore, StoreChange } from '../../lib/index.js'
import { prometheus } from '../../lib/prometheus.js'
import type { Prometheus, PrometheusOptions } from '../../lib/prometheus.js'
import { exchangeOf } from '../exchange.js'

const key = { algorithm: 'HS256', secret: 'kX2s8fQz0pWv7LdYb4Ne1RtGh6Jm9Ca3' } as const
const identity = { issuer: 'https://auth.test', audience: 'https://api.test' }
const issuer = tokenIssuer({ ...identity, key })
const bearing = (permissions: string[]) => ({ authorization: `Bearer ${issuer.issue({ sub: 'scraper', permissions }).token}` })

@Controller('/things')
@Public()
class Things {
  @Get('/:id')
  one(): void {
    throw new NotFound()
  }
}

const apiOf = ({ controller, monitor }: Prometheus, options: Partial<ApiOptions> = {}): Api =>
  createApi({
    controllers: [Things, controller],
    https: 'off',
    logger: createLogger({ silent: true }),
    audit: { sinks: [] },
    authentication: bearer({ ...identity, keys: [key] }),
    permissions: definePermissions({ metrics: ['read'], orders: ['read'] }),
    monitors: [monitor],
    ...options,
  })

const get = (api: Api, target: string, headers: Record<string, string> = {}, method = 'GET') =>
  api.answer(exchangeOf({ request: { method, target, headers: { host: 'api.test', ...headers } } }).request)

async function scraped(options: PrometheusOptions = {}, apiOptions: Partial<ApiOptions> = {}, use?: (api: Api) => Promise<unknown>) {
  const api = apiOf(prometheus(options), apiOptions)
  await use?.(api)
  const { status, body, headers } = await get(api, '/metrics', bearing(['metrics:read']))
  expect(status).to.equal(200)
  return { text: body as string, headers }
}

describe('the metrics for Prometheus', () => {
  it('are read with a permission, and without it by nobody', async () => {
    const api = apiOf(prometheus())
    expect((await get(api, '/metrics')).status).to.equal(401)
    expect((await get(api, '/metrics', bearing(['orders:read']))).status).to.equal(403)
    expect((await get(api, '/metrics', bearing(['metrics:read']))).status).to.equal(200)
  })

  it('do not start where the API has no such permission', () => {
    expect(() => apiOf(prometheus({ permission: 'metrics:see' }))).to.throw(BootError, 'metrics:see')
  })

  it('are public where that is said out loud', async () => {
    const api = apiOf(prometheus({ dangerouslyPublic: true, path: '/internal/metrics' }))
    expect((await get(api, '/internal/metrics')).status).to.equal(200)
  })

  it('stand in the text format, beside those of the application', async () => {
    const register = new Registry()
    new Counter({ name: 'orders_total', help: 'Orders.', registers: [register] }).inc(7)
    const { text, headers } = await scraped({ register })
    expect(headers[headers.indexOf('Content-Type') + 1]).to.match(/^text\/plain; version=0\.0\.4/)
    expect(text).to.contain('orders_total 7')
    expect(text).to.contain('portcullis_requests_total')
  })

  it('count by template, known method and code, whatever strangers ask for', async () => {
    const { text } = await scraped({}, {}, async (api) => {
      for (let id = 0; id < 20; id += 1) {
        await get(api, `/things/${id}`)
        await get(api, `/nothing-${id}`, {}, `M${id}`)
      }
    })
    expect(text).to.contain('portcullis_requests_total{method="GET",route="/things/:id",status="404"} 20')
    expect(text).to.contain('portcullis_refusals_total{method="_OTHER",route="",status="404",code="not-found"} 20')
    expect(text).to.contain('http_server_request_duration_seconds_count{method="GET",route="/things/:id",status="404"} 20')
    expect(text).to.contain('portcullis_phase_duration_seconds_count{phase="handler"} 40')
    expect(text).not.to.match(/nothing-|M1/)
  })

  it('tell of stores, token caches and lost records as they are when they are read', async () => {
    const listeners: Array<(change: StoreChange) => void> = []
    const watch = (listener: (change: StoreChange) => void) => void listeners.push(listener)
    const state: StateStore = Object.assign(new MemoryStateStore(), { watch })
    const container = createContainer().register(tokens.state, { useValue: state })
    const token = bearing(['metrics:read'])
    const api = apiOf(prometheus(), {
      container,
      audit: { sinks: [{ name: 'full', write: () => new Promise(() => undefined) }], maxBuffered: 1 },
    })
    const text = async () => (await get(api, '/metrics', token)).body as string
    expect(await text()).to.contain('portcullis_store_up{store="state"} 1')
    listeners[0]?.({ store: 'Redis', state: 'lost' })
    const second = await text()
    expect(second).to.contain('portcullis_store_up{store="state"} 0')
    expect(second).to.contain('portcullis_token_cache_hits_total 1\n')
    expect(second).to.contain('portcullis_token_cache_misses_total 1\n')
    expect(second).to.match(/portcullis_audit_lost_total [1-9]/)
  })
})
