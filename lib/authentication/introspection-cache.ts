import { BoundedMap } from '../bounded-map.js'

interface Entry<T> {
  readonly value: T
  readonly from: number
  readonly until: number
}

/** Values by name, each for a while. When it is full the oldest goes. Times are milliseconds since 1970. */
export class IntrospectionCache<T> {
  readonly #entries: BoundedMap<string, Entry<T>>

  constructor(size: number) {
    this.#entries = new BoundedMap(size)
  }

  /** The value, while it lasts; a clock that is set back to before it was kept ends it as well. */
  get(name: string, now: number): T | undefined {
    const entry = this.#entries.get(name)
    return entry !== undefined && now >= entry.from && now < entry.until ? entry.value : undefined
  }

  delete(name: string): void {
    this.#entries.delete(name)
  }

  /** Keeps a value from `from` until `until`, if there is any time between them. */
  set(name: string, value: T, from: number, until: number): void {
    if (from < until) this.#entries.set(name, { value, from, until })
    else this.#entries.delete(name)
  }
}
