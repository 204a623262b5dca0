import { ForgottenCounters } from './forgotten-counters.js'
import type { Tally } from './tally.js'

/** How many counters are compared where one has to go. */
const compared = 8

/** What makes one counter more worth keeping than another. */
export interface Worth {
  /** When nothing of it counts any more. */
  readonly lastEnd: number
  /** How much would be lost with it. */
  readonly weight: number
  /** How much of its limit is used up, from 0 to 1. */
  readonly share: number
}

/**
 * A bounded number of counters, found by 64 bits of hash, in columns of numbers: a million of them are no objects for the garbage
 * collector to walk, no growing of the table ever stops the process, and memory is taken as places are first used.
 *
 * A counter that was pushed out leaves a mark for as long as it would have counted, and begins there when its key comes back.
 */
export class CounterTable {
  readonly #capacity: number
  readonly #mask: number
  /** By hash, with linear probing: the place of a counter, from 1; 0 is free. */
  readonly #index: Int32Array
  readonly #lows: Int32Array
  readonly #highs: Int32Array
  /** Three numbers for each counter. */
  readonly #tallies: Float64Array
  readonly #lastEnds: Float64Array
  readonly #weights: Float32Array
  readonly #shares: Float32Array
  readonly #births: Uint32Array
  readonly #forgotten: ForgottenCounters
  #size = 0
  #born = 0
  #hand = 0

  constructor(capacity: number) {
    this.#capacity = capacity
    const places = 2 ** Math.ceil(Math.log2(capacity * 2))
    this.#mask = places - 1
    this.#index = new Int32Array(places)
    this.#lows = new Int32Array(capacity)
    this.#highs = new Int32Array(capacity)
    this.#tallies = new Float64Array(capacity * 3)
    this.#lastEnds = new Float64Array(capacity)
    this.#weights = new Float32Array(capacity)
    this.#shares = new Float32Array(capacity)
    this.#births = new Uint32Array(capacity)
    this.#forgotten = new ForgottenCounters(places)
  }

  get size(): number {
    return this.#size
  }

  /** Where a counter stands, or -1. A place holds until the next `add`, `remove` or `sweep`. */
  find(low: number, high: number): number {
    for (let at = low & this.#mask; ; at = (at + 1) & this.#mask) {
      const slot = (this.#index[at] as number) - 1
      if (slot < 0 || (this.#lows[slot] === low && this.#highs[slot] === high)) return slot
    }
  }

  /** Puts what a counter has counted into `tally`. */
  load(slot: number, tally: Tally): void {
    tally.at = this.#tallies[3 * slot] as number
    tally.used = this.#tallies[3 * slot + 1] as number
    tally.before = this.#tallies[3 * slot + 2] as number
  }

  save(slot: number, { at, used, before }: Tally, { lastEnd, weight, share }: Worth): void {
    this.#tallies[3 * slot] = at
    this.#tallies[3 * slot + 1] = used
    this.#tallies[3 * slot + 2] = before
    this.#lastEnds[slot] = lastEnd
    this.#weights[slot] = weight
    this.#shares[slot] = share
  }

  /** How much of its limit a counter had used up when it was pushed out, and until when that counts. */
  markOf(low: number, high: number, now: number): Pick<Worth, 'share' | 'lastEnd'> | undefined {
    return this.#forgotten.find(low, high, now)
  }

  /** Has the mark of a counter that was pushed out end no later than that. */
  endBy(low: number, high: number, lastEnd: number): void {
    this.#forgotten.endBy(low, high, lastEnd)
  }

  /**
   * Makes room for a counter, and takes its mark away; where the table is full, by pushing out another one than those whose lower hash is
   * in `atHand`.
   */
  add(low: number, high: number, now: number, atHand: readonly number[]): number {
    this.#forgotten.remove(low, high)
    if (this.#size === this.#capacity) this.#pushOut(this.#lightest(now, atHand), now)
    const slot = this.#size
    this.#lows[slot] = low
    this.#highs[slot] = high
    this.#births[slot] = this.#born += 1
    this.#index[this.#placeFor(low)] = slot + 1
    this.#size += 1
    return slot
  }

  /** Removes a counter, and its mark. */
  forget(low: number, high: number): void {
    const slot = this.find(low, high)
    if (slot >= 0) this.remove(slot)
    this.#forgotten.remove(low, high)
  }

  /** Looks at the next `count` counters, round and round, and removes those that have ended. */
  sweep(count: number, now: number): void {
    for (let looked = 0; looked < count && this.#size > 0; looked += 1) {
      if (this.#hand >= this.#size) this.#hand = 0
      if ((this.#lastEnds[this.#hand] as number) <= now) this.remove(this.#hand)
      else this.#hand += 1
    }
  }

  /** The last counter takes the place of the one that goes. */
  remove(slot: number): void {
    this.#unindex(slot)
    const last = (this.#size -= 1)
    if (slot === last) return
    this.#index[this.#placeOf(last)] = slot + 1
    for (const column of [this.#lows, this.#highs, this.#lastEnds, this.#weights, this.#shares, this.#births]) {
      column[slot] = column[last] as number
    }
    this.#tallies.copyWithin(3 * slot, 3 * last, 3 * last + 3)
  }

  #pushOut(slot: number, now: number): void {
    const lastEnd = this.#lastEnds[slot] as number
    if (lastEnd > now)
      this.#forgotten.add(this.#lows[slot] as number, this.#highs[slot] as number, this.#shares[slot] as number, lastEnd, now)
    this.remove(slot)
  }

  /**
   * Of some counters picked by chance one that has ended, else the one that weighs least, of equals the youngest. By chance, so that
   * nobody can lay out neighbours that make a certain counter the least of its row; the youngest, so that a flood of new keys pushes out
   * itself.
   */
  #lightest(now: number, atHand: readonly number[]): number {
    let lightest = -1
    let least = Infinity
    for (let looked = 0; looked < compared || lightest < 0; looked += 1) {
      const slot = Math.floor(Math.random() * this.#size)
      if (looked < this.#size && atHand.includes(this.#lows[slot] as number)) continue
      const weight = (this.#lastEnds[slot] as number) > now ? (this.#weights[slot] as number) : -1
      if (weight > least || (weight === least && (this.#births[slot] as number) < (this.#births[lightest] as number))) continue
      lightest = slot
      least = weight
    }
    return lightest
  }

  #placeFor(low: number): number {
    let at = low & this.#mask
    while (this.#index[at] !== 0) at = (at + 1) & this.#mask
    return at
  }

  #placeOf(slot: number): number {
    let at = (this.#lows[slot] as number) & this.#mask
    while (this.#index[at] !== slot + 1) at = (at + 1) & this.#mask
    return at
  }

  /** Frees a place, and moves up what was pushed behind it by others: no search ends too early. */
  #unindex(slot: number): void {
    let free = this.#placeOf(slot)
    for (let at = (free + 1) & this.#mask; this.#index[at] !== 0; at = (at + 1) & this.#mask) {
      const home = (this.#lows[(this.#index[at] as number) - 1] as number) & this.#mask
      if (((at - home) & this.#mask) < ((at - free) & this.#mask)) continue
      this.#index[free] = this.#index[at] as number
      free = at
    }
    this.#index[free] = 0
  }
}
