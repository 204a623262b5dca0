import { once } from 'node:events'
import { request as ask } from 'node:http'
import type { IncomingMessage } from 'node:http'
import { Writable } from 'node:stream'
import { expect } from 'chai'
import { transports } from 'winston'
import {
  Authenticated,
  BootError,
  Controller,
  Get,
  NotFound,
  Public,
  Timeout,
  bearer,
  createApi,
  createContainer,
  createLogger,
  recentRecords,
  tokenIssuer,
  tokens,
} from '../lib/index.js'
import type { Api, ApiOptions, Context, Monitor, Reply, StateStore, StoreChange, MonitoredApi } from '../lib/index.js'
import { http, serve } from '../adapters/http.js'
import { openTelemetry } from '../lib/opentelemetry.js'
import { prometheus } from '../lib/prometheus.js'
import { exchangeOf } from './exchange.js'

const key = { algorithm: 'HS256', secret: 'kX2s8fQz0pWv7LdYb4Ne1RtGh6Jm9Ca3' } as const
const identity = { issuer: 'https://auth.test', audience: 'https://api.test' }
const traceId = '0af7651916cd43dd8448eb211c80319c'
const traceparent = `00-${traceId}-b7ad6b7169203331-01`

@Controller('/things')
class Things {
  @Get('/')
  @Public()
  list(context: Context) {
    context.log.info('listing')
    return { trace: context.traceId }
  }

  @Get('/:id')
  @Authenticated()
  one() {
    throw new NotFound()
  }

  @Get('/plain/one')
  @Public()
  plain() {
    return {}
  }

  @Get('/slow/one')
  @Public()
  @Timeout(20)
  slow(): Promise<void> {
    return new Promise((resolve) => {
      setTimeout(resolve, 40)
    })
  }
}

const lines: string[] = []
const logger = createLogger({
  transports: [
    new transports.Stream({
      stream: new Writable({
        write(line: Buffer, _, done) {
          lines.push(String(line))
          done()
        },
      }),
    }),
  ],
})

const records = recentRecords(100)

const apiOf = (options: Partial<ApiOptions> = {}): Api =>
  createApi({
    controllers: [Things],
    https: 'off',
    logger,
    audit: { sinks: [records] },
    authentication: bearer({ ...identity, keys: [key] }),
    ...options,
  })

