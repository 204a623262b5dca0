/**
 * Marks of counters that a full table pushed out, in a fraction of their room: who floods a store with new keys until its own counter
 * goes must push out this mark too. Each mark has one place; one that has ended, or says less, makes way.
 */
export class ForgottenCounters {
  readonly #places: number
  readonly #highs: Int32Array
  readonly #shares: Float32Array
  readonly #lastEnds: Float64Array

  /** @param places a power of two */
  constructor(places: number) {
    this.#places = places
    this.#highs = new Int32Array(places)
    this.#shares = new Float32Array(places)
    this.#lastEnds = new Float64Array(places)
  }

  add(low: number, high: number, share: number, lastEnd: number, now: number): void {
    const place = this.#placeOf(low)
    if ((this.#lastEnds[place] as number) > now && (this.#shares[place] as number) > share && this.#highs[place] !== high) return
    this.#highs[place] = high
    this.#shares[place] = share
    this.#lastEnds[place] = lastEnd
  }

  find(low: number, high: number, now: number): { readonly share: number; readonly lastEnd: number } | undefined {
    const place = this.#placeOf(low)
    const lastEnd = this.#lastEnds[place] as number
    if (this.#highs[place] !== high || lastEnd <= now) return undefined
    return { share: this.#shares[place] as number, lastEnd }
  }

  remove(low: number, high: number): void {
    const place = this.#placeOf(low)
    if (this.#highs[place] === high) this.#lastEnds[place] = 0
  }

  #placeOf(low: number): number {
    return low & (this.#places - 1)
  }
}
