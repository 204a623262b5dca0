import type { Principal } from '../context.js'
import type { Exchange } from '../exchange.js'
import type { Declared } from '../policy.js'
import type { RouteSetup } from '../protection.js'
import { addressGroup } from './address-group.js'
import type { AddressGroup, AddressPrefix } from './address-group.js'
import { boundedKey } from './bounded-key.js'
import { draftOf, rateLimitKind, readLimits } from './declaration.js'
import type { Counted, Draft, RateLimitDeclaration, Report } from './declaration.js'
import { headerStyles } from './fields.js'
import type { HeaderStyle } from './fields.js'
import { algorithmOf, formatLimit, shortWindow } from './limit.js'
import type { Limit } from './limit.js'
import type { Charge, Penalty } from './store.js'

/** When a rule is charged: before authentication, after it, or after validation. */
export type LimitPhase = 'network' | 'caller' | 'object'

/** In their order. */
export const limitPhases: readonly LimitPhase[] = ['network', 'caller', 'object']

/** One limit of one route, ready to be charged. */
export interface Rule {
  readonly phase: LimitPhase
  /** Tells it from the other rules of the route. */
  readonly name: string
  readonly limits: readonly Limit[]
  readonly failureCost: number
  readonly refundOnSuccess: boolean
  readonly penalty: Penalty | undefined
  readonly by: Draft['by']
  readonly cost: Draft['cost']
  /** Says what is counted: of all routes in one scope the same. */
  readonly counter: string
  readonly scope: string | undefined
  readonly charge: (exchange: Exchange) => Charge
}

/** Who can be told from whom. */
export interface Subjects {
  readonly groupOf: AddressGroup
  /** The tenant that a caller belongs to; undefined where to none. */
  readonly tenantOf: (principal: Principal) => string | undefined
}

/** Reads the rules of a route. */
export type RuleReader = (route: RouteSetup) => readonly Rule[]

export interface RuleOptions {
  readonly tenantOf?: Subjects['tenantOf']
  readonly default?: string | readonly Limit[]
  readonly addressPrefix?: AddressPrefix
  readonly headers?: HeaderStyle | readonly HeaderStyle[] | boolean
}

interface Scope {
  readonly signature: string
  readonly route: string
}

/** A limit that nothing was said about. */
const plain = { by: 'address', cost: 1, failureCost: 0, refundOnSuccess: false, penalty: undefined, scope: undefined } as const

