/** How many places a mark can stand in: beside each other, so that a search reads one line of the processor's cache. */
const row = 8

/**
 * Marks of counters that a full table pushed out, in a fraction of their room: who floods a store with new keys until its own counter
 * goes must push out this mark too. A mark stands in a row of a few; where the row is full, one that has ended makes way, else of two
 * picked by chance the one that says less: what says more stays for as long as anything in its row says less.
 */
export class ForgottenCounters {
  readonly #mask: number
  readonly #lows: Int32Array
  readonly #highs: Int32Array
  readonly #shares: Float32Array
  readonly #lastEnds: Float64Array

  /** @param places a power of two, 8 or more */
  constructor(places: number) {
    this.#mask = places / row - 1
    this.#lows = new Int32Array(places)
    this.#highs = new Int32Array(places)
    this.#shares = new Float32Array(places)
    this.#lastEnds = new Float64Array(places)
  }

  add(low: number, high: number, share: number, lastEnd: number, now: number): void {
    const place = this.#placeFor(low, high, share, now)
    if (place < 0) return
    this.#lows[place] = low
    this.#highs[place] = high
    this.#shares[place] = share
    this.#lastEnds[place] = lastEnd
  }

  find(low: number, high: number, now: number): { readonly share: number; readonly lastEnd: number } | undefined {
    const place = this.#find(low, high)
    const lastEnd = place < 0 ? 0 : (this.#lastEnds[place] as number)
    return lastEnd <= now ? undefined : { share: this.#shares[place] as number, lastEnd }
  }

  endBy(low: number, high: number, lastEnd: number): void {
    const place = this.#find(low, high)
    if (place >= 0) this.#lastEnds[place] = Math.min(this.#lastEnds[place] as number, lastEnd)
  }

  remove(low: number, high: number): void {
    const place = this.#find(low, high)
    if (place >= 0) this.#lastEnds[place] = 0
  }

  #find(low: number, high: number): number {
    const first = this.#rowOf(low, high)
    for (let place = first; place < first + row; place += 1) {
      if (this.#highs[place] === high && this.#lows[place] === low) return place
    }
    return -1
  }

  /**
   * Where a mark can stand, or -1. To one that says more it comes as often as its share is of the other's. Not always: a flood of little
   * marks would be cheap. Not never: behind a flood of larger ones, who uses a little of a limit each time would be new each time.
   */
  #placeFor(low: number, high: number, share: number, now: number): number {
    const same = this.#find(low, high)
    if (same >= 0) return same
    const first = this.#rowOf(low, high)
    for (let place = first; place < first + row; place += 1) if ((this.#lastEnds[place] as number) <= now) return place
    const one = Math.floor(Math.random() * row)
    const other = (one + 1 + Math.floor(Math.random() * (row - 1))) % row
    const [oneSays, otherSays] = [this.#shares[first + one] as number, this.#shares[first + other] as number]
    if (Math.random() * Math.min(oneSays, otherSays) > share) return -1
    return first + (oneSays < otherSays ? one : other)
  }

  /** By both halves: the windows of a key have one lower half, and would stand in each other's way. */
  #rowOf(low: number, high: number): number {
    return ((low ^ Math.imul(high, 0x9e3779b1)) & this.#mask) * row
  }
}
