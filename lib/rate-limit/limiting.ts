import { TooManyRequests } from '../errors.js'
import type { Exchange } from '../exchange.js'
import type { Step } from '../protection.js'
import { namedWindows, policyField, usageFields, windowNames } from './fields.js'
import type { HeaderStyle, NamedWindow } from './fields.js'
import type { LimitPhase, Rule } from './rules.js'
import type { Charge, RateLimitStore, Verdict, WindowUse } from './store.js'

interface Options {
  readonly store: RateLimitStore
  /** None says nothing. */
  readonly headers: readonly HeaderStyle[]
}

/** What the limits of one request have done so far, where more than one step or moment has to know. */
class Trail {
  readonly charged: Array<{ readonly charges: readonly Charge[]; readonly verdict: Verdict }> = []
  /** What the `RateLimit` field speaks of. */
  announced: WindowUse | undefined
}

/** Makes the function that makes a route's step in one phase, of those rules of the route that are charged there. */
export function limiting({ store, headers }: Options): (rules: readonly Rule[], phase: LimitPhase) => Step | undefined {
  const trails = new WeakMap<Exchange, Trail>()

  function trailOf(exchange: Exchange): Trail {
    const trail = trails.get(exchange) ?? new Trail()
    trails.set(exchange, trail)
    return trail
  }

  return function stepOf(rules, phase) {
    const own = rules.filter((rule) => rule.phase === phase)
    if (own.length === 0) return undefined
    const policy = headers.includes('draft') ? ['RateLimit-Policy', policyField(rules)] : []
    const names = own.flatMap(windowNames)
    const penalties = own.flatMap(({ failureCost }, place) => (failureCost === 0 ? [] : [{ place, failureCost }]))
    const windows = own.flatMap(namedWindows)
    const penaltyWindows = penalties.flatMap(({ place }) => namedWindows(own[place] as Rule))
    // A route that is limited in one phase, as most are, needs no memory between steps.
    const isTracked = own.length < rules.length || penalties.length > 0

    function limitRate(exchange: Exchange): void | Promise<void> {
      const charges: Charge[] = []
      for (const rule of own) charges.push(rule.charge(exchange))
      const verdict = store.consume(charges)
      if (isPending(verdict)) return verdict.then((settled) => conclude(exchange, charges, settled))
      return conclude(exchange, charges, verdict)
    }

    function conclude(exchange: Exchange, charges: readonly Charge[], verdict: Verdict): void | Promise<void> {
      const trail = isTracked ? trailOf(exchange) : undefined
      announce(exchange, trail, verdict, windows)
      if (!verdict.allowed) return refuse(exchange, trail, verdict)
      trail?.charged.push({ charges, verdict })
      if (trail !== undefined && penalties.length > 0) {
        exchange.onRefusal(({ status }) => (status === 401 ? penalise(exchange, trail, charges) : undefined))
      }
    }

    function refuse(exchange: Exchange, trail: Trail | undefined, verdict: Verdict): Promise<void> {
      const { refusedBy, retryAfter, windows } = verdict
      // RFC 9110 §10.2.3 has whole seconds, and a client that comes early would be refused again.
      const seconds = Math.max(1, Math.ceil(Math.max(retryAfter, windows[refusedBy]?.reset ?? 0) / 1_000))
      const refusal = new TooManyRequests(seconds, { reason: `rate-limit ${names[refusedBy] ?? ''}`.trimEnd() })
      if (trail === undefined || trail.charged.length === 0) throw refusal
      return giveBack(exchange, trail, refusal)
    }

    /** A refused call costs nothing, in the earlier phases either. */
    async function giveBack(exchange: Exchange, trail: Trail, refusal: TooManyRequests): Promise<never> {
      for (const { charges, verdict } of trail.charged.splice(0)) {
        try {
          await store.refund(charges, verdict)
        } catch (thrown) {
          exchange.log.error('a rate limit could not be given back', { error: thrown })
        }
      }
      throw refusal
    }

    function penalise(exchange: Exchange, trail: Trail, charges: readonly Charge[]): void | Promise<void> {
      const extra = penalties.map(({ place, failureCost }) => ({ ...(charges[place] as Charge), cost: failureCost, capped: true }))
      const verdict = store.consume(extra)
      const tell = (settled: Verdict) => announce(exchange, trail, settled, penaltyWindows)
      return isPending(verdict) ? verdict.then(tell) : tell(verdict)
    }

    /** One set of fields, of the tightest window of all phases; of the one that refuses, where one does. */
    function announce(exchange: Exchange, trail: Trail | undefined, verdict: Verdict, among: readonly NamedWindow[]): void {
      if (headers.length === 0) return
      const place = verdict.allowed ? tightest(verdict.windows) : verdict.refusedBy
      const use = verdict.windows[place]
      const window = among[place]
      if (use === undefined || window === undefined) return
      const { announced } = trail ?? {}
      if (announced !== undefined && verdict.allowed && !isTighter(use, announced)) return
      const fields = usageFields(headers, window, use)
      if (announced === undefined) exchange.answerHeaders.push(...policy, ...fields)
      else replace(exchange.answerHeaders, fields)
      if (trail !== undefined) trail.announced = use
    }

    return limitRate
  }
}

function isPending(verdict: Verdict | Promise<Verdict>): verdict is Promise<Verdict> {
  return 'then' in verdict
}

function tightest(windows: readonly WindowUse[]): number {
  let place = 0
  for (let index = 1; index < windows.length; index += 1) {
    if (isTighter(windows[index] as WindowUse, windows[place] as WindowUse)) place = index
  }
  return place
}

/** Less is left; of equals, for longer. */
function isTighter(one: WindowUse, other: WindowUse): boolean {
  return one.remaining < other.remaining || (one.remaining === other.remaining && one.reset > other.reset)
}

/** Puts newer values in the places of older ones of the same names. */
function replace(headers: string[], fields: readonly string[]): void {
  for (let field = 0; field < fields.length; field += 2) {
    for (let index = 0; index < headers.length; index += 2) {
      if (headers[index] === fields[field]) headers[index + 1] = fields[field + 1] as string
    }
  }
}
