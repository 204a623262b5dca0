import type { Clock } from '../context.js'

/** A clock that stands still until it is moved. */
export class MovedClock implements Clock {
  /** Milliseconds since 1970. */
  time = Date.now()

  now(): number {
    return this.time
  }
}
