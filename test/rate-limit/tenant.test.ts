import { expect } from 'chai'
import { Authenticated, Concurrency, Controller, Get, RateLimit, bearer, createApi, createLogger, tokenIssuer } from '../../lib/index.js'
import type { ApiOptions } from '../../lib/index.js'
import { exchangeOf } from '../exchange.js'

const key = { algorithm: 'HS256', secret: 'ruq8Vb2LwZ0nXk5TcY7sJm4GdHf9Pe1A' } as const
const names = { issuer: 'https://auth.test', audience: 'https://api.test' }

@Controller('/')
@Authenticated()
class Orders {
  @Get('/limited')
  @RateLimit('2 per hour', { by: 'tenant' })
  limited() {
    return 'ok'
  }

  @Get('/slow')
  @Concurrency(1, { by: 'tenant' })
  async slow() {
    await new Promise((resolve) => setTimeout(resolve, 20))
    return 'ok'
  }
}

function start(options: Partial<ApiOptions> = {}) {
  return createApi({
    ...{ controllers: [Orders], https: 'off', audit: { sinks: [] }, logger: createLogger({ silent: true }) },
    ...{ authentication: bearer({ ...names, keys: [key] }), ...options },
  })
}

/** Calls as somebody, and gives the status. */
function caller(api: ReturnType<typeof start>) {
  return async (sub: string, claims: object, target = '/limited') => {
    const headers = { host: 'a', authorization: `Bearer ${tokenIssuer({ ...names, key }).issue({ sub, ...claims }).token}` }
    const { request } = exchangeOf({ request: { target, headers, rawHeaders: Object.entries(headers).flat() } })
    return (await api.answer(request)).status
  }
}

describe('a limit by tenant', () => {
  it('counts all callers of one tenant together, and nobody with others', async () => {
    const call = caller(start())
    expect(await call('alice', { tenant: 'acme' })).to.equal(200)
    expect(await call('bob', { tenant: 'acme' })).to.equal(200)
    expect(await call('carol', { tenant: 'acme' })).to.equal(429)
    expect(await call('alice', { tenant: 'other' })).to.equal(200)
  })

  it('counts callers of no tenant each for themselves, and never not at all', async () => {
    const call = caller(start())
    for (const claims of [{}, { tenant: '' }, { tenant: ['acme'] }, { tenant: 7 }]) {
      const sub = JSON.stringify(claims)
      expect([await call(sub, claims), await call(sub, claims), await call(sub, claims)], sub).to.deep.equal([200, 200, 429])
    }
    expect(await call('another', {})).to.equal(200)
    // A tenant that is called as another caller's key is not that caller.
    expect(await call('mallory', { tenant: `${names.issuer} {}` })).to.equal(200)
  })

  it('asks tenantOf, as @Tenant does', async () => {
    const call = caller(start({ tenantOf: ({ claims }) => claims['org'] as string | undefined }))
    expect([await call('a', { org: 'x' }), await call('b', { org: 'x' }), await call('c', { org: 'x' })]).to.deep.equal([200, 200, 429])
    expect(await call('c', { tenant: 'x' })).to.equal(200)
  })

  it('holds for calls at work too', async () => {
    const call = caller(start())
    const statuses = await Promise.all([
      call('alice', { tenant: 'acme' }, '/slow'),
      call('bob', { tenant: 'acme' }, '/slow'),
      call('bob', { tenant: 'other' }, '/slow'),
    ])
    expect(statuses).to.deep.equal([200, 429, 200])
  })
})
