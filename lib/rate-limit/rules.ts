import type { Principal } from '../context.js'
import type { Exchange } from '../exchange.js'
import type { Declared } from '../policy.js'
import type { RouteSetup } from '../protection.js'
import { addressGroup } from './address-group.js'
import type { AddressGroup } from './address-group.js'
import { boundedKey } from './bounded-key.js'
import { draftOf, rateLimitKind, readLimits } from './declaration.js'
import type { Counted, Draft, RateLimitDeclaration, Report } from './declaration.js'
import { headerStyles } from './fields.js'
import type { HeaderStyle } from './fields.js'
import { formatLimit, shortWindow } from './limit.js'
import type { Limit } from './limit.js'
import type { Charge } from './store.js'

/** When a rule is charged: before authentication, after it, or after validation. */
export type LimitPhase = 'network' | 'caller' | 'object'

/** One limit of one route, ready to be charged. */
export interface Rule {
  readonly phase: LimitPhase
  /** Tells it from the other rules of the route. */
  readonly name: string
  readonly limits: readonly Limit[]
  readonly failureCost: number
  readonly charge: (exchange: Exchange) => Charge
}

/** Who can be told from whom. */
export interface Subjects {
  readonly groupOf: AddressGroup
  /** The tenant that a caller belongs to; undefined where to none. */
  readonly tenantOf: (principal: Principal) => string | undefined
}

interface Options {
  readonly tenantOf?: Subjects['tenantOf']
  readonly default?: string | readonly Limit[]
  readonly addressPrefix?: number
  readonly headers?: HeaderStyle | readonly HeaderStyle[] | boolean
}

interface Scope {
  readonly signature: string
  readonly route: string
}

/** Makes the function that reads the rules of a route, and reports what cannot be right. */
export function rulesOfRoutes(options: Options): (route: RouteSetup) => readonly Rule[] {
  const prefix = options.addressPrefix ?? 64
  const subjects = { groupOf: addressGroup(prefix), tenantOf: options.tenantOf ?? (() => undefined) }
  const scopes = new Map<string, Scope>()
  const reported = new WeakSet<object>()

  /** A class speaks for many of its routes: its mistakes are told once. */
  function reporter(route: RouteSetup, subject: object, where: string): Report {
    if (reported.has(subject) || route.name === '') return () => undefined
    reported.add(subject)
    return (problem, mend) => route.mistake(`${where}: ${problem}`, mend)
  }

  function defaultDraft(route: RouteSetup): Draft | undefined {
    const report = reporter(route, options, 'createApi({ rateLimit })')
    if (!Number.isInteger(prefix) || prefix < 1 || prefix > 128)
      report(`addressPrefix is ${String(prefix)}`, 'write a whole number from 1 to 128')
    for (const style of [options.headers ?? true].flat()) {
      if (typeof style === 'boolean' || headerStyles.includes(style)) continue
      report(`headers names the style ${JSON.stringify(style)}`, `write ${headerStyles.map((one) => `'${one}'`).join(', ')} or false`)
    }
    if (options.default === undefined) return undefined
    const limits = readLimits(options.default, (problem, mend) => report(`default: ${problem}`, mend))
    return limits && { limits, by: 'address', cost: 1, failureCost: 0, scope: undefined, name: 'default' }
  }

  function checkScope(route: RouteSetup, { scope, ...draft }: Draft, taken: Set<string>): void {
    if (scope === undefined) return
    if (taken.has(scope)) {
      route.mistake(
        `each call counts twice in the rate limit scope "${scope}"`,
        'declare the scope once, or write overrides: true on the method',
      )
    }
    taken.add(scope)
    const signature = `${draft.limits.map(formatLimit).join('; ')} by ${kindOf(draft)}`
    const first = scopes.get(scope)
    if (first === undefined) scopes.set(scope, { signature, route: route.name })
    else if (first.signature !== signature) {
      const problem = `the rate limit scope "${scope}" is ${signature} here and ${first.signature} on ${first.route}`
      route.mistake(problem, 'write the same limit and the same "by" on all routes of a scope, or name another scope')
    }
  }

  return function rulesOf(route) {
    const { declared, keepsDefault } = effective(route.policy.all(rateLimitKind))
    const general = defaultDraft(route)
    const drafts = keepsDefault && general !== undefined ? [general] : []
    const scopesHere = new Set<string>()
    for (const { value, place } of declared) {
      const draft = draftOf(value, reporter(route, value, `@RateLimit on ${place}`))
      if (draft === undefined) continue
      checkScope(route, draft, scopesHere)
      drafts.push(draft)
    }
    if (drafts.length > 0) route.describe('limits', drafts.map(summary))
    const names = new Set<string>()
    return drafts.map((draft) => toRule(route, { ...draft, name: unusedName(draft.name, names) }, subjects))
  }
}

