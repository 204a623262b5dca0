import { createHash } from 'node:crypto'
import { nameOf } from '../state/storable.js'
import type { Charge } from './store.js'

/** Longer keys are held as their hash, so that no caller decides how much memory a key takes. */
const longest = 200

/** The key itself, or its SHA-256 where it is long. */
export function boundedKey(key: string): string {
  return key.length <= longest ? key : `sha256:${createHash('sha256').update(key).digest('base64url')}`
}

/**
 * What a counter is called outside this process. The first part of a rule settles how many there are: no key that a client sends can
 * pass for a part of one.
 */
export function counterName({ rule, key }: Pick<Charge, 'rule' | 'key'>): string {
  return nameOf(`${rule}|${boundedKey(key)}`)
}
