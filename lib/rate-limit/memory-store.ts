import type { Clock } from '../context.js'
import { boundedKey } from './bounded-key.js'
import { CounterTable } from './counter-table.js'
import type { Worth } from './counter-table.js'
import { KeyHash } from './key-hash.js'
import { capacityOf } from './limit.js'
import type { Limit } from './limit.js'
import { isPenaltyAhead, penaltyLeft, punish, restart } from './penalty.js'
import type { Penalty, Charge, RateLimitStore, Verdict, WindowUse } from './store.js'
import { blankTally, endOf, giveBack, isAhead, lastEndOf, leftOf, remake, settle, take, untilRoom, untilWhole } from './tally.js'
import type { Tally } from './tally.js'
import { allowedVerdict, refusedVerdict } from './verdict.js'

/** Options of the store in memory. */
export interface MemoryRateLimitStoreOptions {
  /** @default the system's */
  readonly clock?: Clock
  /**
   * How many counters are kept, 100 or more: one for each key and window. Each takes 110 to 170 bytes. A tenth as many penalties are kept
   * besides. @default 100,000
   */
  readonly capacity?: number
}

/** How many counters each call looks at for some that have ended: the whole store is walked faster than it can grow. */
const sweptPerCall = 2

/**
 * Counts calls in this process. It holds a bounded number of counters, and of a request nothing but a hash of its key; two keys share
 * a counter by a chance of one in 2^64, which nobody outside can improve.
 *
 * Counters that have ended go first. When it is full of others, a new key takes the place of one that has little of its limits used: a
 * counter that is used up after n charges makes way only where others of n charges or more fill the store, not for as many new keys as
 * somebody can think of; and where it has gone, it begins with what it had used when its key comes back.
 */
export class MemoryRateLimitStore implements RateLimitStore {
  readonly #clock: Clock
  readonly #capacity: number
  #counterTable: CounterTable | undefined
  #penaltyTable: CounterTable | undefined
  /** A number for each rule: so no text has to be put together for each call. */
  readonly #rules = new Map<string, number>()
  readonly #hash = new KeyHash()
  readonly #tally = blankTally()
  /** Of the call at hand, the hashes of its keys; kept so that no call allocates any. */
  readonly #lows: number[] = []
  readonly #highs: number[] = []

  /** Throws a `RangeError` where `capacity` is not a whole number from 100. */
  constructor({ clock = { now: () => Date.now() }, capacity = 100_000 }: MemoryRateLimitStoreOptions = {}) {
    if (!Number.isSafeInteger(capacity) || capacity < 100) throw new RangeError(`capacity is ${capacity}: give a whole number from 100`)
    this.#clock = clock
    this.#capacity = capacity
  }

  /** Made with the first call: an API that limits nothing, or elsewhere, has no use for its room. */
  #counters(): CounterTable {
    return (this.#counterTable ??= new CounterTable(this.#capacity))
  }

  #penalties(): CounterTable {
    return (this.#penaltyTable ??= new CounterTable(Math.ceil(this.#capacity / 10)))
  }

  /** How many counters are held. */
  get size(): number {
    return this.#counterTable?.size ?? 0
  }

