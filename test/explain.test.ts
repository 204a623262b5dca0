import { IsInt } from 'class-validator'
import { expect } from 'chai'
import {
  Authenticated,
  Authorize,
  Controller,
  Delete,
  Get,
  Public,
  RateLimit,
  RequirePermission,
  RequireScope,
  Tenant,
  Validate,
  bearer,
  createApi,
  createLogger,
  definePermissions,
  defineRoles,
  recentRecords,
} from '../lib/index.js'
import type { ExplainRequest } from '../lib/index.js'
import { testApi } from '../lib/testing.js'

class OrderId {
  @IsInt()
  id!: number
}

const permissions = definePermissions({ orders: ['read', 'write', 'delete'], ghosts: ['see'] })

@RateLimit('100 per minute')
class Base {}

@Controller('/orders')
@Authenticated()
class Orders extends Base {
  @Get('/')
  @RequirePermission('orders:read')
  list() {
    return []
  }

  @Delete('/:id')
  @RequirePermission('orders:read', 'orders:delete')
  @RequireScope('orders')
  @RateLimit('10 per second', { by: 'principal' })
  @Validate({ params: OrderId })
  @Authorize(() => ({}), () => true)
  remove() {}

  @Get('/health')
  @Public()
  health() {
    return 'ok'
  }

  @Get('/of/:tenant')
  @Tenant({ param: 'tenant' })
  ofTenant() {
    return []
  }

  @Get('/by-header')
  @Tenant({ header: 'x-tenant' })
  byHeader() {
    return []
  }
}

const records = recentRecords(10)
const api = createApi({
  controllers: [Orders],
  permissions,
  roles: defineRoles(permissions, { clerk: ['orders:read'], chief: ['orders:*'] }),
  authentication: bearer({
    issuer: 'https://auth.test',
    audience: 'https://api.test',
    keys: [{ algorithm: 'HS256', secret: 'ruq8Vb2LwZ0nXk5TcY7sJm4GdHf9Pe1A' }],
  }),
  https: 'off',
  audit: { sinks: [records] },
  logger: createLogger({ silent: true }),
})

/** The last decision, and how it ended. */
async function verdict(request: ExplainRequest) {
  const { route, outcome, status, decisions } = await api.explain(request)
  return { route, outcome, status, last: decisions.at(-1) }
}

