import { randomFillSync } from 'node:crypto'
import type { IdGenerator } from './context.js'

const bytesOfOne = 16

/** So much randomness is asked for at a time. */
const pool = 128 * bytesOfOne

/** So much of it is spelled out at a time: whoever keeps one id keeps the digits of all that were spelled with it. */
const spelled = 8 * bytesOfOne

/** Ids of 128 random bits, as 32 hexadecimal digits in lower case. They are made several at a time: one by one, each would cost much more. */
export function randomIds(): IdGenerator {
  const bytes = Buffer.alloc(pool)
  let used = pool
  let digits = ''
  let next = 0

  function spellMore(): void {
    if (used === pool) {
      randomFillSync(bytes)
      used = 0
    }
    digits = bytes.toString('hex', used, used + spelled)
    used += spelled
    next = 0
  }

  return {
    next() {
      if (next === digits.length) spellMore()
      const start = next
      next += bytesOfOne * 2
      return digits.slice(start, next)
    },
  }
}