const get = async (api: Api, target: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Reply> =>
  api.answer(exchangeOf({ request: { method, target, headers: { host: 'api.test', ...headers } } }).request)

const bodyOf = ({ body }: Reply) => JSON.parse(body as string) as Record<string, unknown>

/** Writes down what it is told. */
function witness(): { monitor: Monitor; told: string[] } {
  const told: string[] = []
  return {
    told,
    monitor: {
      requestBegan: ({ request }) => void told.push(`begin ${request.target}`),
      phaseEnded: (_, phase, milliseconds) => void told.push(`${phase}${milliseconds >= 0 ? '' : ' before it began'}`),
      requestSettled: ({ route }, { status, refusal, event, milliseconds }) =>
        void told.push([route.path, status, refusal?.code, event, milliseconds > 0].filter((one) => one !== undefined).join(' ')),
    },
  }
}

describe('a monitor', () => {
  beforeEach(() => void lines.splice(0))

  it('is told of each request, its phases in order, and what became of it', async () => {
    const { monitor, told } = witness()
    await get(apiOf({ monitors: [monitor] }), '/things')
    expect(told).to.deep.equal(['begin /things', 'transport', 'input', 'handler', '/things 200 true'])
  })

  it('is told of the phase that refused, and of none behind it', async () => {
    const { monitor, told } = witness()
    await get(apiOf({ monitors: [monitor], rateLimit: { default: '5 per minute' } }), '/things/1', { authorization: 'Bearer no' })
    expect(told).to.deep.equal([
      'begin /things/1',
      'transport',
      'network',
      'identity',
      '/things/:id 401 invalid-token authn_login_fail true',
    ])
  })

  it('is told of requests that no route takes, without their path', async () => {
    const { monitor, told } = witness()
    await get(apiOf({ monitors: [monitor] }), '/admin.php')
    expect(told.at(-1)).to.equal(' 404 not-found true')
  })

  it('is told once of a request whose time is up', async () => {
    const { monitor, told } = witness()
    await get(apiOf({ monitors: [monitor] }), '/things/slow/one')
    await new Promise((resolve) => setTimeout(resolve, 60))
    expect(told).to.deep.equal(['begin /things/slow/one', 'transport', 'input', 'handler', '/things/slow/one 503 timeout true'])
  })

  it('adds no step to any route where it listens to no phases, and none without monitors', async () => {
    let steps = 0
    const counting: Monitor = { phaseEnded: () => void (steps += 1) }
    await get(apiOf({ monitors: [{ ...counting, isListening: () => false }] }), '/things')
    expect(steps).to.equal(0)
    const { monitor, told } = witness()
    delete monitor.phaseEnded
    await get(apiOf({ monitors: [monitor] }), '/things')
    expect(told).to.deep.equal(['begin /things', '/things 200 true'])
  })

  it('runs requests in what it wraps around them, first monitors outermost', async () => {
    const order: string[] = []
    const wrapping = (name: string): Monitor => ({
      around(_, work) {
        order.push(`${name} in`)
        const result = work()
        order.push(`${name} out`)
        return result
      },
    })
    expect((await get(apiOf({ monitors: [wrapping('a'), wrapping('b')] }), '/things')).status).to.equal(200)
    expect(order).to.deep.equal(['a in', 'b in', 'b out', 'a out'])
  })

  it('that fails in each of its methods changes no answer, and is logged once', async () => {
    const fail = () => {
      throw new Error('the monitor is broken')
    }
    const broken: Monitor = {
      ...{ opened: fail, requestBegan: fail, around: fail, phaseEnded: fail, requestSettled: fail, storeChanged: fail, detected: fail },
    }
    const { monitor, told } = witness()
    const api = apiOf({ monitors: [broken, monitor, { isListening: fail }] })
    expect((await get(api, '/things')).status).to.equal(200)
    expect((await get(api, '/things')).status).to.equal(200)
    expect(told.filter((one) => one.startsWith('/things'))).to.have.length(2)
    expect(lines.filter((line) => line.includes('a monitor failed'))).to.have.length(2)
  })

  it('that rejects ends no process', async () => {
    const rejecting = { requestSettled: () => Promise.reject(new Error('later')) } as unknown as Monitor
    expect((await get(apiOf({ monitors: [rejecting] }), '/things')).status).to.equal(200)
    await new Promise((resolve) => setImmediate(resolve))
    expect(lines.filter((line) => line.includes('a monitor failed'))).to.have.length(1)
  })

  for (const [what, around] of [
    ['runs the work twice', (_: unknown, work: () => unknown) => [work(), work()][0]],
    ['does not run the work', () => undefined],
    ['throws behind the work', (_: unknown, work: () => unknown) => (work(), JSON.parse('{')) as unknown],
  ] as const) {
    it(`that ${what} has the request run once`, async () => {
      const { monitor, told } = witness()
      const odd = { around } as Monitor
      expect((await get(apiOf({ monitors: [odd, monitor] }), '/things')).status).to.equal(200)
      expect(told.filter((one) => one === '/things 200 true')).to.have.length(1)
    })
  }

  it('is told when a store is lost and back, and can ask whether it answers', () => {
    const listeners: Array<(change: StoreChange) => void> = []
    const state = { watch: (listener) => void listeners.push(listener) } as StateStore
    const container = createContainer().register(tokens.state, { useValue: state })
    const changes: string[] = []
    let api: MonitoredApi | undefined
    const monitor: Monitor = {
      opened: (opened) => void (api = opened),
      storeChanged: ({ store, role, state }) => void changes.push(`${store} ${role} ${state}`),
    }
    apiOf({ container, monitors: [monitor] })
    expect([...(api?.stores() ?? [])]).to.deep.equal([['state', true]])
    listeners[0]?.({ store: 'Redis', state: 'lost' })
    expect([...(api?.stores() ?? [])]).to.deep.equal([['state', false]])
    listeners[0]?.({ store: 'Redis', state: 'back' })
    expect([...(api?.stores() ?? [])]).to.deep.equal([['state', true]])
    expect(changes).to.deep.equal(['Redis state lost', 'Redis state back'])
  })

  for (const [what, authentication] of [
    ['one issuer', bearer({ ...identity, keys: [key] })],
    [
      'several issuers',
      bearer({
        issuers: [
          { ...identity, keys: [key] },
          { ...identity, issuer: 'https://other.test', keys: [key] },
        ],
      }),
    ],
  ] as const) {
    it(`can ask how often tokens of ${what} were known`, async () => {
      let api: MonitoredApi | undefined
      const own = apiOf({ authentication, monitors: [{ opened: (opened) => void (api = opened) }] })
      const { token } = tokenIssuer({ ...identity, key }).issue({ sub: 'alice' })
      for (let count = 0; count < 3; count += 1) await get(own, '/things/1', { authorization: `Bearer ${token}` })
      await get(own, '/things/1', { authorization: `Bearer ${token}x` })
      expect(api?.tokenCache()).to.deep.equal({ hits: 2, misses: 1 })
    })
  }

  it('does not start where it could never be told of anything', () => {
    const odd = [prometheus(), openTelemetry, {}, null] as unknown as Monitor[]
    for (const monitor of odd) expect(() => apiOf({ monitors: [{ opened: () => undefined }, monitor] })).to.throw(BootError, 'monitors[1]')
  })

  it('can ask how many records were lost', () => {
    let api: MonitoredApi | undefined
    const sinks = [{ name: 'full', write: () => new Promise<void>(() => undefined) }]
    apiOf({ audit: { sinks, maxBuffered: 1 }, monitors: [{ opened: (opened) => void (api = opened) }] })
    expect(api?.lostRecords()).to.equal(1)
  })
})

describe('the trace of a request', () => {
  beforeEach(() => void lines.splice(0))

  const newest = () => records.newest(1)[0] ?? { kind: 'event', timestamp: '' }

  it('is the one that the caller names, for the handler, the record and the lines of the log', async () => {
    const reply = await get(apiOf(), '/things', { traceparent })
    expect(bodyOf(reply)).to.deep.equal({ trace: traceId })
    expect(newest()).to.include({ trace_id: traceId, span_id: 'b7ad6b7169203331' })
    expect(JSON.parse(lines.at(-1) ?? '')).to.include({ message: 'listing', trace_id: traceId, span_id: 'b7ad6b7169203331' })
  })

  for (const [why, header] of [
    ['is none', `00-${traceId}-b7ad6b7169203331`],
    ['was sent twice', `${traceparent}, ${traceparent}`],
  ] as const) {
    it(`begins here where what the caller sent ${why}`, async () => {
      await get(apiOf(), '/things/plain/one', { traceparent: header })
      expect(newest()).not.to.have.property('span_id')
      expect(newest()['trace_id'])
        .to.match(/^[\da-f]{32}$/)
        .and.not.to.equal(traceId)
      expect(JSON.stringify(newest())).not.to.contain(traceId)
    })
  }

  it('begins here where two come over the wire', async () => {
    const server = await serve(http(apiOf()), { port: 0 })
    try {
      const request = ask(`${server.url}/things/plain/one`, { headers: { traceparent: [traceparent, traceparent] } }).end()
      const [response] = (await once(request, 'response')) as [IncomingMessage]
      await once(response.resume(), 'end')
      expect(newest()).to.include({ path: '/things/plain/one' })
      expect(newest()['trace_id'])
        .to.match(/^[\da-f]{32}$/)
        .and.not.to.equal(traceId)
    } finally {
      await server.close()
    }
  })

  it('begins here, and is the same everywhere, where the handler asks for one', async () => {
    const { trace } = bodyOf(await get(apiOf(), '/things'))
    expect(trace).to.match(/^[\da-f]{32}$/)
    expect(newest()['trace_id']).to.equal(trace)
    expect(JSON.parse(lines.at(-1) ?? ''))
      .to.include({ trace_id: trace })
      .and.not.to.have.property('span_id')
  })

  it('is nothing where nobody has spoken of one', async () => {
    await get(apiOf(), '/things/plain/one')
    expect(newest()).not.to.have.any.keys('trace_id', 'span_id')
  })

  it('is never the caller’s where callers are not believed', async () => {
    const { trace } = bodyOf(await get(apiOf({ trustTraceparent: false }), '/things', { traceparent }))
    expect(trace).not.to.equal(traceId)
    expect(newest()['trace_id']).to.equal(trace)
  })
})
