import { algorithmOf, capacityOf } from './limit.js'
import type { Limit } from './limit.js'

/**
 * What one limit has counted for one key. All stores reckon with these three whole numbers, in the same way: the script in Redis and the
 * function in PostgreSQL do what stands here.
 *
 * - `fixed`: `at` is when the window ends, `used` what was charged in it
 * - `sliding`: the same, and `before` is what was charged in the window before
 * - `bucket`: `used` is what is missing in the bucket, in charges times the window's milliseconds, as of the time `at`
 */
export interface Tally {
  at: number
  used: number
  before: number
}

/** The tally of a key that was never charged. */
export function blankTally(): Tally {
  return { at: -Infinity, used: 0, before: 0 }
}

/** Brings a tally to the present. Where the clock was set back, no window lasts longer for it. */
export function settle(tally: Tally, limit: Limit, now: number): void {
  const { count, window } = limit
  if (algorithmOf(limit) === 'bucket') {
    if (tally.at < now) tally.used = Math.max(0, tally.used - (now - tally.at) * count)
    tally.at = now
  } else if (tally.at > now) {
    tally.at = Math.min(tally.at, now + window)
  } else {
    const isNext = algorithmOf(limit) === 'sliding' && tally.at + window > now
    tally.before = isNext ? tally.used : 0
    tally.used = 0
    tally.at = isNext ? tally.at + window : now + window
  }
}

/** Whether the clock was set back since a tally was written down: it must be written down anew, or its time would never come nearer. */
export function isAhead({ at }: Tally, limit: Limit, now: number): boolean {
  return at > now + (algorithmOf(limit) === 'bucket' ? 0 : limit.window)
}

/** How much can be charged now. */
export function leftOf({ at, used, before }: Tally, limit: Limit, now: number): number {
  const { count, window } = limit
  const algorithm = algorithmOf(limit)
  if (algorithm === 'fixed') return Math.max(0, count - used)
  if (algorithm === 'bucket') return Math.max(0, Math.floor((capacityOf(limit) * window - used) / window))
  // What came in the window before counts by the share of it that the last `window` milliseconds still overlap.
  return Math.max(0, Math.floor((count * window - before * (at - now)) / window) - used)
}

/** Charges `cost`, of which there is enough left. */
export function take(tally: Tally, limit: Limit, cost: number): void {
  tally.used += algorithmOf(limit) === 'bucket' ? cost * limit.window : cost
}

/** Milliseconds until all is there again, if nothing more is charged. */
export function untilWhole({ at, used }: Tally, limit: Limit, now: number): number {
  const algorithm = algorithmOf(limit)
  if (algorithm === 'bucket') return Math.ceil(used / limit.count)
  return at - now + (algorithm === 'sliding' && used > 0 ? limit.window : 0)
}

/** Milliseconds until `cost`, of which there is not enough left, can be charged; where it never can, until all is there again. */
export function untilRoom(tally: Tally, limit: Limit, cost: number, now: number): number {
  const { count, window } = limit
  const { at, used, before } = tally
  const algorithm = algorithmOf(limit)
  if (cost > capacityOf(limit) || algorithm === 'fixed') return untilWhole(tally, limit, now)
  if (algorithm === 'bucket') return Math.ceil((used + cost * window - capacityOf(limit) * window) / count)
  const excess = (used + cost) * window + before * (at - now) - count * window
  const drained = before > 0 ? Math.ceil(excess / before) : Infinity
  if (drained <= at - now) return drained
  return at - now + Math.max(0, Math.ceil(((used + cost - count) * window) / used))
}

/** What tells this charge's window from the next; of a bucket, when what is charged will have flowed in again. */
export function endOf({ at, used }: Tally, limit: Limit): number {
  return algorithmOf(limit) === 'bucket' ? at + Math.floor(used / limit.count) : at
}

/** When nothing of a tally counts any more. */
export function lastEndOf({ at, used }: Tally, limit: Limit): number {
  const algorithm = algorithmOf(limit)
  if (algorithm === 'bucket') return at + Math.ceil(used / limit.count)
  return algorithm === 'sliding' ? at + limit.window : at
}

/**
 * Makes a tally anew, of which is known how much of the limit was used up, and when nothing of it counts any more. A bucket flows on from
 * where it was, a millisecond late at most; what a sliding window still counted of the one before it counts as if it had come in this one.
 */
export function remake(tally: Tally, limit: Limit, used: number, lastEnd: number, now: number): void {
  const { count, window } = limit
  const isBucket = algorithmOf(limit) === 'bucket'
  // Where the clock was set back, the end is far off: no more is missing for it.
  tally.used = isBucket ? Math.min(used * window, (lastEnd - now) * count) : used
  tally.at = isBucket ? now : lastEnd - (algorithmOf(limit) === 'sliding' ? window : 0)
  tally.before = 0
}

/** Gives back a charge of `cost`, as far as it still counts; `endsAt` is what `endOf` said after it. */
export function giveBack(tally: Tally, limit: Limit, cost: number, endsAt: number, now: number): void {
  if (algorithmOf(limit) === 'bucket') {
    settle(tally, limit, now)
    const stillMissing = Math.max(0, (endsAt - now) * limit.count)
    tally.used = Math.max(0, tally.used - Math.min(cost * limit.window, stillMissing))
  } else if (tally.at === endsAt) {
    tally.used = Math.max(0, tally.used - cost)
  } else if (algorithmOf(limit) === 'sliding' && tally.at === endsAt + limit.window) {
    tally.before = Math.max(0, tally.before - cost)
  }
}
