import type { Context, Input } from '../context.js'
import type { RouteDecorator } from '../decorator.js'
import type { Duration } from '../duration.js'
import type { OperationDraft } from '../operation.js'
import type { Protection, RouteSetup } from '../protection.js'
import type { AddressPrefix } from './address-group.js'
import { formatLimit } from './limit.js'
import type { Limit, LimitString } from './limit.js'
import { rateLimitKind } from './declaration.js'
import type { PenaltyOptions, RateLimitDeclaration } from './declaration.js'
import type { LimitPhase, Rule, RuleReader } from './rules.js'
import { describedFields, retryAfterHeader } from './fields.js'
import type { HeaderStyle } from './fields.js'
import { limiting } from './limiting.js'
import type { Limiting } from './limiting.js'
import type { RateLimitStore } from './store.js'

export { addressGroup } from './address-group.js'
export type { AddressGroup, AddressPrefix } from './address-group.js'
export { formatLimit, LimitSyntaxError, parseLimits } from './limit.js'
export type { Limit, LimitAlgorithm, LimitString } from './limit.js'
export { MemoryRateLimitStore } from './memory-store.js'
export type { MemoryRateLimitStoreOptions } from './memory-store.js'
export type { PenaltyOptions } from './declaration.js'
export type { HeaderStyle } from './fields.js'
export type { Charge, Penalty, RateLimitStore, Verdict, WindowUse } from './store.js'

/** The limits of all routes. */
export interface RateLimitOptions {
  /**
   * Counted for each route and client address, besides what `@RateLimit` declares. A route leaves it with
   * `@RateLimit(…, { overrides: true })`. @default none
   */
  readonly default?: LimitString | readonly Limit[]
  /** Turns all limits off, declared ones too: for load tests. They are still checked at start-up. */
  readonly off?: true
  /**
   * How answers tell what is left: `draft` by `RateLimit-Policy` and `RateLimit` (draft-ietf-httpapi-ratelimit-headers-10), `triple` by
   * `RateLimit-Limit`, `-Remaining` and `-Reset` (its drafts up to 06), `x-triple` by the same with `X-`; several in a list; `false` not at
   * all. They speak of the window that has least left. @default 'draft'
   */
  readonly headers?: HeaderStyle | readonly HeaderStyle[] | boolean
  /** How many bits of an address tell one client from another. @default all 32 of IPv4, 64 of IPv6 */
  readonly addressPrefix?: AddressPrefix
}

/** Who is counted, where, and how much. */
export interface LimitOptions<I extends Input = Input> {
  /**
   * - `address`: each client address, before anything is spent on finding out who calls
   * - `principal`: each caller, by issuer and id, once it is known; anonymous callers by their address
   * - `tenant`: all callers of one tenant together, as `createApi({ tenantOf })` says; callers of none as `principal` does
   * - `apiKey`: each API key, of which a caller may have several; callers without one as `principal` does
   * - a function: whatever text it returns, after the input is validated, so that it may read `ctx.body`. Where several
   *   spellings mean one thing, as with user names, return one of them: the client chooses what to send.
   *
   * @default 'address'
   */
  readonly by?: 'address' | 'principal' | 'tenant' | 'apiKey' | ((context: Context<I>) => string)
  /**
   * How much one call takes of each window, from 1 to the smallest of the limits. With a function, which may return 0 too, the
   * limit is charged after the input is validated, whoever is counted. @default 1
   */
  readonly cost?: number | ((context: Context<I>) => number)
  /**
   * How much more is charged when the call ends with 401, such as a login with a wrong password. What exceeds the limit is
   * dropped. Calls at once are let in by `cost` alone: with `@Concurrency(1)` beside it nobody tries many passwords at a time.
   * @default nothing
   */
  readonly failureCost?: number
  /**
   * Gives the charge back when the call succeeds (a status under 400), after the answer: `@RateLimit('5 per hour', { refundOnSuccess:
   * true })` counts failures alone. @default false
   */
  readonly refundOnSuccess?: true
  /**
   * Keeps out for longer whoever breaks this limit: `'1 min'` for a minute the first time, and twice as long each further time. While it
   * lasts, calls are refused without being counted. @default none: until the limit allows another call
   */
  readonly penalty?: Duration | PenaltyOptions
  /** Routes that name the same scope, and the same limit, count in one counter. @default each route counts for itself */
  readonly scope?: string
  /** Stands in the RateLimit fields, for clients to read: printable ASCII. @default the scope, or 'route' */
  readonly name?: string
  /** Takes the place of all wider limits, of the class, its parents and the API's default, instead of standing beside them. */
  readonly overrides?: true
}

