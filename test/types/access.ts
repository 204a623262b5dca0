// What the decorators that say who may take.
import { Authenticated, Public, RequirePermission, RequireRole, RequireScope, Tenant, definePermissions } from '../../lib/index.js'
import type { PermissionName } from '../../lib/index.js'

const permissions = definePermissions({ orders: ['read', 'write'], admin: ['read'] })
const name: PermissionName<{ orders: ['read'] }> = 'orders:read'
const atRunTime: string = 'orders:read'

@Authenticated()
@RequireRole('admin', 'chief', { mode: 'all' })
@RequireScope('orders')
@permissions.RequirePermission('orders:read')
@Tenant({ host: '*.example.com' })
export class Fitting {
  @Public()
  open() {}

  @Authenticated()
  authenticated() {}

  @Authenticated({ acr: ['gold', 'silver'], amr: 'otp', maxAge: '5 min' })
  recent() {}

  @RequirePermission('orders:read', 'without:catalogue', atRunTime, { mode: 'any' })
  permission() {}

  @permissions.RequirePermission(name, 'admin:read', { mode: 'any' })
  catalogued() {}

  @RequireRole('admin')
  role() {}

  @RequireScope('orders', { mode: 'any' })
  scope() {}

  @Tenant({ param: 'tenant' })
  @Tenant({ header: 'X-Tenant' })
  tenant() {}
}

// @ts-expect-error: it has nothing to say
@Public('everybody')
// @ts-expect-error: it is called
@Authenticated
// @ts-expect-error: names stand one after the other
@RequirePermission(['orders:read'])
// @ts-expect-error: a typo
@permissions.RequirePermission('orders:raed')
// @ts-expect-error: a role is required
@RequireRole()
// @ts-expect-error: there is no such option
@RequireScope('orders', { any: true })
// @ts-expect-error: a tenant is somewhere
@Tenant({})
export class MisfittingClass {}

export class Misfits {
  // @ts-expect-error: it is called
  @Public
  notCalled() {}

  // @ts-expect-error: it has nothing to say
  @Public('everybody')
  open() {}

  // @ts-expect-error: no time of this form
  @Authenticated({ maxAge: 'five minutes' })
  anyAge() {}

  // @ts-expect-error: what is not there asks for nothing
  @Authenticated({ acr: undefined })
  anyLogin() {}

  // @ts-expect-error: that is nothing of a login
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

  // @ts-expect-error: of a text that is known at run time only, nobody knows whether it is one
  @permissions.RequirePermission(atRunTime)
  unknown() {}

  // @ts-expect-error: there is no such mode
  @permissions.RequirePermission('orders:read', { mode: 'some' })
  mode() {}

  // @ts-expect-error: there is no such mode
  @RequireRole('admin', { mode: 'most' })
  role() {}

  // @ts-expect-error: options stand last
  @RequireScope({ mode: 'any' }, 'orders')
  scope() {}

  // @ts-expect-error: a tenant is somewhere else
  @Tenant({ cookie: 'tenant' })
  tenant() {}

  // @ts-expect-error: a place has a name
  @Tenant('tenant')
  place() {}
}
