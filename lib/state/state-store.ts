/** A value now, or a promise of it. */
export type Awaitable<T> = T | Promise<T>

/**
 * Keeps small texts under names, each for a time, for all processes of an API together: revoked tokens, authorization codes,
 * sessions, proofs that were seen. Each method is atomic: of any number of calls at once, from any number of processes, `add`,
 * `replace` and `take` tell exactly one that it was the one. Where the store fails, is late or has no room, each throws
 * `Unavailable` (503); a value that was kept is never dropped before its time to make room for another. What a call that ended
 * so has done is not known: it may still be done later, and was not granted.
 *
 * A key is any text. A value is any text without NUL and without half a surrogate pair; for others a `TypeError` is thrown.
 *
 * Times are milliseconds since 1970. `until` is when a value ends: from that millisecond on it is as if it had never been.
 * `Infinity` keeps it for good; a time that has passed keeps nothing, and what was in its place is gone; for `NaN` a
 * `RangeError` is thrown.
 */
export interface StateStore {
  /** What is kept under `key`, or undefined. */
  get(key: string): Awaitable<string | undefined>
  /** Keeps `value`, in the place of what was there. */
  set(key: string, value: string, until: number): Awaitable<void>
  /** Keeps `value` where nothing is kept under `key`; answers whether nothing was. */
  add(key: string, value: string, until: number): Awaitable<boolean>
  /** Keeps `value` where what is kept is `expected`, to the character; answers whether it was. */
  replace(key: string, expected: string, value: string, until: number): Awaitable<boolean>
  /** Takes away what is kept, and answers with it. */
  take(key: string): Awaitable<string | undefined>
  /** Calls `listener` whenever the server behind this store fails or comes back. */
  watch?(listener: (change: StoreChange) => void): void
}

/** The server behind a store was lost, or is back. */
export interface StoreChange {
  /** Such as `Redis`. */
  readonly store: string
  readonly state: 'lost' | 'back'
  /** What it failed with, where it was lost. */
  readonly error?: unknown
}
