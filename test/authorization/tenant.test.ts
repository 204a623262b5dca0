import { expect } from 'chai'
import {
  Authenticated,
  BootError,
  Controller,
  Get,
  Public,
  Tenant,
  bearer,
  createApi,
  createLogger,
  recentRecords,
  tokenIssuer,
} from '../../lib/index.js'
import type { ApiOptions } from '../../lib/index.js'
import type { Class } from '../../lib/decorator.js'
import { exchangeOf } from '../exchange.js'

const key = { algorithm: 'HS256', secret: 'ruq8Vb2LwZ0nXk5TcY7sJm4GdHf9Pe1A' } as const
const names = { issuer: 'https://auth.test', audience: 'https://api.test' }
const records = recentRecords(10)

@Controller('/')
@Authenticated()
class Orders {
  @Get('/tenants/:tenant/orders')
  @Tenant({ param: 'tenant' })
  byParam() {
    return []
  }

  @Get('/header')
  @Tenant({ header: 'X-Tenant' })
  byHeader() {
    return []
  }

  @Get('/host')
  @Tenant({ host: '*.Orders.example' })
  byHost() {
    return []
  }

  @Get('/both/:tenant')
  @Tenant({ param: 'tenant' })
  @Tenant({ header: 'x-tenant' })
  byBoth() {
    return []
  }
}

function start(controller: Class = Orders, options: Partial<ApiOptions> = {}) {
  return createApi({
    ...{ controllers: [controller], https: 'off', audit: { sinks: [records] }, logger: createLogger({ silent: true }) },
    authentication: bearer({ ...names, keys: [key] }),
    ...options,
  })
}

/** How a request of a caller of the tenant `acme` ends. */
async function status(target: string, more: Readonly<Record<string, string>> = {}, claims: object = { tenant: 'acme' }, api = start()) {
  const { token } = tokenIssuer({ ...names, key }).issue({ sub: 'alice', ...claims })
  const headers = { host: 'a', authorization: `Bearer ${token}`, ...more }
  const { request } = exchangeOf({ request: { target, headers, rawHeaders: Object.entries(headers).flat() } })
  return (await api.answer(request)).status
}

describe('@Tenant', () => {
  it('lets callers in where they belong, and shows nothing of others', async () => {
    expect(await status('/tenants/acme/orders')).to.equal(200)
    for (const other of ['other', 'ACME', 'acme%20', '__proto__', 'constructor', 'ac']) {
      expect(await status(`/tenants/${other}/orders`), other).to.be.oneOf([404, 400])
    }
    expect(JSON.stringify(records.newest(1)))
      .to.include('other-tenant')
      .and.to.include('authz_fail')
  })

  it('reads the tenant from a header, once', async () => {
    expect(await status('/header', { 'x-tenant': 'acme' })).to.equal(200)
    for (const value of ['other', '', 'acme, other', 'acme,acme'])
      expect(await status('/header', { 'x-tenant': value }), value).to.equal(404)
    expect(await status('/header')).to.equal(404)
  })

  it('reads the tenant from the host, one label of it', async () => {
    for (const host of ['acme.orders.example', 'ACME.orders.example:8443']) expect(await status('/host', { host }), host).to.equal(200)
    for (const host of ['other.orders.example', 'acme.evil.example', 'acme.other.orders.example', 'orders.example', 'acmeorders.example']) {
      expect(await status('/host', { host }), host).to.equal(404)
    }
  })

  it('wants all places to name the same', async () => {
    expect(await status('/both/acme', { 'x-tenant': 'acme' })).to.equal(200)
    expect(await status('/both/acme', { 'x-tenant': 'other' })).to.equal(404)
    expect(await status('/both/other', { 'x-tenant': 'acme' })).to.equal(404)
  })

  it('lets nobody in who belongs nowhere', async () => {
    for (const claims of [{}, { tenant: '' }, { tenant: ['acme'] }, { tenant: null }]) {
      expect(await status('/tenants/acme/orders', {}, claims), JSON.stringify(claims)).to.equal(404)
    }
    const api = start(Orders, { tenantOf: ({ claims }) => claims['org'] as string | undefined })
    expect(await status('/tenants/acme/orders', {}, { org: 'acme' }, api)).to.equal(200)
    expect(await status('/tenants/acme/orders', {}, { tenant: 'acme' }, api)).to.equal(404)
  })

  it('stands in the inventory', () => {
    const said = new Map(
      start()
        .inventory()
        .map(({ path, protections }) => [path, protections.tenant]),
    )
    expect(said.get('/both/:tenant')).to.equal('param tenant and header x-tenant')
  })

  it('does not start where it would bind nothing', () => {
    @Controller('/')
    @Authenticated()
    class Wrong {
      @Get('/a')
      @Tenant({ param: 'tenant' })
      noParam() {}

      @Get('/b')
      @Tenant({ header: 'X Tenant' })
      noHeader() {}

      @Get('/c')
      @Tenant({ host: 'orders.example' })
      noHost() {}

      @Get('/e')
      @Tenant({ param: undefined } as never)
      nothing() {}

      @Get('/d')
      @Public()
      @Tenant({ header: 'X-Tenant' })
      open() {}
    }
    expect(() => start(Wrong)).to.throw(
      BootError,
      /noParam: .*"tenant"[^]*noHeader: .*"X Tenant"[^]*noHost: .*no place[^]*nothing: .*names no place[^]*open: .*@Public/,
    )
  })
})