/**
 * Limits how often a route is called: `@RateLimit('10 per second; 1000 per day')`. On a class it holds for each of its methods,
 * each with a counter of its own unless there is a `scope`. Limits add up: of the API, of classes and of the method, and
 * several on one place; a call passes where none of them refuses, and a call that is refused costs nothing in any of them.
 * Past a limit the client gets 429 with `Retry-After`.
 *
 * Windows are fixed and begin with the first call that they count, so that around the end of one twice the count can pass at once;
 * `'10 per second sliding'` and `'10 per second burst 20'` (a token bucket) count otherwise: `LimitAlgorithm`. How a limit is written:
 * `LimitString`, `parseLimits`.
 */
export function RateLimit<I extends Input = Input>(limit: LimitString | readonly Limit[], options: LimitOptions<I> = {}): RouteDecorator {
  return rateLimitKind.declare({ limit, options: options as RateLimitDeclaration['options'] })
}

/**
 * The protections that limit: by address before authentication, by principal after it, and by function after validation.
 */
export function rateLimits(
  options: Pick<RateLimitOptions, 'headers' | 'off'>,
  store: RateLimitStore,
  rulesOf: RuleReader,
): readonly [Protection, Protection, Protection] {
  const limit = limiting({ store, headers: stylesOf(options.headers ?? true) })
  const known = new WeakMap<RouteSetup, ReturnType<Limiting>>()

  function limitsOf(route: RouteSetup): ReturnType<Limiting> {
    const limits = known.get(route) ?? limit(keptRules(route))
    known.set(route, limits)
    return limits
  }

  function keptRules(route: RouteSetup): readonly Rule[] {
    const rules = rulesOf(route)
    for (const { limits, penalty } of rules) {
      const why = store.cannotKeep?.({ windows: limits, penalty })
      if (why !== undefined)
        route.mistake(
          `the limit ${limits.map(formatLimit).join('; ')} cannot be kept: ${why}`,
          'declare another, or count in another store',
        )
    }
    return rules
  }

  function protectionIn(phase: LimitPhase): Protection {
    return {
      name: 'RateLimit',
      phase,
      compile(route) {
        const stepIn = limitsOf(route)
        if (options.off !== true) return stepIn(phase)
        route.describe('limits', [])
        return undefined
      },
      document(route, operation) {
        if (phase === 'network' && options.off !== true) documentLimits(rulesOf(route), stylesOf(options.headers ?? true), operation)
      },
    }
  }

  return [protectionIn('network'), protectionIn('caller'), protectionIn('object')]
}

function documentLimits(rules: readonly Rule[], styles: readonly HeaderStyle[], operation: OperationDraft): void {
  if (rules.length === 0) return
  const told = rules.map(({ name, limits, by }) => ({
    name,
    limits: limits.map(({ count, window }) => ({ count, seconds: window / 1_000 })),
    by: typeof by === 'function' ? 'other' : by,
  }))
  const sentences = rules.map(({ limits, by }) => `${limits.map(formatLimit).join('; ')}${typeof by === 'function' ? '' : ` by ${by}`}`)
  operation.note(`Its calls are limited: ${sentences.join(', ')}.`)
  operation.extension('x-ratelimit', told)
  for (const [name, header] of Object.entries(describedFields(styles))) operation.header(name, header)
  operation.refusal({ status: 429, code: 'too-many-requests', headers: { 'Retry-After': retryAfterHeader } })
  operation.refusal({ status: 503, code: 'unavailable' })
}

function stylesOf(headers: NonNullable<RateLimitOptions['headers']>): readonly HeaderStyle[] {
  if (typeof headers === 'boolean') return headers ? ['draft'] : []
  return [headers].flat()
}
