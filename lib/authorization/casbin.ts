import type { Principal } from '../context.js'
import { policy } from './access-policy.js'
import type { AccessPolicy } from './access-policy.js'

/** What of a casbin enforcer is asked. */
export interface CasbinEnforcer {
  enforce(...request: unknown[]): Promise<boolean>
}

/**
 * Policies out of a casbin model: `const may = casbinPolicies(enforcer)`, then `@Authorize(loadOrder, may('update', ({ id }) => id))`.
 * The enforcer is asked about what `requestOf` makes of caller, object and action: by default the caller's id, the object and the action, as
 * in a model's `r = sub, obj, act`.
 */
export function casbinPolicies(
  enforcer: CasbinEnforcer,
  requestOf: (principal: Principal, object: unknown, action: string) => readonly unknown[] = ({ id }, object, action) => [
    id,
    object,
    action,
  ],
): <Resource>(action: string, objectOf: (resource: Resource) => unknown) => AccessPolicy<Resource> {
  return (action, objectOf) =>
    policy(`casbin.${action}`, (principal, resource) => enforcer.enforce(...requestOf(principal, objectOf(resource), action)))
}
