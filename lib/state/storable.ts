import { createHash } from 'node:crypto'

const longestName = 500

/**
 * Throws a `TypeError` for a value that some store would give back changed or not at all, a `RangeError` for an `until` that is
 * no time: what a store in memory let pass would fail in production only.
 */
export function requireStorable(value: string, until: number): void {
  if (!isStorable(value)) throw new TypeError('a value has a NUL or half a surrogate pair: keep it as JSON')
  if (Number.isNaN(until)) throw new RangeError('until is NaN: give milliseconds since 1970, or Infinity')
}

/** Whether every store keeps the text as it is. */
export function isStorable(text: string): boolean {
  return !/[\0\p{Surrogate}]/u.test(text)
}

/**
 * The name of a key outside this process. A key that would be cut at a NUL, changed into another's name or longer than an index
 * of a database takes stands under its hash: who chooses part of a key must not reach, or break, another's entry.
 */
export function nameOf(key: string): string {
  if (key.length <= longestName && !key.startsWith('#') && isStorable(key)) return key
  return `#${createHash('sha256').update(key, 'utf16le').digest('base64url')}`
}
