import type { Clock } from '../../context.js'

/** Milliseconds. */
const rest = 2_000
/** So many are remembered at once; past that the eldest is forgotten. */
const most = 10_000

/** What failed a moment ago and is left alone for two seconds. */
export class Rests {
  readonly #until = new Map<string, number>()

  constructor(private readonly clock: Clock) {}

  has(name: string): boolean {
    return (this.#until.get(name) ?? -Infinity) > this.clock.now()
  }

  add(name: string): void {
    this.#until.delete(name)
    const [eldest] = this.#until.keys()
    if (eldest !== undefined && this.#until.size >= most) this.#until.delete(eldest)
    this.#until.set(name, this.clock.now() + rest)
  }
}
