import { toApiError } from '../answer.js'
import { TooManyRequests } from '../errors.js'
import type { Exchange } from '../exchange.js'
import { isPromiseLike } from '../promise.js'
import type { Finding, Step } from '../protection.js'
import { namedWindows, policyField, usageFields, windowNames } from './fields.js'
import type { HeaderStyle, NamedWindow } from './fields.js'
import { limitPhases } from './rules.js'
import type { LimitPhase, Rule } from './rules.js'
import type { Charge, RateLimitStore, Verdict, WindowUse } from './store.js'
import { WaitingRoom } from './waiting-room.js'

interface Options {
  readonly store: RateLimitStore
  /** None says nothing. */
  readonly headers: readonly HeaderStyle[]
}

/** The charges of one or more phases, made in one call of the store. */
interface Batch {
  readonly rules: readonly Rule[]
  readonly names: readonly string[]
  readonly windows: readonly NamedWindow[]
  /** Which rules cost more where the call ends with 401. */
  readonly penalised: readonly number[]
  readonly penalisedWindows: readonly NamedWindow[]
  /** Which rules give back where the call succeeds, and where their windows begin. */
  readonly refunded: ReadonlyArray<{ readonly at: number; readonly place: number }>
}

/** What the limits of one request have done so far, where more than one step or moment has to know. */
interface Trail {
  readonly charged: Array<{ readonly charges: readonly Charge[]; readonly verdict: Verdict }>
  /** Charges that wait for those of a later phase, and what they are. */
  waiting: { readonly charges: readonly Charge[]; readonly batch: Batch } | undefined
  /** What the `RateLimit` field speaks of. */
  announced: WindowUse | undefined
}

/** Makes the function that makes the steps of a route out of its rules, one for each phase in which one is charged. */
export type Limiting = (rules: readonly Rule[]) => (phase: LimitPhase) => Step | undefined

/**
 * Prepares the limits of one API.
 *
 * A store behind a network is asked once for all phases of a request: the charges of the earlier ones wait for those of the last, or for
 * a refusal. So that nobody makes us authenticate for nothing meanwhile, what is known to be refused is refused at once, and of one
 * address, or of one network, only few requests may wait.
 */
