import type { Clock } from '../context.js'
import type { Charge, Verdict } from './store.js'

/** One key that was refused. */
interface Refusal {
  readonly until: number
  readonly isPenalty: boolean
  /** When the server is asked again whether a penalty still lasts. */
  readonly askAgainAt: number
  /** Calls that cost less may still pass. */
  readonly cost: number
}

/** Milliseconds. What others give back, or somebody resets, lets the client in again no later than this. */
const longestRefusal = 1_000
const penaltyCheck = 10_000

/**
 * The keys that a server refused of late: whoever floods it all the same costs no round trip each time. It answers with the refusal
 * alone: of the other counters of a call nothing is known.
 */
export class RefusalMemory {
  readonly #refusals = new Map<string, Refusal>()

  constructor(
    private readonly clock: Clock,
    private readonly capacity: number,
  ) {}

  /** Remembers what refused, or that nothing does any more. */
  note(charges: readonly Charge[], verdict: Verdict): void {
    if (verdict.allowed) {
      if (this.#refusals.size > 0) this.forget(charges)
      return
    }
    const charge = chargeAt(charges, verdict.refusedBy)
    if (charge === undefined || this.capacity === 0) return
    const now = this.clock.now()
    const isPenalty = verdict.isPenalty === true
    const until = now + (isPenalty ? verdict.retryAfter : Math.min(longestRefusal, verdict.retryAfter))
    // Others are asked about again: the oldest has been remembered for longest.
    for (const oldest of this.#refusals.keys()) {
      if (this.#refusals.size < this.capacity) break
      this.#refusals.delete(oldest)
    }
    this.#refusals.set(nameOf(charge), { until, isPenalty, askAgainAt: now + penaltyCheck, cost: charge.cost })
  }

  forget(charges: readonly Charge[]): void {
    for (const charge of charges) this.#refusals.delete(nameOf(charge))
  }

  /** A refusal that needs no asking. */
  find(charges: readonly Charge[]): Verdict | undefined {
    if (this.#refusals.size === 0) return undefined
    const now = this.clock.now()
    return this.#first(charges, now, ({ isPenalty, askAgainAt }) => !isPenalty || askAgainAt > now)
  }

  /** A penalty that still lasts, whether or not it is time to ask again: for when nobody can be asked. */
  findPenalty(charges: readonly Charge[]): Verdict | undefined {
    return this.#first(charges, this.clock.now(), ({ isPenalty }) => isPenalty)
  }

  #first(charges: readonly Charge[], now: number, holds: (refusal: Refusal) => boolean): Verdict | undefined {
    let place = 0
    for (const charge of charges) {
      const refusal = this.#refusals.get(nameOf(charge))
      if (refusal !== undefined && refusal.until <= now) this.#refusals.delete(nameOf(charge))
      else if (refusal !== undefined && holds(refusal) && (refusal.isPenalty || charge.cost >= refusal.cost)) {
        return refusalOf(charges, place, refusal.until - now, refusal.isPenalty)
      }
      place += charge.windows.length
    }
    return undefined
  }
}

function refusalOf(charges: readonly Charge[], refusedBy: number, retryAfter: number, isPenalty: boolean): Verdict {
  const windows = charges.flatMap(({ windows }) => windows.map(() => ({ remaining: 0, reset: retryAfter, endsAt: 0 })))
  return { allowed: false, windows, refusedBy, retryAfter, isPenalty }
}

function chargeAt(charges: readonly Charge[], window: number): Charge | undefined {
  let place = 0
  return charges.find(({ windows }) => (place += windows.length) > window)
}

/** As `counterName`, and not made fit for outside. */
function nameOf({ rule, key }: Charge): string {
  return `${rule}|${key}`
}