/** Makes the function that reads the rules of a route, once, and reports what cannot be right. */
export function rulesOfRoutes(options: RuleOptions): RuleReader {
  const subjects = { groupOf: addressGroup(options.addressPrefix), tenantOf: options.tenantOf ?? (() => undefined) }
  const scopes = new Map<string, Scope>()
  const reported = new WeakSet<object>()
  const known = new WeakMap<RouteSetup, readonly Rule[]>()
  let general: { readonly draft: Draft | undefined } | undefined

  /** A class speaks for many of its routes: its mistakes are told once. */
  function reporter(route: RouteSetup, subject: object, where: string): Report {
    if (reported.has(subject) || route.name === '') return () => undefined
    reported.add(subject)
    return (problem, mend) => route.mistake(`${where}: ${problem}`, mend)
  }

  function defaultDraft(route: RouteSetup): Draft | undefined {
    const report = reporter(route, options, 'createApi({ rateLimit })')
    for (const [family, most] of [
      ['ipv4', 32],
      ['ipv6', 128],
    ] as const) {
      const prefix = options.addressPrefix?.[family] ?? most
      if (Number.isInteger(prefix) && prefix >= 1 && prefix <= most) continue
      report(`addressPrefix.${family} is ${String(prefix)}`, `write a whole number from 1 to ${most}`)
    }
    for (const style of [options.headers ?? true].flat()) {
      if (typeof style === 'boolean' || headerStyles.includes(style)) continue
      report(`headers names the style ${JSON.stringify(style)}`, `write ${headerStyles.map((one) => `'${one}'`).join(', ')} or false`)
    }
    if (options.default === undefined) return undefined
    const limits = readLimits(options.default, (problem, mend) => report(`default: ${problem}`, mend))
    return limits && { ...plain, limits, name: 'default' }
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

  function read(route: RouteSetup): readonly Rule[] {
    const { declared, keepsDefault } = effective(route.policy.all(rateLimitKind))
    general ??= { draft: defaultDraft(route) }
    const drafts = keepsDefault && general.draft !== undefined ? [general.draft] : []
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

  return function rulesOf(route) {
    const rules = known.get(route) ?? read(route)
    known.set(route, rules)
    return rules
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
  const { name, limits, failureCost, refundOnSuccess, cost, penalty } = draft
  const rule = counterName(route, draft)
  const keyOf = subjectOf(route, draft.by, subjects, 'RateLimit')
  const costOf = typeof cost === 'function' ? checkedCost(route, cost) : undefined
  return {
    phase: phaseOf(draft),
    name,
    limits,
    failureCost,
    refundOnSuccess,
    penalty,
    by: draft.by,
    cost,
    counter: rule,
    scope: draft.scope,
    charge:
      costOf === undefined
        ? (exchange) => ({ rule, key: boundedKey(keyOf(exchange)), windows: limits, cost: cost as number, penalty })
        : (exchange) => ({ rule, key: boundedKey(keyOf(exchange)), windows: limits, cost: costOf(exchange), penalty }),
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
  const parts = [...owner, kindOf(draft), limits.map(shapeOf).join(',')]
  return parts.map((part) => part.replaceAll('%', '%25').replaceAll('|', '%7C')).join('|')
}

/** `1m`, `1m~` for a sliding window, `1m+` for a bucket: what two algorithms count for one window are different things. */
function shapeOf(limit: Limit): string {
  return shortWindow(limit.window) + { fixed: '', sliding: '~', bucket: '+' }[algorithmOf(limit)]
}

/** Whose call it is; `decorator` is named where a function of the user's gives no text. */
export function subjectOf(route: RouteSetup, by: Counted, subjects: Subjects, decorator: string): (exchange: Exchange) => string {
  const { groupOf, tenantOf } = subjects
  const callerOf = ({ principal, client }: Exchange) =>
    principal.kind === 'anonymous' ? groupOf(client.address) : principalSubject(principal)
  if (by === 'principal') return callerOf
  if (by === 'tenant') {
    return function tenantOrCaller(exchange) {
      const tenant = tenantOf(exchange.principal)
      return typeof tenant === 'string' && tenant !== '' ? tenantSubject(tenant) : callerOf(exchange)
    }
  }
  if (by === 'apiKey') {
    return function keyOrCaller(exchange) {
      const { apiKeyId, issuer } = exchange.principal
      return apiKeyId === undefined ? callerOf(exchange) : apiKeySubject(issuer, apiKeyId)
    }
  }
  if (typeof by !== 'function') return ({ client }) => groupOf(client.address)
  return function keyOf(exchange) {
    const key: unknown = by(exchange)
    if (typeof key !== 'string') throw new TypeError(`the "by" of @${decorator} on ${route.name} returned no text: ${typeof key}`)
    return key
  }
}

// What callers, tenants and API keys count under. An address has no space in it and begins with neither sign: none counts as another.

export function principalSubject({ issuer, id }: Pick<Principal, 'issuer' | 'id'>): string {
  return `${issuer ?? ''} ${id}`
}

export function tenantSubject(tenant: string): string {
  return `=${tenant}`
}

export function apiKeySubject(issuer: string | undefined, id: string): string {
  return `#${issuer ?? ''} ${id}`
}

function checkedCost(route: RouteSetup, cost: (exchange: Exchange) => number): (exchange: Exchange) => number {
  return function costOf(exchange) {
    const units: unknown = cost(exchange)
    if (Number.isSafeInteger(units) && (units as number) >= 0) return units as number
    throw new TypeError(`the "cost" of @RateLimit on ${route.name} returned no whole number from 0: ${String(units)}`)
  }
}

/** `10 per second by address, cost 2, scope "search"` */
function summary({ limits, by, cost, failureCost, refundOnSuccess, penalty, scope }: Draft): string {
  const counted = typeof by === 'function' && by.name !== '' && by.name !== 'by' ? by.name : typeof by === 'function' ? 'a function' : by
  return [
    `${limits.map(formatLimit).join('; ')} by ${counted}`,
    ...(cost === 1 ? [] : [`cost ${typeof cost === 'function' ? 'by a function' : cost}`]),
    ...(failureCost === 0 ? [] : [`${failureCost} more on 401`]),
    ...(refundOnSuccess ? ['given back on success'] : []),
    ...(penalty === undefined ? [] : [`penalty from ${penalty.first / 1_000} s`]),
    ...(scope === undefined ? [] : [`scope "${scope}"`]),
  ].join(', ')
}
