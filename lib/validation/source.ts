/** An object as it was sent. */
export type Source = Readonly<Record<string, unknown>>

/** What happens to properties without rules. */
export type UnknownProperties = 'refuse' | 'drop'

/** How objects are copied. */
export interface CopyOptions {
  readonly unknown: UnknownProperties
  /** The longest list that a property may hold. */
  readonly maxItems: number
}

/** How many objects may stand in one another. */
export const deepest = 32

/** Whether a value is an object, lists apart. */
export function isObject(value: unknown): value is Source {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
