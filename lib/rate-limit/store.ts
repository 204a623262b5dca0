import type { Awaitable, StoreChange } from '../state/state-store.js'
import type { Limit } from './limit.js'

/** How long who breaks a limit is kept out. In milliseconds. */
export interface Penalty {
  /** After the first breach. Each further one keeps out for twice as long as the last. */
  readonly first: number
  /** The longest. */
  readonly most: number
  /** How long after the end of one a breach still counts as a further one. */
  readonly memory: number
}

/** What one call takes from one counter. */
export interface Charge {
  /** What is counted: the limit of one route or scope. It always comes with windows of the same lengths. */
  readonly rule: string
  /** Who is counted: at most 200 characters. Rule and key together name the counter; within one `consume` counters differ. */
  readonly key: string
  /** All of them are charged. */
  readonly windows: readonly Limit[]
  /** A whole number from 0. */
  readonly cost: number
  /** Where less is left than `cost`, take what is left instead of refusing. @default false */
  readonly capped?: boolean
  /** Keeps the key out for longer than its limits would, where one of them refuses this charge. @default none */
  readonly penalty?: Penalty | undefined
}

/** One window of one counter, after the verdict. */
export interface WindowUse {
  /** How much can still be charged now. */
  readonly remaining: number
  /** Milliseconds until all can be charged again; where this window refuses, until this charge can. */
  readonly reset: number
  /** Tells the window that was charged from the next, by the store's own clock: for `refund`. */
  readonly endsAt: number
}

/** Whether a call may go on. */
export interface Verdict {
  readonly allowed: boolean
  /** One for each window of each charge, in their order. */
  readonly windows: readonly WindowUse[]
  /** The place in `windows` of the one that refuses, of several the one that does for longest; -1 where the call is allowed. */
  readonly refusedBy: number
  /** Milliseconds until none of them refuses any more; 0 where the call is allowed. */
  readonly retryAfter: number
  /** Whether what refuses is a penalty: nothing that others do or leave ends it earlier, but `reset`. @default false */
  readonly isPenalty?: boolean
}

/**
 * Counts calls, by rule and key. `MemoryRateLimitStore` does in one process; `RedisRateLimitStore` (`portcullis/stores`),
 * `PostgresRateLimitStore` and `FlexibleRateLimitStore` do in many. Prove one of your own with `rateLimitStoreCases` of
 * `portcullis/testing`.
 */
export interface RateLimitStore {
  /**
   * Charges all windows of all charges or, where one of them has less left than its cost, none. A charge that is refused by its own
   * windows, and not by its penalty, begins its penalty.
   */
  consume(charges: readonly Charge[]): Awaitable<Verdict>
  /**
   * Gives back what `consume` charged with this verdict, as far as it still counts; nothing falls below zero. Gives back what it can and
   * reports failures itself: it neither throws nor rejects.
   */
  refund(charges: readonly Charge[], verdict: Verdict): Awaitable<void>
  /** What `consume` would say now. Charges nothing and begins no penalty. */
  read(charges: readonly Charge[]): Awaitable<Verdict>
  /** Forgets the counters, their penalties too. */
  reset(charges: readonly Charge[]): Awaitable<void>
  /** Why this store cannot keep a charge's limits or penalty; undefined where it can. Asked once, at start-up. @default it can */
  cannotKeep?(charge: Pick<Charge, 'windows' | 'penalty'>): string | undefined
  /**
   * A refusal that is known in this process without asking the server. A store that has this costs a round trip for each `consume`: all
   * charges of a request are then made in one.
   */
  known?(charges: readonly Charge[]): Verdict | undefined
  /** Calls `listener` whenever the server behind this store fails or comes back. */
  watch?(listener: (change: StoreChange) => void): void
}
