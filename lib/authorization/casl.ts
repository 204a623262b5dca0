import type { Context, Principal } from '../context.js'
import { policy } from './access-policy.js'
import type { AccessPolicy } from './access-policy.js'

/** What of a CASL ability is asked. */
export interface CaslAbility {
  can(action: string, subject: never, field?: string): boolean
}

/** How abilities are found, and how CASL is told what a plain object is. */
export interface CaslOptions {
  /** The abilities of a caller, such as `defineAbility` builds them. */
  readonly abilityOf: (principal: Principal, context: Context) => CaslAbility | Promise<CaslAbility>
  /** `subject` of `@casl/ability`: names the type of a plain object. */
  readonly subject: (type: string, object: never) => unknown
}

/**
 * Policies out of CASL abilities: `const may = caslPolicies({ abilityOf, subject })`, then `@Authorize(loadOrder, may('update', 'Order'))`
 * and, since they are policies, also with `allOf`, `anyOf` and `@AuthorizeEach`. CASL is asked about a copy: it marks what it is asked about.
 */
export function caslPolicies({
  abilityOf,
  subject,
}: CaslOptions): <Resource extends object>(action: string, type: string) => AccessPolicy<Resource> {
  return (action, type) =>
    policy(`casl.${action}.${type}`, async (principal, resource, context) => {
      const ability = await abilityOf(principal, context)
      return ability.can(action, subject(type, { ...resource } as never) as never)
    })
}