  consume(charges: readonly Charge[]): Verdict {
    const now = this.#clock.now()
    this.#counters().sweep(sweptPerCall, now)
    this.#penalties().sweep(sweptPerCall, now)
    this.#hashAll(charges)
    if (this.#allows(charges, now)) return this.#charge(charges, now)
    this.#heedClock(charges, now)
    this.#punish(charges, now)
    return this.#uncharged(charges, now)
  }

  refund(charges: readonly Charge[], verdict: Verdict): void {
    const now = this.#clock.now()
    this.#hashAll(charges)
    let place = 0
    for (const [at, { windows, cost }] of charges.entries()) {
      for (const [index, limit] of windows.entries()) {
        const endsAt = verdict.windows[place]?.endsAt
        place += 1
        const slot = this.#find(at, index)
        if (slot < 0 || endsAt === undefined) continue
        this.#counters().load(slot, this.#tally)
        giveBack(this.#tally, limit, cost, endsAt, now)
        this.#counters().save(slot, this.#tally, worthOf(this.#tally, limit, now))
      }
    }
  }

  read(charges: readonly Charge[]): Verdict {
    const now = this.#clock.now()
    this.#hashAll(charges)
    return this.#uncharged(charges, now)
  }

  reset(charges: readonly Charge[]): void {
    this.#hashAll(charges)
    for (const [at, { windows }] of charges.entries()) {
      for (const index of windows.keys()) this.#forget(this.#counters(), at, index)
      this.#forget(this.#penalties(), at, 0)
    }
  }

  #hashAll(charges: readonly Charge[]): void {
    // To set the length of an array costs as much as all the hashing, where it is the same as ever too.
    if (this.#lows.length > charges.length) this.#lows.length = this.#highs.length = charges.length
    for (let at = 0; at < charges.length; at += 1) {
      const { rule, key } = charges[at] as Charge
      this.#hash.of(this.#numberOf(rule), boundedKey(key))
      this.#lows[at] = this.#hash.low
      this.#highs[at] = this.#hash.high
    }
  }

  #numberOf(rule: string): number {
    let number = this.#rules.get(rule)
    if (number === undefined) this.#rules.set(rule, (number = this.#rules.size))
    return number
  }

  /** The windows of a key have one lower hash and follow each other in the upper. */
  #high(at: number, index: number): number {
    return ((this.#highs[at] as number) + index) | 0
  }

  #find(at: number, index: number): number {
    return this.#counters().find(this.#lows[at] as number, this.#high(at, index))
  }

  /** What a window has counted by now, in `#tally`; says where it stands, or -1. */
  #open(at: number, index: number, limit: Limit, now: number): number {
    const slot = this.#find(at, index)
    if (slot >= 0) this.#counters().load(slot, this.#tally)
    else this.#begin(at, index, limit, now)
    settle(this.#tally, limit, now)
    return slot
  }

  /** A new counter, or one that was pushed out and comes back. */
  #begin(at: number, index: number, limit: Limit, now: number): void {
    const tally = this.#tally
    tally.at = -Infinity
    tally.used = 0
    tally.before = 0
    const mark = this.#counters().markOf(this.#lows[at] as number, this.#high(at, index), now)
    if (mark !== undefined) remake(tally, limit, Math.round(mark.share * capacityOf(limit)), mark.lastEnd, now)
  }

