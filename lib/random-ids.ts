import { randomFillSync } from 'node:crypto'
import type { IdGenerator } from './context.js'

const bytesOfOne = 16

/** More would be quicker still, but whoever keeps one id keeps all that were made with it. */
const atOnce = 16

/** Ids of 128 random bits, as 32 hexadecimal digits in lower case. They are made several at a time: one by one, each would cost much more. */
export function randomIds(): IdGenerator {
  const bytes = Buffer.alloc(bytesOfOne * atOnce)
  let digits = ''
  let next = 0
  return {
    next() {
      if (next === digits.length) {
        digits = randomFillSync(bytes).toString('hex')
        next = 0
      }
      const start = next
      next += bytesOfOne * 2
      return digits.slice(start, next)
    },
  }
}
