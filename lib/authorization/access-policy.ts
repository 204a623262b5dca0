import type { Context, Principal } from '../context.js'

/** Says whether the caller may; anything but `true` refuses. */
export type Rule<Resource> = (principal: Principal, resource: Resource, context: Context) => boolean | Promise<boolean>

/** What was decided, and by which policy: for records, never for clients. */
export interface Decision {
  readonly isAllowed: boolean
  /** `allowed by order.owner`, `refused by all(order.owner, order.open): order.open` */
  readonly reason: string
}

/** A rule with a name: can be tested by itself, combined, and read in records. It stands wherever a rule may. */
export interface AccessPolicy<Resource> extends Rule<Resource> {
  readonly policyName: string
  /** Decides, and says why. */
  decide(principal: Principal, resource: Resource, context: Context): Promise<Decision>
}

/**
 * Names a rule: `policy('order.owner', (principal, order: Order) => order.owner_id === principal.id)`. Throws a `TypeError` for a name
 * that is none. A rule that throws, or answers neither `true` nor `false`, refuses the request with a 500.
 */
export function policy<Resource>(name: string, rule: Rule<Resource>): AccessPolicy<Resource> {
  if (!/^[\w.:-]{1,64}$/.test(name)) throw new TypeError(`${JSON.stringify(name)} is no name of a policy: write such as 'order.owner'`)
  return made(name, async (principal, resource, context) => {
    const verdict: unknown = await rule(principal, resource, context)
    // Under a "not", a rule that forgets to answer would let everybody in.
    if (typeof verdict !== 'boolean') throw new TypeError(`the policy ${name} answered neither true nor false`)
    return verdict ? allowed(name) : refused(name)
  })
}

/** Allows where each of them does; the first that refuses is the reason. None at all refuse. */
export function allOf<Resource>(...policies: ReadonlyArray<AccessPolicy<Resource>>): AccessPolicy<Resource> {
  const name = nameOf('all', policies)
  return made(name, async (principal, resource, context) => {
    for (const one of policies) {
      const { isAllowed } = await one.decide(principal, resource, context)
      if (!isAllowed) return refused(`${name}: ${one.policyName}`)
    }
    return policies.length === 0 ? refused(name) : allowed(name)
  })
}

/** Allows where one of them does, which is then the reason. None at all refuse. */
export function anyOf<Resource>(...policies: ReadonlyArray<AccessPolicy<Resource>>): AccessPolicy<Resource> {
  const name = nameOf('any', policies)
  return made(name, async (principal, resource, context) => {
    for (const one of policies) {
      const { isAllowed } = await one.decide(principal, resource, context)
      if (isAllowed) return allowed(`${name}: ${one.policyName}`)
    }
    return refused(name)
  })
}

/** Allows where the other refuses. */
export function not<Resource>(other: AccessPolicy<Resource>): AccessPolicy<Resource> {
  const name = nameOf('not', [other])
  return made(name, async (principal, resource, context) => {
    const { isAllowed } = await other.decide(principal, resource, context)
    return isAllowed ? refused(name) : allowed(name)
  })
}

/** What a rule says of a request, with a reason where the rule has a name. */
export async function decisionOf(rule: Rule<unknown>, principal: Principal, resource: unknown, context: Context): Promise<Decision> {
  if ('decide' in rule) return (rule as AccessPolicy<unknown>).decide(principal, resource, context)
  // Only `true`: a rule that forgets to answer, or answers with the object, refuses.
  const verdict: unknown = await rule(principal, resource, context)
  return { isAllowed: verdict === true, reason: '' }
}

function made<Resource>(policyName: string, decide: AccessPolicy<Resource>['decide']): AccessPolicy<Resource> {
  const rule: Rule<Resource> = async (principal, resource, context) => (await decide(principal, resource, context)).isAllowed
  return Object.freeze(Object.assign(rule, { policyName, decide }))
}

function nameOf(word: string, policies: ReadonlyArray<{ readonly policyName: string }>): string {
  return `${word}(${policies.map(({ policyName }) => policyName).join(', ')})`
}

function allowed(by: string): Decision {
  return { isAllowed: true, reason: `allowed by ${by}` }
}

function refused(by: string): Decision {
  return { isAllowed: false, reason: `refused by ${by}` }
}