export function limiting({ store, headers }: Options): Limiting {
  const refusalOf = lastRefusal()
  const trails = new WeakMap<Exchange, Trail>()
  const room = new WaitingRoom()

  function trailOf(exchange: Exchange): Trail {
    const trail = trails.get(exchange) ?? { charged: [], waiting: undefined, announced: undefined }
    trails.set(exchange, trail)
    return trail
  }

  return function limitsOf(rules) {
    const inOrder = limitPhases.flatMap((phase) => rules.filter((rule) => rule.phase === phase))
    const policy = headers.includes('draft') ? ['RateLimit-Policy', policyField(rules)] : []
    const batches = new Map<string, Batch>()
    const endsOf = limitPhases.map((phase) => inOrder.findLastIndex((rule) => rule.phase === phase) + 1).filter((end) => end > 0)
    for (const from of [0, ...endsOf]) {
      for (const to of endsOf) if (from < to) batches.set(`${from}-${to}`, batchOf(inOrder.slice(from, to)))
    }

    function stepIn(phase: LimitPhase): Step | undefined {
      const own = inOrder.filter((rule) => rule.phase === phase)
      if (own.length === 0) return undefined
      const start = inOrder.indexOf(own[0] as Rule)
      const end = start + own.length
      const alone = batches.get(`${start}-${end}`) as Batch
      const mayWait = store.known !== undefined && end < inOrder.length
      // A route that is limited in one phase, as most are, needs no memory between steps.
      const isTracked = own.length < rules.length || alone.penalised.length > 0 || alone.refunded.length > 0

      return function limitRate(exchange) {
        const charges: Charge[] = []
        for (const rule of own) charges.push(rule.charge(exchange))
        if (!isTracked) return charge(exchange, undefined, alone, charges)
        const trail = trailOf(exchange)
        const before = trail.waiting?.charges ?? []
        const all = [...before, ...charges]
        const batch = batches.get(`${start - before.length}-${end}`) as Batch
        trail.waiting = undefined
        if (mayWait) {
          const known = store.known?.(all)
          if (known !== undefined) return conclude(exchange, trail, batch, all, known)
          // By the key, which is the same for all addresses of one network.
          const { key } = all[0] as Charge
          if (before.length > 0 || room.enter(key)) return keepWaiting(exchange, trail, { charges: all, batch }, before.length > 0)
        }
        return charge(exchange, trail, batch, all)
      }
    }

    function keepWaiting(exchange: Exchange, trail: Trail, waiting: NonNullable<Trail['waiting']>, isFurther: boolean): void {
      trail.waiting = waiting
      const [first] = waiting.charges
      if (!isFurther && first !== undefined) exchange.onEnd(() => room.leave(first.key))
      exchange.onEnd((status) => chargeAnswered(exchange, trail, waiting, status))
      exchange.onRefusal(async () => {
        if (trail.waiting !== waiting) return undefined
        trail.waiting = undefined
        // It would have been refused for this before it could be for the other.
        try {
          return await charge(exchange, trail, waiting.batch, waiting.charges)
        } catch (thrown) {
          return toApiError(thrown)
        }
      })
    }

    /** Where a step has answered in the handler's place, nobody comes to the later phase: the call counts all the same. */
    function chargeAnswered(exchange: Exchange, trail: Trail, waiting: NonNullable<Trail['waiting']>, status: number): void {
      if (trail.waiting !== waiting) return
      trail.waiting = undefined
      const { charges, batch } = waiting
      const counted = charges.filter((_, at) => status >= 400 || batch.rules[at]?.refundOnSuccess !== true)
      const failed = (thrown: unknown) => exchange.log.error('a rate limit could not be charged', { error: thrown })
      if (counted.length > 0) void (async () => store.consume(counted))().catch(failed)
    }

    function charge(exchange: Exchange, trail: Trail | undefined, batch: Batch, charges: readonly Charge[]): Finding | Promise<Finding> {
      const verdict = store.consume(charges)
      if (isPromiseLike(verdict)) return verdict.then((settled) => conclude(exchange, trail, batch, charges, settled))
      return conclude(exchange, trail, batch, charges, verdict)
    }

    function conclude(
      exchange: Exchange,
      trail: Trail | undefined,
      batch: Batch,
      charges: readonly Charge[],
      verdict: Verdict,
    ): Finding | Promise<Finding> {
      announce(exchange, trail, verdict, batch.windows)
      if (!verdict.allowed) return refuse(exchange, trail, batch, verdict)
      if (trail === undefined) return undefined
      trail.charged.push({ charges, verdict })
      if (batch.penalised.length > 0) {
        exchange.onRefusal(({ status }) => (status === 401 ? penalise(exchange, trail, batch, charges) : undefined))
      }
      if (batch.refunded.length > 0) {
        exchange.onEnd((status) => (status < 400 ? refundSuccess(exchange, batch, charges, verdict) : undefined))
      }
      return undefined
    }

    function refuse(exchange: Exchange, trail: Trail | undefined, batch: Batch, verdict: Verdict): Finding | Promise<Finding> {
      const { refusedBy, retryAfter, windows, isPenalty } = verdict
      // RFC 9110 §10.2.3 has whole seconds, and a client that comes early would be refused again.
      const seconds = Math.max(1, Math.ceil(Math.max(retryAfter, windows[refusedBy]?.reset ?? 0) / 1_000))
      const what = isPenalty === true ? 'rate-limit-penalty' : 'rate-limit'
      const refusal = refusalOf(seconds, `${what} ${batch.names[refusedBy] ?? ''}`.trimEnd())
      if (trail === undefined || trail.charged.length === 0) return refusal
      return giveBack(exchange, trail, refusal)
    }

    /** A refused call costs nothing, in the earlier phases either. */
    async function giveBack(exchange: Exchange, trail: Trail, refusal: TooManyRequests): Promise<Finding> {
      for (const { charges, verdict } of trail.charged.splice(0)) await refund(exchange, charges, verdict)
      return refusal
    }

    function refundSuccess(exchange: Exchange, { refunded }: Batch, charges: readonly Charge[], verdict: Verdict): void {
      const given = refunded.map(({ at }) => charges[at] as Charge)
      const windows = refunded.flatMap(({ at, place }) => verdict.windows.slice(place, place + (charges[at] as Charge).windows.length))
      void refund(exchange, given, given.length === charges.length ? verdict : { ...verdict, windows })
    }

    async function refund(exchange: Exchange, charges: readonly Charge[], verdict: Verdict): Promise<void> {
      try {
        await store.refund(charges, verdict)
      } catch (thrown) {
        exchange.log.error('a rate limit could not be given back', { error: thrown })
      }
    }

    function penalise(exchange: Exchange, trail: Trail, batch: Batch, charges: readonly Charge[]): void | Promise<void> {
      const extra = batch.penalised.map((at) => ({ ...(charges[at] as Charge), cost: failureCostOf(batch.rules[at]), capped: true }))
      const verdict = store.consume(extra)
      const tell = (settled: Verdict) => announce(exchange, trail, settled, batch.penalisedWindows)
      return isPromiseLike(verdict) ? verdict.then(tell) : tell(verdict)
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

    return stepIn
  }
}

/** Makes refusals, and gives the last one again where the next says the same, as it does in a flood: a stack costs more than the reckoning. */
function lastRefusal(): (seconds: number, reason: string) => TooManyRequests {
  let last: TooManyRequests | undefined
  let wait = 0
  return function refusalOf(seconds, reason) {
    if (last?.reason === reason && wait === seconds) return last
    wait = seconds
    last = Object.freeze(new TooManyRequests(seconds, { reason }))
    return last
  }
}

function batchOf(rules: readonly Rule[]): Batch {
  const penalised = [...rules.keys()].filter((at) => failureCostOf(rules[at]) > 0)
  let place = 0
  const places = rules.map(({ limits }) => (place += limits.length) - limits.length)
  return {
    rules,
    names: rules.flatMap(windowNames),
    windows: rules.flatMap(namedWindows),
    penalised,
    penalisedWindows: penalised.flatMap((at) => namedWindows(rules[at] as Rule)),
    refunded: [...rules.keys()].filter((at) => rules[at]?.refundOnSuccess === true).map((at) => ({ at, place: places[at] ?? 0 })),
  }
}

function failureCostOf(rule: Rule | undefined): number {
  return rule?.failureCost ?? 0
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
