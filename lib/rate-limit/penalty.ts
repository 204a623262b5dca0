import type { Penalty } from './store.js'
import type { Tally } from './tally.js'

/** 2^40 milliseconds are longer than any penalty. */
const mostDoublings = 40

/**
 * The tally of a penalty: `at` is when it ends, `used` how many there were in a row, `before` until when another breach is a further one.
 */
export function penaltyLeft({ at }: Tally, { most }: Penalty, now: number): number {
  return Math.min(most, Math.max(0, at - now))
}

/** Begins a penalty, and says how long it is. */
export function punish(tally: Tally, { first, most, memory }: Penalty, now: number): number {
  tally.used = tally.before > now ? tally.used + 1 : 1
  const length = Math.min(most, first * 2 ** Math.min(tally.used - 1, mostDoublings))
  tally.at = now + length
  tally.before = tally.at + memory
  return length
}