/** What still holds where a declaration overrides the wider ones. */
function effective(declared: ReadonlyArray<Declared<RateLimitDeclaration>>) {
  const last = declared.findLast(({ value }) => value.options.overrides === true)
  if (last === undefined) return { declared, keepsDefault: true }
  const first = declared.findIndex(({ place, level }) => place === last.place && level === last.level)
  return { declared: declared.slice(first), keepsDefault: false }
}

function unusedName(name: string, used: Set<string>): string {
  let unused = name
  for (let number = 2; used.has(unused); number += 1) unused = `${name}-${number}`
  used.add(unused)
  return unused
}

function toRule(route: RouteSetup, draft: Draft, subjects: Subjects): Rule {
  const { name, limits, failureCost, cost } = draft
  const rule = counterName(route, draft)
  const keyOf = subjectOf(route, draft.by, subjects, 'RateLimit')
  const costOf = typeof cost === 'function' ? checkedCost(route, cost) : undefined
  return {
    phase: phaseOf(draft),
    name,
    limits,
    failureCost,
    charge:
      costOf === undefined
        ? (exchange) => ({ rule, key: boundedKey(keyOf(exchange)), windows: limits, cost: cost as number })
        : (exchange) => ({ rule, key: boundedKey(keyOf(exchange)), windows: limits, cost: costOf(exchange) }),
  }
}

function phaseOf({ by, cost }: Draft): LimitPhase {
  if (typeof by === 'function' || typeof cost === 'function') return 'object'
  return by === 'address' ? 'network' : 'caller'
}

function kindOf({ by }: Pick<Draft, 'by'>): string {
  return typeof by === 'function' ? 'function' : by
}

/**
 * Says what is counted, for stores that outlive this process too: no two limits of an API have the same, and a limit whose
 * windows were changed has another.
 */
function counterName(route: RouteSetup, { limits, scope, name, ...draft }: Draft): string {
  const owner = scope === undefined ? ['route', `${route.method} ${route.path}`, name] : ['scope', scope]
  const parts = [...owner, kindOf(draft), limits.map(({ window }) => shortWindow(window)).join(',')]
  return parts.map((part) => part.replaceAll('%', '%25').replaceAll('|', '%7C')).join('|')
}

/** Whose call it is; `decorator` is named where a function of the user's gives no text. */
export function subjectOf(route: RouteSetup, by: Counted, subjects: Subjects, decorator: string): (exchange: Exchange) => string {
  const { groupOf, tenantOf } = subjects
  // An address has no space in it: no caller counts as one.
  const callerOf = ({ principal, client }: Exchange) =>
    principal.kind === 'anonymous' ? groupOf(client.address) : `${principal.issuer ?? ''} ${principal.id}`
  if (by === 'principal') return callerOf
  if (by === 'tenant') {
    return function tenantOrCaller(exchange) {
      const tenant = tenantOf(exchange.principal)
      return typeof tenant === 'string' && tenant !== '' ? `=${tenant}` : callerOf(exchange)
    }
  }
  if (typeof by !== 'function') return ({ client }) => groupOf(client.address)
  return function keyOf(exchange) {
    const key: unknown = by(exchange)
    if (typeof key !== 'string') throw new TypeError(`the "by" of @${decorator} on ${route.name} returned no text: ${typeof key}`)
    return key
  }
}

function checkedCost(route: RouteSetup, cost: (exchange: Exchange) => number): (exchange: Exchange) => number {
  return function costOf(exchange) {
    const units: unknown = cost(exchange)
    if (Number.isSafeInteger(units) && (units as number) >= 0) return units as number
    throw new TypeError(`the "cost" of @RateLimit on ${route.name} returned no whole number from 0: ${String(units)}`)
  }
}

/** `10 per second by address, cost 2, scope "search"` */
function summary({ limits, by, cost, failureCost, scope }: Draft): string {
  const counted = typeof by === 'function' && by.name !== '' && by.name !== 'by' ? by.name : typeof by === 'function' ? 'a function' : by
  return [
    `${limits.map(formatLimit).join('; ')} by ${counted}`,
    ...(cost === 1 ? [] : [`cost ${typeof cost === 'function' ? 'by a function' : cost}`]),
    ...(failureCost === 0 ? [] : [`${failureCost} more on 401`]),
    ...(scope === undefined ? [] : [`scope "${scope}"`]),
  ].join(', ')
}
