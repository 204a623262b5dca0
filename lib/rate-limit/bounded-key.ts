import { createHash } from 'node:crypto'

/** Longer keys are held as their hash, so that no caller decides how much memory a key takes. */
const longest = 200

/** The key itself, or its SHA-256 where it is long. */
export function boundedKey(key: string): string {
  return key.length <= longest ? key : `sha256:${createHash('sha256').update(key).digest('base64url')}`
}

/** The same text in memory of its own: what was cut out of a body or a header otherwise keeps the whole of it alive. */
export function detached(key: string): string {
  return ` ${key}`.slice(1)
}
