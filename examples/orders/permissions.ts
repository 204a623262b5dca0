import { definePermissions, defineRoles } from '../../lib/index.js'
import type { Principal } from '../../lib/index.js'

/** Everything that can be permitted. A route that requires anything else does not compile, and does not start. */
export const permissions = definePermissions({
  orders: ['read', 'write', 'delete', 'fulfil', 'read-margin'],
  admin: ['read'],
  audit: ['read'],
  portcullis: ['read'],
})

/** `@RequirePermission` that knows these names. */
export const { RequirePermission } = permissions

/** Nobody here fulfils orders: that is for clients with the scope `orders:fulfil`. */
export const roles = defineRoles(permissions, {
  viewer: ['orders:read'],
  customer: { inherits: ['viewer'], grants: ['orders:write', 'orders:delete'] },
  admin: { inherits: ['customer'], grants: ['orders:read-margin', 'admin:read', 'audit:read', 'portcullis:read'] },
})

export type Role = 'viewer' | 'customer' | 'admin'

/** Whether the principal may look at orders of others. It may not change them. */
export function seesEveryOrder(principal: Principal): boolean {
  return principal.roles.includes('admin')
}
