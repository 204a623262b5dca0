import type { Clock } from '../context.js'
import { inTime } from './in-time.js'

/** What a breaker watches over. */
export interface BreakerOptions {
  /** Stands in messages: `Redis`. */
  readonly who: string
  /** How long each call may take, in milliseconds. */
  readonly deadline: number
  /** Asks the server for as much as real calls do, for nobody. */
  readonly probe: () => Promise<unknown>
  /** Tells how long the server has rested. */
  readonly clock: Clock
}

/** The server was lost, or is back. */
export interface BreakerChange {
  readonly state: 'lost' | 'back'
  readonly error?: unknown
}

/** A server was not asked: that it is lost was told when it was. */
class LeftAlone extends Error {
  constructor(who: string) {
    super(`${who} is left alone until it answers again`)
    this.name = 'LeftAlone'
  }
}

/** What failed, for the log; nothing where the log has been told of the outage, so that it does not repeat itself for each request. */
export function newsIn(thrown: unknown): unknown {
  return thrown instanceof LeftAlone ? undefined : thrown
}

/** So many failures in a row: one bad moment is no outage. */
const failuresToOpen = 3
/** Milliseconds between probes: doubled after each that fails, up to the longest. */
const firstRest = 250
const longestRest = 1_000

/**
 * Asks a server, for no longer than a deadline, and leaves it alone when it has failed three times in a row: then calls are refused at
 * once, and now and then, while there are calls, it is probed behind their backs until it answers in time again.
 */
export class Breaker {
  readonly #options: BreakerOptions
  readonly #listeners: Array<(change: BreakerChange) => void> = []
  #failures = 0
  #isOpen = false
  #isProbing = false
  #rest = firstRest
  #restsSince = 0

  constructor(options: BreakerOptions) {
    this.#options = options
  }

  /** Calls `listener` each time the server is lost or back. */
  watch(listener: (change: BreakerChange) => void): void {
    this.#listeners.push(listener)
  }

  /** What `ask` gives. Rejects where it fails, is late, or is not asked. */
  async run<T>(ask: () => Promise<T>): Promise<T> {
    const { who, deadline } = this.#options
    if (this.#isOpen) {
      this.#probeIfDue()
      throw new LeftAlone(who)
    }
    try {
      const answer = await inTime(who, deadline, ask)
      this.#failures = 0
      return answer
    } catch (error) {
      this.#failures += 1
      if (this.#failures >= failuresToOpen && !this.#isOpen) this.#open(error)
      throw error
    }
  }

  #open(error: unknown): void {
    this.#isOpen = true
    this.#rest = firstRest
    this.#restsSince = this.#options.clock.now()
    this.#tell({ state: 'lost', error })
  }

  #probeIfDue(): void {
    // Where the clock was set back, nobody waits for it to come round.
    const rested = Math.abs(this.#options.clock.now() - this.#restsSince)
    if (!this.#isProbing && rested >= this.#rest) void this.#probe()
  }

  async #probe(): Promise<void> {
    const { who, deadline, probe, clock } = this.#options
    this.#isProbing = true
    try {
      await inTime(who, deadline, probe)
      this.#isOpen = false
      this.#failures = 0
      this.#tell({ state: 'back' })
    } catch {
      this.#rest = Math.min(this.#rest * 2, longestRest)
      this.#restsSince = clock.now()
    } finally {
      this.#isProbing = false
    }
  }

  #tell(change: BreakerChange): void {
    for (const listener of this.#listeners) listener(change)
  }
}
