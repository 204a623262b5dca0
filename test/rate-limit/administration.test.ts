import { expect } from 'chai'
import { Controller, createApi, createContainer, Get, MemoryRateLimitStore, Public, RateLimit, tokens } from '../../lib/index.js'
import type { Api, RateLimitOptions } from '../../lib/index.js'
import { exchangeOf } from '../exchange.js'
import { setClock } from './route.js'

@Controller('/things', { inject: [] })
@RateLimit('20 per hour', { scope: 'things' })
class Things {
  @Get('/')
  @Public()
  @RateLimit('2 per minute', { penalty: '5 min' })
  all() {
    return []
  }

  @Get('/mine')
  @Public()
  @RateLimit('9 per minute sliding; 90 per hour', { by: 'principal', name: 'mine' })
  mine() {
    return []
  }

  @Get('/ours')
  @Public()
  @RateLimit('8 per minute burst 4', { by: 'tenant', name: 'ours' })
  @RateLimit('7 per minute', { by: 'apiKey', name: 'keys' })
  @RateLimit('6 per minute', { by: () => 'the key', name: 'computed' })
  ours() {
    return []
  }
}

describe('the administration of limits', () => {
  function make(rateLimit: RateLimitOptions = {}): { api: Api; get: (path: string, address?: string) => Promise<number> } {
    const clock = setClock()
    const container = createContainer()
    container.register(tokens.clock, { useValue: clock })
    container.register(tokens.rateLimitStore, { useValue: new MemoryRateLimitStore({ clock }) })
    const api = createApi({ controllers: [Things], container, https: 'off', audit: { sinks: [] }, rateLimit })
    return {
      api,
      async get(target, remoteAddress = '203.0.113.7') {
        const host = { headers: { host: 'localhost' }, rawHeaders: ['Host', 'localhost'] }
        return (await api.answer(exchangeOf({ request: { ...host, target, remoteAddress } }).request)).status
      },
    }
  }

  it('says what each limit has counted for an address, charging nothing', async () => {
    const { api, get } = make()
    await get('/things')
    const first = await api.limits.read({ address: '203.0.113.7' }, { route: 'Things.all' })
    expect(first).to.deep.equal(await api.limits.read({ address: '203.0.113.7' }, { route: 'Things.all' }))
    expect(first).to.deep.equal([
      {
        routes: ['Things.all', 'Things.mine', 'Things.ours'],
        name: 'things',
        limit: '20 per hour',
        remaining: 19,
        reset: 3_600_000,
        penalty: 0,
      },
      { routes: ['Things.all'], name: 'route', limit: '2 per minute', remaining: 1, reset: 60_000, penalty: 0 },
    ])
  })

  it('lets in again whoever is reset, out of a penalty too, and nobody else', async () => {
    const { api, get } = make()
    for (const address of ['203.0.113.7', '203.0.113.8']) {
      expect([await get('/things', address), await get('/things', address), await get('/things', address)]).to.deep.equal([200, 200, 429])
    }
    const [, own] = await api.limits.read({ address: '203.0.113.7' }, { route: 'Things.all' })
    expect(own).to.include({ remaining: 0, penalty: 300_000 })
    await api.limits.reset({ address: '203.0.113.7' })
    expect([await get('/things', '203.0.113.7'), await get('/things', '203.0.113.8')]).to.deep.equal([200, 429])
  })

  it('finds an address as limits do: by its network', async () => {
    const { api, get } = make({ addressPrefix: { ipv6: 56 } })
    await get('/things', '2001:db8:0:1::1')
    const [things] = await api.limits.read({ address: '2001:db8:0:2::9' })
    expect(things).to.include({ name: 'things', remaining: 19 })
  })

  it('finds anonymous callers, whom every limit but those by function counts by address', async () => {
    const { api, get } = make()
    await get('/things/ours')
    await get('/things/mine')
    const uses = await api.limits.read({ address: '203.0.113.7' })
    expect(uses.map(({ name, remaining }) => `${name} ${remaining}`)).to.have.members([
      ...['things 18', 'route 2', 'mine-1m 8', 'mine-1h 89', 'ours 3', 'keys 6'],
    ])
    expect(await api.limits.read({ key: 'the key' })).to.deep.equal([
      { routes: ['Things.ours'], name: 'computed', limit: '6 per minute', remaining: 5, reset: 60_000, penalty: 0 },
    ])
  })

  it('asks only the limits that can count a caller, a tenant or an API key', async () => {
    const { api } = make()
    const names = async (subject: Parameters<Api['limits']['read']>[0]) => (await api.limits.read(subject)).map(({ name }) => name)
    expect(await names({ principal: { issuer: 'https://issuer.example', id: 'alice' } })).to.have.members([
      ...['mine-1m', 'mine-1h', 'ours', 'keys'],
    ])
    expect(await names({ tenant: 'acme' })).to.deep.equal(['ours'])
    expect(await names({ apiKey: 'key-1' })).to.deep.equal(['keys'])
  })

  it('does not take a route that is none for one without limits', async () => {
    const { api } = make()
    const asked = await api.limits.read({ address: '203.0.113.7' }, { route: 'Things.gone' }).catch((error: unknown) => error)
    expect(asked).to.be.instanceOf(TypeError).with.property('message', 'Things.gone is no route of this API')
  })
})
