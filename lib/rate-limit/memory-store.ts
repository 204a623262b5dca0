import type { Clock } from '../context.js'
import { boundedKey, detached } from './bounded-key.js'
import { Counter, Family, leftOf } from './counter.js'
import type { Limit } from './limit.js'
import { Slots } from './slots.js'
import type { Charge, RateLimitStore, Verdict, WindowUse } from './store.js'

/** Options of the store in memory. */
export interface MemoryRateLimitStoreOptions {
  /** @default the system's */
  readonly clock?: Clock
  /** How many keys are counted at once, 100 or more; each takes about 300 bytes. @default 100,000 */
  readonly capacity?: number
}

/** How many counters each call looks at for some that have ended: the whole store is walked faster than it can grow. */
const sweptPerCall = 2

/**
 * Counts calls in this process. Windows are fixed and begin with the first charge: the whole count may come at a window's
 * end and again when the next begins, so that within any one window's length up to twice the count can pass.
 *
 * It holds a bounded number of counters, and of a request nothing but its key. Counters that have ended go first. When it is
 * full of others, a new key takes the place of one that has little of its limits used: a counter that is used up after n
 * charges makes way only where others of n charges or more fill the store, not for as many new keys as somebody can think of.
 */
export class MemoryRateLimitStore implements RateLimitStore {
  readonly #clock: Clock
  /** By what is counted, then by whom: so no key has to be put together for each call. */
  readonly #families = new Map<string, Family>()
  readonly #slots: Slots
  /** The counters of the call at hand; kept so that no call allocates one. */
  readonly #found: Array<Counter | undefined> = []

  /** Throws a `RangeError` where `capacity` is not a whole number from 100. */
  constructor({ clock = { now: () => Date.now() }, capacity = 100_000 }: MemoryRateLimitStoreOptions = {}) {
    if (!Number.isSafeInteger(capacity) || capacity < 100) throw new RangeError(`capacity is ${capacity}: give a whole number from 100`)
    this.#clock = clock
    this.#slots = new Slots(capacity)
  }

  /** How many keys are held. */
  get size(): number {
    return this.#slots.size
  }

  consume(charges: readonly Charge[]): Verdict {
    const now = this.#clock.now()
    this.#sweep(now)
    return this.#allows(charges, now) ? this.#charge(charges, now) : this.#refusal(charges, now)
  }

  refund(charges: readonly Charge[], verdict: Verdict): void {
    const now = this.#clock.now()
    let place = 0
    for (const charge of charges) {
      const counter = this.#find(charge)
      for (let index = 0; index < charge.windows.length; index += 1) {
        const endsAt = verdict.windows[place]?.endsAt
        if (counter !== undefined && endsAt !== undefined) counter.giveBack(index, charge.cost, endsAt, now)
        place += 1
      }
    }
  }

  #find({ rule, key }: Charge): Counter | undefined {
    return this.#families.get(rule)?.counters.get(boundedKey(key))
  }

  /** Also notes which counters the call is about. */
  #allows(charges: readonly Charge[], now: number): boolean {
    let isAllowed = true
    this.#found.length = charges.length
    for (let at = 0; at < charges.length; at += 1) {
      const charge = charges[at] as Charge
      const counter = this.#find(charge)
      this.#found[at] = counter
      counter?.heedClock(now)
      if (charge.capped === true) continue
      for (let index = 0; index < charge.windows.length; index += 1) {
        if (charge.cost > leftOf(charge.windows[index] as Limit, counter, index, now)) isAllowed = false
      }
    }
    return isAllowed
  }

  #charge(charges: readonly Charge[], now: number): Verdict {
    const uses: WindowUse[] = []
    for (let at = 0; at < charges.length; at += 1) {
      const charge = charges[at] as Charge
      const counter = (this.#found[at] ??= this.#add(charge, now))
      let lastEnd = now
      let weight = 0
      for (let index = 0; index < charge.windows.length; index += 1) {
        const limit = charge.windows[index] as Limit
        const endsAt = counter.take(index, limit, charge.cost, now)
        const remaining = leftOf(limit, counter, index, now)
        uses.push({ remaining, reset: endsAt - now, endsAt })
        lastEnd = Math.max(lastEnd, endsAt)
        weight = Math.max(weight, weightOf(limit, remaining))
      }
      this.#slots.note(counter, lastEnd, weight)
    }
    return { allowed: true, windows: uses, refusedBy: -1, retryAfter: 0 }
  }

  #refusal(charges: readonly Charge[], now: number): Verdict {
    const uses: WindowUse[] = []
    let refusedBy = -1
    let retryAfter = 0
    for (const [at, { windows, cost, capped }] of charges.entries()) {
      const counter = this.#found[at]
      for (const [index, limit] of windows.entries()) {
        const endsAt = counter?.endOf(index, limit, now) ?? now + limit.window
        const remaining = leftOf(limit, counter, index, now)
        if (capped !== true && cost > remaining && endsAt - now > retryAfter) {
          refusedBy = uses.length
          retryAfter = endsAt - now
        }
        uses.push({ remaining, reset: endsAt - now, endsAt })
      }
    }
    return { allowed: false, windows: uses, refusedBy, retryAfter }
  }

  #add({ rule, key, windows }: Charge, now: number): Counter {
    if (this.#slots.size === this.#slots.capacity) this.#remove(this.#slots.lightest(now, this.#found))
    const family = this.#families.get(rule) ?? new Family(windows)
    this.#families.set(rule, family)
    const counter = new Counter(family, detached(boundedKey(key)))
    family.counters.set(counter.key, counter)
    this.#slots.add(counter)
    return counter
  }

  #sweep(now: number): void {
    for (let looked = 0; looked < sweptPerCall; looked += 1) this.#remove(this.#slots.nextEnded(now))
  }

  #remove(counter: Counter | undefined): void {
    if (counter === undefined) return
    counter.family.counters.delete(counter.key)
    this.#slots.remove(counter)
  }
}

/**
 * What would be lost with a counter: charges times the share of the limit that they are. To outweigh a counter that is used up
 * takes at least as many charges as it has, whatever the limit they are charged to.
 */
function weightOf({ count }: Limit, remaining: number): number {
  const used = count - remaining
  return (used * used) / count
}
