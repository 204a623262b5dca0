/** A number of bytes, or words such as `'100kb'`, `'1mb'` and `'2gb'` (powers of ten). */
export type ByteSize = number | `${number}${'b' | 'kb' | 'mb' | 'gb'}`

const units: ReadonlyMap<string, number> = new Map([
  ['b', 1],
  ['kb', 1_000],
  ['mb', 1_000_000],
  ['gb', 1_000_000_000],
])

/** The bytes that a size means; undefined where it means none. */
export function toBytes(size: ByteSize): number | undefined {
  const words = typeof size === 'string' ? /^(\d+(?:\.\d+)?)(b|kb|mb|gb)$/i.exec(size) : null
  const bytes = typeof size === 'number' ? size : Number(words?.[1]) * (units.get((words?.[2] ?? '').toLowerCase()) ?? Number.NaN)
  return Number.isSafeInteger(bytes) && bytes >= 0 ? bytes : undefined
}
