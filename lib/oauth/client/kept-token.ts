import { setTimeout as wait } from 'node:timers/promises'
import type { Clock } from '../../context.js'
import { outcomeOf, retryDelay, wantedRest } from './retry.js'

/** A token as a server gave it. */
export interface GivenToken {
  readonly token: string
  /** Seconds from the request on. */
  readonly lifetime: number
}

interface Kept {
  readonly token: string
  /** Until when it is handed out without asking for another, in milliseconds since 1970. */
  readonly fresh: number
  /** When it ends, in milliseconds since 1970. */
  readonly until: number
}

interface Failure {
  /** Nobody asks before, in milliseconds since 1970. */
  readonly until: number
  readonly thrown: unknown
}

const tries = 3
/** After one failure, in milliseconds; doubled with each that follows. */
const firstRest = 1_000
const longestRest = 30_000

/**
 * One token: kept until shortly before its end, asked for by one at a time. A server that fails is asked three times, ever later,
 * and then left alone, ever longer; meanwhile a token that still lives is handed out.
 */
export class KeptToken {
  #kept: Kept | undefined
  #asking: Promise<Kept> | undefined
  #failure: Failure | undefined
  #failures = 0

  constructor(
    private readonly ask: () => Promise<GivenToken>,
    private readonly clock: Clock,
    /** Milliseconds. */
    private readonly early: number,
  ) {}

  async get(): Promise<string> {
    const kept = this.#kept
    if (kept !== undefined && this.clock.now() < kept.fresh) return kept.token
    try {
      return (await this.#askOnce()).token
    } catch (thrown) {
      if (kept !== undefined && kept === this.#kept && this.clock.now() < kept.until) return kept.token
      throw thrown
    }
  }

  /** Forgets a token that an API does not take; another one that was got meanwhile stays. */
  drop(token: string): void {
    if (this.#kept?.token === token) this.#kept = undefined
  }

  #askOnce(): Promise<Kept> {
    if (this.#asking !== undefined) return this.#asking
    if (this.#failure !== undefined && this.clock.now() < this.#failure.until) return Promise.reject(this.#failure.thrown)
    this.#asking = this.#askPatiently().finally(() => void (this.#asking = undefined))
    return this.#asking
  }

  async #askPatiently(): Promise<Kept> {
    for (let attempt = 1; ; attempt += 1) {
      const askedAt = this.clock.now()
      try {
        return this.#keep(await this.ask(), askedAt)
      } catch (thrown) {
        const delay = attempt < tries ? retryDelay(thrown, attempt) : undefined
        if (delay === undefined) throw this.#rest(thrown)
        await wait(delay)
      }
    }
  }

  #keep({ token, lifetime }: GivenToken, askedAt: number): Kept {
    const until = askedAt + lifetime * 1000
    // One that lives no longer than what is early would be asked for with every call.
    this.#kept = { token, until, fresh: until - Math.min(this.early, lifetime * 500) }
    this.#failure = undefined
    this.#failures = 0
    return this.#kept
  }

  #rest(thrown: unknown): unknown {
    const now = this.clock.now()
    const own = Math.min(firstRest * 2 ** this.#failures, longestRest)
    this.#failures += 1
    this.#failure = { thrown: outcomeOf(thrown), until: now + Math.max(own, wantedRest(thrown)) }
    return this.#failure.thrown
  }
}
