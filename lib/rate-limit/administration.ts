import type { Principal } from '../context.js'
import type { RouteSetup } from '../protection.js'
import type { AddressGroup } from './address-group.js'
import { boundedKey } from './bounded-key.js'
import { windowNames } from './fields.js'
import { capacityOf, formatLimit } from './limit.js'
import { apiKeySubject, principalSubject, tenantSubject } from './rules.js'
import type { Rule } from './rules.js'
import type { Charge, RateLimitStore, Verdict } from './store.js'

type Caller = Pick<Principal, 'id' | 'issuer'>

/** Whose counters are meant. `key` is what a function of yours (`by`) gives. */
export type LimitSubject =
  | { readonly address: string }
  | { readonly principal: Caller }
  | { readonly tenant: string }
  /** The id of an API key, and the issuer of its callers: `api-key` where none is named. */
  | { readonly apiKey: string; readonly issuer?: string }
  | { readonly key: string }

/** Narrows to some limits. */
export interface LimitSelection {
  /** The handler that they protect: `OrdersController.create`. @default all */
  readonly route?: string
}

/** What one window of one limit has counted for somebody. */
export interface LimitUse {
  /** The handlers that count in it, several where they share a scope. */
  readonly routes: readonly string[]
  /** As the RateLimit fields call it: `default-1m`. */
  readonly name: string
  /** `100 per minute` */
  readonly limit: string
  /** How many calls that cost 1 can still be made now. */
  readonly remaining: number
  /** Milliseconds until all can be made again; 0 where nothing was counted. */
  readonly reset: number
  /** How many milliseconds a penalty still keeps out; 0 for none. */
  readonly penalty: number
}

/** Looks into the limits of an API, and lifts them for somebody. */
export interface LimitAdministration {
  /** What the limits that can count this subject have counted. Charges nothing. Rejects with `Unavailable` where the store fails. */
  read(subject: LimitSubject, selection?: LimitSelection): Promise<readonly LimitUse[]>
  /**
   * Forgets what was counted for this subject, penalties too. Processes that remember a refusal go on refusing for up to a second, and 10
   * under a penalty. Rejects with `Unavailable` where the store fails.
   */
  reset(subject: LimitSubject, selection?: LimitSelection): Promise<void>
}

interface Options {
  readonly routes: readonly RouteSetup[]
  readonly rulesOf: (route: RouteSetup) => readonly Rule[]
  readonly store: RateLimitStore
  readonly groupOf: AddressGroup
}

/** A counter, and the handlers that count in it. */
interface Counter {
  readonly rule: Rule
  readonly routes: string[]
}

/** How many counters are asked about at once. */
const atOnce = 16

export function limitAdministration({ routes, rulesOf, store, groupOf }: Options): LimitAdministration {
  let known: ReadonlyMap<string, Counter> | undefined

  /** Gone through when somebody first asks: few processes of an API are ever asked, and all of them start. */
  function counters(): ReadonlyMap<string, Counter> {
    if (known !== undefined) return known
    const found = new Map<string, Counter>()
    for (const route of routes) {
      for (const rule of rulesOf(route)) {
        const counter = found.get(rule.counter) ?? { rule, routes: [] }
        counter.routes.push(route.name)
        found.set(rule.counter, counter)
      }
    }
    return (known = found)
  }

  /** Which counters may hold something of a subject, with what finds it there. */
  function chargesOf(
    subject: LimitSubject,
    { route }: LimitSelection,
  ): ReadonlyArray<{ readonly counter: Counter; readonly charge: Charge }> {
    if (route !== undefined && !routes.some(({ name }) => name === route)) throw new TypeError(`${route} is no route of this API`)
    const key = boundedKey(keyOf(subject, groupOf))
    return [...counters().values()]
      .filter((counter) => canCount(counter.rule, subject) && (route === undefined || counter.routes.includes(route)))
      .map((counter) => {
        const { counter: rule, limits: windows, penalty } = counter.rule
        return { counter, charge: { rule, key, windows, cost: 1, penalty } }
      })
  }

  return {
    async read(subject, selection = {}) {
      const wanted = chargesOf(subject, selection)
      const uses: LimitUse[] = []
      for (let from = 0; from < wanted.length; from += atOnce) {
        const some = wanted.slice(from, from + atOnce)
        const verdicts = await Promise.all(some.map(async ({ charge }) => store.read([charge])))
        uses.push(...some.flatMap(({ counter }, at) => usesIn(counter, verdicts[at] as Verdict)))
      }
      return uses
    },
    async reset(subject, selection = {}) {
      const wanted = chargesOf(subject, selection)
      for (let from = 0; from < wanted.length; from += atOnce) {
        await store.reset(wanted.slice(from, from + atOnce).map(({ charge }) => charge))
      }
    },
  }
}

function keyOf(subject: LimitSubject, groupOf: AddressGroup): string {
  if ('address' in subject) return groupOf(subject.address)
  if ('principal' in subject) return principalSubject(subject.principal)
  if ('tenant' in subject) return tenantSubject(subject.tenant)
  if ('apiKey' in subject) return apiKeySubject(subject.issuer ?? 'api-key', subject.apiKey)
  return subject.key
}

/** Callers who are not known count by their address, and those of no tenant and without an API key by who they are. */
function canCount({ by }: Rule, subject: LimitSubject): boolean {
  if (typeof by === 'function') return 'key' in subject
  if ('address' in subject) return true
  if ('principal' in subject) return by !== 'address'
  return ('tenant' in subject && by === 'tenant') || ('apiKey' in subject && by === 'apiKey')
}

function usesIn({ rule, routes }: Counter, { windows, isPenalty, retryAfter }: Verdict): readonly LimitUse[] {
  const names = windowNames(rule)
  return rule.limits.map((limit, at) => ({
    routes,
    name: names[at] ?? rule.name,
    limit: formatLimit(limit),
    remaining: windows[at]?.remaining ?? 0,
    reset: windows[at]?.remaining === capacityOf(limit) ? 0 : (windows[at]?.reset ?? 0),
    penalty: isPenalty === true ? retryAfter : 0,
  }))
}
