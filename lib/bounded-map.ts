/** A value with its neighbours in the order in which they came. */
interface Link<Key, Value> {
  readonly key: Key
  readonly value: Value
  older: Link<Key, Value> | undefined
  newer: Link<Key, Value> | undefined
}

/**
 * A map of so many values: the oldest makes room for another. It holds them in a chain of its own, because a `Map` that is asked for
 * its first key walks past all that were deleted before it: tens of thousands, where it is large and full.
 */
export class BoundedMap<Key, Value> {
  readonly #links = new Map<Key, Link<Key, Value>>()
  #oldest: Link<Key, Value> | undefined
  #newest: Link<Key, Value> | undefined

  constructor(private readonly capacity: number) {}

  get size(): number {
    return this.#links.size
  }

  get(key: Key): Value | undefined {
    return this.#links.get(key)?.value
  }

  /** Keeps a value as the newest. */
  set(key: Key, value: Value): void {
    this.delete(key)
    if (this.#oldest !== undefined && this.#links.size >= this.capacity) this.delete(this.#oldest.key)
    const link: Link<Key, Value> = { key, value, older: this.#newest, newer: undefined }
    if (this.#newest === undefined) this.#oldest = link
    else this.#newest.newer = link
    this.#newest = link
    this.#links.set(key, link)
  }

  delete(key: Key): void {
    const link = this.#links.get(key)
    if (link === undefined) return
    this.#links.delete(key)
    const { older, newer } = link
    if (older === undefined) this.#oldest = newer
    else older.newer = newer
    if (newer === undefined) this.#newest = older
    else newer.older = older
    // Else what has gone would keep what came after it from being collected early.
    link.older = link.newer = undefined
  }
}
