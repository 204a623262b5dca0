import type { Counter } from './counter.js'

/** How many counters are compared where one has to go. */
const compared = 8

/**
 * Where counters stand, without gaps, to be walked and sampled. What decides about their going lies in arrays of numbers: a
 * flood of new keys, each of which makes another go, must not fetch eight counters from all over the memory each time.
 */
export class Slots {
  readonly #counters: Counter[] = []
  readonly #lastEnds: Float64Array
  readonly #weights: Float64Array
  readonly #births: Float64Array
  #born = 0
  #hand = 0

  constructor(readonly capacity: number) {
    this.#lastEnds = new Float64Array(capacity)
    this.#weights = new Float64Array(capacity)
    this.#births = new Float64Array(capacity)
  }

  get size(): number {
    return this.#counters.length
  }

  add(counter: Counter): void {
    counter.slot = this.#counters.length
    this.#counters.push(counter)
    this.#births[counter.slot] = this.#born += 1
  }

  /** Says when the last window of a counter ends, and how much would be lost with it. */
  note({ slot }: Counter, lastEnd: number, weight: number): void {
    this.#lastEnds[slot] = lastEnd
    this.#weights[slot] = weight
  }

  /** The last takes the place of the one that goes. */
  remove({ slot }: Counter): void {
    const last = this.#counters.pop()
    if (last === undefined || last.slot === slot) return
    for (const column of [this.#lastEnds, this.#weights, this.#births]) column[slot] = column[last.slot] ?? 0
    this.#counters[slot] = last
    last.slot = slot
  }

  /** Goes to the next counter, round and round; gives it where it has ended. */
  nextEnded(now: number): Counter | undefined {
    if (this.#hand >= this.size) this.#hand = 0
    if ((this.#lastEnds[this.#hand] ?? 0) <= now) return this.#counters[this.#hand]
    this.#hand += 1
    return undefined
  }

  /**
   * Of some counters picked by chance one that has ended, else the one that weighs least, of equals the youngest. By chance, so
   * that nobody can lay out neighbours that make a certain counter the least of its row; the youngest, so that a flood of new
   * keys pushes out itself. Those in `atHand` stay.
   */
  lightest(now: number, atHand: ReadonlyArray<Counter | undefined>): Counter | undefined {
    let lightest = -1
    let least = Infinity
    for (let looked = 0; looked < compared || lightest < 0; looked += 1) {
      const slot = Math.floor(Math.random() * this.size)
      if (looked < this.size && atHand.some((counter) => counter?.slot === slot)) continue
      const weight = (this.#lastEnds[slot] ?? 0) > now ? (this.#weights[slot] ?? 0) : -1
      if (weight > least || (weight === least && (this.#births[slot] ?? 0) < (this.#births[lightest] ?? 0))) continue
      lightest = slot
      least = weight
    }
    return this.#counters[lightest]
  }
}
