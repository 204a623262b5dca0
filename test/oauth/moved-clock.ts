/** The system's clock, which a test moves. */
export class MovedClock {
  /** By so many milliseconds. */
  moved = 0
  now(): number {
    return Date.now() + this.moved
  }
}
