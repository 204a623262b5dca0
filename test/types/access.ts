// Decorators that say who may.
import {
  Authenticated,
  Authorize,
  Public,
  RateLimit,
  RequirePermission,
  RequireRole,
  RequireScope,
  Scope,
  Tenant,
  allOf,
  casbinPolicies,
  caslPolicies,
  definePermissions,
  policy,
  protection,
} from '../../lib/index.js'
import type { Context } from '../../lib/index.js'

interface Order {
  readonly owner: string
}

interface Filter {
  readonly owner: string
}

const permissions = definePermissions({ orders: ['read', 'write'] })
const RequireHeader = protection<string>({ name: 'RequireHeader', phase: 'transport', compile: () => () => undefined })
const isOwner = policy('order.owner', ({ id }, { owner }: Order) => owner === id)
const isNamed = policy('thing.named', (_, { name }: { readonly name: string }) => name !== '')
const load = async (): Promise<Order | undefined> => undefined
const may = caslPolicies({ abilityOf: () => ({ can: () => true }), subject: (_, object) => object })
const enforced = casbinPolicies({ enforce: async () => true })

@Authenticated()
@RequireRole('admin', 'chief', { mode: 'all' })
@RequireScope('orders')
@permissions.RequirePermission('orders:read')
@Tenant({ host: '*.example.com' })
@RequireHeader('x-tenant')
@RateLimit('10 per second', { by: 'principal' })
@Scope(({ id }): Filter => ({ owner: id }))
export class Fitting {
  @Public()
  open() {}

  @Authenticated()
  authenticated() {}

  @RequirePermission('orders:read', 'anything', { mode: 'any' })
  permission() {}

  @permissions.RequirePermission('orders:read', 'orders:write')
  catalogued() {}

  @RequireRole('admin')
  role() {}

  @RequireScope('orders', { mode: 'any' })
  scope() {}

  @Tenant({ param: 'tenant' })
  tenant() {}

  @RequireHeader('x-other')
  header() {}

  @Authorize(
    load,
    allOf(
      isOwner,
      may<Order>('read', 'Order'),
      enforced('read', ({ owner }: Order) => owner),
    ),
    { refusal: 403, mode: 'observe' },
  )
  object({ resource }: Context<{ resource: Order }>) {
    return resource.owner
  }

  @Scope(async ({ id }): Promise<Filter> => ({ owner: id }))
  list({ scope }: Context<{ scope: Filter }>) {
    return scope.owner
  }

  @Scope(() => 'owner')
  unread() {}

  @RateLimit('10 per second; 1000 per day', { cost: 2 })
  limited() {}
}

export class Misfits {
  // @ts-expect-error: it has nothing to say
  @Public('everybody')
  open() {}

  // @ts-expect-error: it has nothing to say
  @Authenticated({ mode: 'any' })
  authenticated() {}

  // @ts-expect-error: a permission is a text
  @RequirePermission(1)
  permission() {}

  // @ts-expect-error: a permission is required
  @RequirePermission()
  nothing() {}

  // @ts-expect-error: no such permission
  @permissions.RequirePermission('orders:delete')
  catalogued() {}

  // @ts-expect-error: there is no such mode
  @RequireRole('admin', { mode: 'most' })
  role() {}

  // @ts-expect-error: options stand last
  @RequireScope({ mode: 'any' }, 'orders')
  scope() {}

  // @ts-expect-error: a tenant is somewhere else
  @Tenant({ cookie: 'tenant' })
  tenant() {}

  // @ts-expect-error: a header's name is a text
  @RequireHeader(1)
  header() {}

  // @ts-expect-error: the policy is about something else
  @Authorize(load, isNamed)
  rule() {}

  // @ts-expect-error: the handler expects another object
  @Authorize(load, isOwner)
  object({ resource }: Context<{ resource: { name: string } }>) {
    return resource.name
  }

  // @ts-expect-error: there is no such refusal
  @Authorize(load, isOwner, { refusal: 401 })
  refusal() {}

  // @ts-expect-error: the handler expects another filter
  @Scope(({ id }) => ({ owner: id }))
  list({ scope }: Context<{ scope: string }>) {
    return scope
  }

  // @ts-expect-error: a policy about orders is none about things
  combined = allOf(isOwner, isNamed)(undefined as never, { owner: 'a' }, undefined as never)

  // @ts-expect-error: there is no such key
  @RateLimit('10 per second', { by: 'cookie' })
  limited() {}

  // @ts-expect-error: a field is no route
  @Public()
  field = 1

  // @ts-expect-error: a getter is no route
  @RequirePermission('a')
  get getter() {
    return 1
  }
}
