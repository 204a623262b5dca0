import { BoundedMap } from '../bounded-map.js'
import type { Clock } from '../context.js'
import type { Charge, Verdict } from './store.js'

/** One key that was refused. */
interface Refusal {
  readonly notedAt: number
  /** When the server is asked again. */
  readonly until: number
  /** When what refused has ended, as the server said. */
  readonly endsAt: number
  /** Which window of the charge refused, and how much it had left. */
  readonly window: number
  readonly remaining: number
  readonly isPenalty: boolean
  /** When the server is asked again whether a penalty still lasts, where it can be. */
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
  readonly #refusals: BoundedMap<string, Refusal>

  constructor(
    private readonly clock: Clock,
    private readonly capacity: number,
  ) {
    this.#refusals = new BoundedMap(capacity)
  }

  /** Remembers what refused, or that nothing does any more. */
  note(charges: readonly Charge[], verdict: Verdict): void {
    if (verdict.allowed) {
      if (this.#refusals.size > 0) this.forget(charges)
      return
    }
    const refused = windowAt(charges, verdict.refusedBy)
    if (refused === undefined || this.capacity === 0) return
    const { charge, window } = refused
    const now = this.clock.now()
    const isPenalty = verdict.isPenalty === true
    const endsAt = now + verdict.retryAfter
    const until = isPenalty ? endsAt : Math.min(now + longestRefusal, endsAt)
    const remaining = verdict.windows[verdict.refusedBy]?.remaining ?? 0
    const askAgainAt = now + penaltyCheck
    this.#refusals.set(nameOf(charge), { notedAt: now, until, endsAt, window, remaining, isPenalty, askAgainAt, cost: charge.cost })
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
      if (refusal !== undefined && isOver(refusal, now)) this.#refusals.delete(nameOf(charge))
      else if (refusal !== undefined && holds(refusal) && (refusal.isPenalty || isTooMuch(charge, refusal))) {
        return refusalOf(charges, place + refusal.window, refusal, now)
      }
      place += charge.windows.length
    }
    return undefined
  }
}

/** Where the clock was set back, nobody is kept out until it comes round: the server is asked. */
function isOver({ notedAt, until }: Refusal, now: number): boolean {
  return until <= now || notedAt > now
}

/** What takes the rest, however little that is, is refused by no window. */
function isTooMuch({ cost, capped }: Charge, refusal: Refusal): boolean {
  return capped !== true && cost >= refusal.cost
}

/** It tells when the window ends, not when the server is asked again: who comes back then would come too early. */
function refusalOf(charges: readonly Charge[], refusedBy: number, { endsAt, remaining, isPenalty }: Refusal, now: number): Verdict {
  const retryAfter = endsAt - now
  const unknown = { remaining: 0, reset: retryAfter, endsAt: 0 }
  const windows = charges.flatMap((charge) => charge.windows.map(() => unknown))
  windows[refusedBy] = { ...unknown, remaining }
  return { allowed: false, windows, refusedBy, retryAfter, isPenalty }
}

/** The charge that a window of a verdict belongs to, and which of its windows that is. */
function windowAt(charges: readonly Charge[], place: number): { readonly charge: Charge; readonly window: number } | undefined {
  let window = place
  for (const charge of charges) {
    if (window < charge.windows.length) return { charge, window }
    window -= charge.windows.length
  }
  return undefined
}

/** As `counterName`, and not made fit for outside. */
function nameOf({ rule, key }: Charge): string {
  return `${rule}|${key}`
}