describe('api.explain', () => {
  it('says who refuses, why, and which declaration says so', async () => {
    const asked = { method: 'DELETE', path: '/orders/42' }
    expect(await verdict({ ...asked, as: { roles: ['clerk'] } })).to.deep.equal({
      route: 'Orders.remove',
      outcome: 'refused',
      status: 403,
      last: {
        phase: 'access',
        protection: 'access',
        decision: 'refuses',
        because: 'missing-permission orders:read orders:delete',
        declared: ['@Authenticated on Orders', '@RequirePermission on Orders.remove', '@RequireScope on Orders.remove'],
      },
    })
    expect((await verdict({ ...asked, as: { permissions: ['orders:read', 'orders:delete'] } })).last?.because).to.equal(
      'missing-scope orders',
    )
    expect(await verdict(asked)).to.deep.include({ outcome: 'refused', status: 401 })
  })

  it('says what a login lacks, and what is asked of it', async () => {
    @Controller('/vault')
    class Vault {
      @Get('/')
      @Authenticated({ acr: 'gold', maxAge: '5 min' })
      open() {}
    }
    const vault = testApi({ controllers: [Vault] })
    const decided = async (claims: object, seconds: number) => {
      const { decisions } = await vault.api.explain({
        ...{ method: 'GET', path: '/vault' },
        as: { claims: { ...claims, auth_time: Math.floor(vault.clock.now() / 1000) - seconds } },
      })
      return decisions.find(({ protection }) => protection === 'access')
    }
    expect(await decided({ acr: 'gold' }, 290)).to.include({
      decision: 'allows',
      because: 'access: authenticated; login: {"acr":["gold"],"maxAge":300000}',
    })
    expect((await decided({}, 0))?.because).to.equal('missing-acr gold')
    expect(await decided({ acr: 'gold' }, 302)).to.deep.include({ because: 'stale-login', declared: ['@Authenticated on Vault.open'] })
  })

  it('names what depends on more than caller and path, in the order in which it is decided', async () => {
    const { outcome, decisions } = await api.explain({
      method: 'DELETE',
      path: '/orders/42',
      as: { roles: ['chief'], scopes: ['orders', 'orders:read', 'orders:delete'] },
    })
    expect(outcome).to.equal('depends')
    expect(decisions.map(({ phase, protection, decision }) => `${phase} ${protection} ${decision}`)).to.deep.equal([
      'transport well-formed depends',
      'network RateLimit depends',
      'identity authentication allows',
      'caller RateLimit depends',
      'access access allows',
      'input validation depends',
      'input body depends',
      'object object-access depends',
    ])
    const because = (protection: string) => decisions.find((one) => one.protection === protection)
    expect(because('RateLimit')?.because).to.include('10 per second')
    expect(because('RateLimit')?.declared).to.have.members(['@RateLimit on Base', '@RateLimit on Orders.remove'])
    expect(because('validation')?.declared).to.deep.equal(['@Validate on Orders.remove'])
    expect(because('object-access')?.declared).to.deep.equal(['@Authorize on Orders.remove'])
  })

  it('knows of tenants, as far as path and headers tell', async () => {
    const as = { claims: { tenant: 'acme' } }
    expect((await verdict({ method: 'GET', path: '/orders/of/acme', as })).outcome).to.equal('depends')
    expect(await verdict({ method: 'GET', path: '/orders/of/other', as })).to.deep.include({ outcome: 'refused', status: 404 })
    expect((await verdict({ method: 'GET', path: '/orders/by-header', as })).outcome).to.equal('refused')
    const headers = { 'x-tenant': 'acme' }
    expect((await verdict({ method: 'GET', path: '/orders/by-header', as, headers })).outcome).to.equal('depends')
  })

  it('says that a route is public, by which declaration', async () => {
    const { decisions } = await api.explain({ method: 'GET', path: '/orders/health' })
    const access = decisions.find(({ protection }) => protection === 'access')
    expect(access).to.deep.include({ decision: 'allows', because: 'access: public' })
    expect(access?.declared).to.include('@Public on Orders.health')
  })

  it('says what would take no request', async () => {
    expect(await verdict({ method: 'GET', path: '/nothing' })).to.deep.include({ route: undefined, outcome: 'refused', status: 404 })
    expect((await verdict({ method: 'PUT', path: '/orders' })).status).to.equal(405)
    expect((await verdict({ method: 'GET', path: '/orders/%2e%2e/x' })).status).to.equal(400)
  })

  it('leaves no trace: no record, no charge', async () => {
    const before = records.newest(10).length
    for (let time = 0; time < 200; time++) await api.explain({ method: 'GET', path: '/orders', as: { roles: ['clerk'] } })
    expect(records.newest(10)).to.have.length(before)
    expect((await verdict({ method: 'GET', path: '/orders', as: { roles: ['clerk'] } })).outcome).to.equal('depends')
  })
})

describe('api.permissions', () => {
  it('says which routes ask for each permission, which ask for none, and what nothing asks for', () => {
    expect(api.permissions()).to.deep.equal({
      routes: {
        'orders:read': ['Orders.list', 'Orders.remove'],
        'orders:write': [],
        'orders:delete': ['Orders.remove'],
        'ghosts:see': [],
      },
      unused: ['orders:write', 'ghosts:see'],
      alone: [],
      without: ['Orders.health', 'Orders.ofTenant', 'Orders.byHeader'],
    })
  })
})
