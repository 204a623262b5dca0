import type { Penalty } from './store.js'
import type { Tally } from './tally.js'

/** 2^40 milliseconds are longer than any penalty. */
const mostDoublings = 40

/**
 * How much of a penalty is left. In its tally `at` is when it ends, `used` how many there were in a row, `before` until when another breach
 * is a further one. Where the clock was set back, it lasts no longer than it was given for.
 */
export function penaltyLeft(tally: Tally, penalty: Penalty, now: number): number {
  return Math.min(lengthOf(tally, penalty), Math.max(0, tally.at - now))
}

/** Whether the clock was set back since a penalty was written down: it must be written down anew, or its end would never come nearer. */
export function isPenaltyAhead(tally: Tally, penalty: Penalty, now: number): boolean {
  return tally.at - now > lengthOf(tally, penalty)
}

/** Begins a penalty. */
export function punish(tally: Tally, penalty: Penalty, now: number): void {
  tally.used = tally.before > now ? tally.used + 1 : 1
  restart(tally, penalty, now)
}

/** Has a penalty of its length begin now. */
export function restart(tally: Tally, penalty: Penalty, now: number): void {
  tally.at = now + lengthOf(tally, penalty)
  tally.before = tally.at + penalty.memory
}

function lengthOf({ used }: Tally, { first, most }: Penalty): number {
  return Math.min(most, first * 2 ** Math.min(used - 1, mostDoublings))
}
