import { createHash } from 'node:crypto'

/** Longer keys are held as their hash, so that no caller decides how much memory a key takes. */
const longest = 200

/** The key itself, or its SHA-256 where it is long. */
export function boundedKey(key: string): string {
  return key.length <= longest ? key : `sha256:${createHash('sha256').update(key).digest('base64url')}`
}