  #allows(charges: readonly Charge[], now: number): boolean {
    for (let at = 0; at < charges.length; at += 1) {
      const { windows, cost, capped, penalty } = charges[at] as Charge
      if (penalty !== undefined && this.#penaltyLeft(at, penalty, now) > 0) return false
      if (capped === true) continue
      for (let index = 0; index < windows.length; index += 1) {
        const limit = windows[index] as Limit
        this.#open(at, index, limit, now)
        if (cost > leftOf(this.#tally, limit, now)) return false
      }
    }
    return true
  }

  #charge(charges: readonly Charge[], now: number): Verdict {
    const uses: WindowUse[] = []
    const tally = this.#tally
    for (let at = 0; at < charges.length; at += 1) {
      const { windows, cost } = charges[at] as Charge
      for (let index = 0; index < windows.length; index += 1) {
        const limit = windows[index] as Limit
        let slot = this.#open(at, index, limit, now)
        take(tally, limit, Math.min(cost, leftOf(tally, limit, now)))
        if (slot < 0) slot = this.#counters().add(this.#lows[at] as number, this.#high(at, index), now, this.#lows)
        this.#counters().save(slot, tally, worthOf(tally, limit, now))
        uses.push({ remaining: leftOf(tally, limit, now), reset: untilWhole(tally, limit, now), endsAt: endOf(tally, limit) })
      }
    }
    return allowedVerdict(uses)
  }

  /** What the windows and penalties say, and the verdict that follows from it. */
  #uncharged(charges: readonly Charge[], now: number): Verdict {
    const uses: WindowUse[] = []
    const penalties: number[] = []
    for (const [at, { windows, cost, capped, penalty }] of charges.entries()) {
      penalties.push(penalty === undefined ? 0 : this.#penaltyLeft(at, penalty, now))
      for (const [index, limit] of windows.entries()) {
        this.#open(at, index, limit, now)
        const remaining = leftOf(this.#tally, limit, now)
        const isRefusing = capped !== true && cost > remaining
        const reset = isRefusing ? untilRoom(this.#tally, limit, cost, now) : untilWhole(this.#tally, limit, now)
        uses.push({ remaining, reset, endsAt: endOf(this.#tally, limit) })
      }
    }
    return refusedVerdict(charges, uses, penalties)
  }

  /**
   * Where the clock was set back, what nobody writes down would never come nearer to its end. A window that was pushed out stays out: who
   * is refused pushes out nobody.
   */
  #heedClock(charges: readonly Charge[], now: number): void {
    for (const [at, { windows, penalty }] of charges.entries()) {
      if (penalty !== undefined) this.#heedClockOfPenalty(at, penalty, now)
      for (const [index, limit] of windows.entries()) {
        const slot = this.#find(at, index)
        if (slot < 0) {
          this.#open(at, index, limit, now)
          this.#counters().endBy(this.#lows[at] as number, this.#high(at, index), lastEndOf(this.#tally, limit))
          continue
        }
        this.#counters().load(slot, this.#tally)
        if (!isAhead(this.#tally, limit, now)) continue
        settle(this.#tally, limit, now)
        this.#counters().save(slot, this.#tally, worthOf(this.#tally, limit, now))
      }
    }
  }

  #heedClockOfPenalty(at: number, penalty: Penalty, now: number): void {
    const slot = this.#penalties().find(this.#lows[at] as number, this.#highs[at] as number)
    if (slot < 0) return
    this.#penalties().load(slot, this.#tally)
    if (!isPenaltyAhead(this.#tally, penalty, now)) return
    restart(this.#tally, penalty, now)
    this.#savePenalty(slot, this.#tally)
  }

  #punish(charges: readonly Charge[], now: number): void {
    for (const [at, { windows, cost, capped, penalty }] of charges.entries()) {
      if (penalty === undefined || capped === true || this.#penaltyLeft(at, penalty, now) > 0) continue
      const isBroken = windows.some((limit, index) => {
        this.#open(at, index, limit, now)
        return cost > leftOf(this.#tally, limit, now)
      })
      if (isBroken) this.#punishKey(at, penalty, now)
    }
  }

  #punishKey(at: number, penalty: Penalty, now: number): void {
    const low = this.#lows[at] as number
    const high = this.#highs[at] as number
    let slot = this.#penalties().find(low, high)
    const tally = slot < 0 ? blankTally() : this.#tally
    if (slot < 0) slot = this.#penalties().add(low, high, now, this.#lows)
    else this.#penalties().load(slot, tally)
    punish(tally, penalty, now)
    this.#savePenalty(slot, tally)
  }

  #savePenalty(slot: number, tally: Tally): void {
    this.#penalties().save(slot, tally, { lastEnd: tally.before, weight: tally.used, share: 0 })
  }

  #penaltyLeft(at: number, penalty: Penalty, now: number): number {
    const slot = this.#penalties().find(this.#lows[at] as number, this.#highs[at] as number)
    if (slot < 0) return 0
    this.#penalties().load(slot, this.#tally)
    return penaltyLeft(this.#tally, penalty, now)
  }

  #forget(table: CounterTable, at: number, index: number): void {
    table.forget(this.#lows[at] as number, this.#high(at, index))
  }
}

/**
 * What would be lost with a counter: charges times the share of the limit that they are. To outweigh a counter that is used up
 * takes at least as many charges as it has, whatever the limit they are charged to.
 */
function worthOf(tally: Tally, limit: Limit, now: number): Worth {
  const capacity = capacityOf(limit)
  const share = (capacity - leftOf(tally, limit, now)) / capacity
  return { lastEnd: lastEndOf(tally, limit), weight: share * share * capacity, share }
}
