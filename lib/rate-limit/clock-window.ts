import { createHash } from 'node:crypto'
import { counterName } from './bounded-key.js'
import type { Limit } from './limit.js'
import type { Charge } from './store.js'

/** One window of one counter, named by when it ends. */
export interface ClockWindow {
  /** At most 100 signs, all of them small: a database that takes `A` for `a`, or cuts what is long, mixes up no two. */
  readonly key: string
  /** Milliseconds since 1970. */
  readonly endsAt: number
}

/**
 * The window that holds `now`, of those that follow each other by the clock. Each counter has them at times of its own, so that not
 * everybody comes back in the same moment.
 *
 * Its end stands in its key: what is given back too late lands where nobody counts any more, never in a later window.
 */
export function clockWindow(charge: Pick<Charge, 'rule' | 'key'>, { window }: Limit, now: number): ClockWindow {
  const name = createHash('sha256').update(counterName(charge)).digest('hex')
  const shift = Number.parseInt(name.slice(0, 12), 16) % window
  const whole = Math.floor(now)
  const endsAt = whole + window - ((whole + shift) % window)
  return { key: `${name}:${window / 1_000}s:${endsAt}`, endsAt }
}
