/**
 * A set that stays as it is made, for what is remembered of a caller: freezing a `Set` would not keep anybody from adding to it, and what
 * one request has added the caller's next one would have.
 */
export class FixedSet<T> extends Set<T> {
  constructor(values: Iterable<T> = []) {
    super()
    for (const value of values) super.add(value)
    Object.freeze(this)
  }

  override add(): never {
    return refuse()
  }

  override delete(): never {
    return refuse()
  }

  override clear(): never {
    return refuse()
  }
}

function refuse(): never {
  throw new TypeError('this set cannot be changed')
}
