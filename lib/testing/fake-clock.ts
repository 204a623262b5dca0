import type { Clock } from '../context.js'
import { millisecondsOf } from '../duration.js'
import type { Duration } from '../duration.js'

/** A clock that stands still until it is moved. */
export interface FakeClock extends Clock {
  /** Milliseconds since 1970; may be set. */
  time: number
  /** Moves it on, by milliseconds or such as `'5 min'`. Throws a `TypeError` for what is no time. */
  advance(by: Duration): void
}

/** Makes a clock that stands at `start`: milliseconds since 1970, or a date. @default now */
export function fakeClock(start: number | Date = Date.now()): FakeClock {
  return {
    time: Number(start),
    now() {
      return this.time
    },
    advance(by) {
      const milliseconds = millisecondsOf(by, Number.MAX_SAFE_INTEGER)
      if (milliseconds === undefined) throw new TypeError(`${JSON.stringify(by)} is no time: write milliseconds, or such as '5 min'`)
      this.time += milliseconds
    },
  }
}
