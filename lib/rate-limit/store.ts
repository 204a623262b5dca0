import type { Limit } from './limit.js'

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
}

/** One window of one counter, after the verdict. */
export interface WindowUse {
  /** How much can still be charged before the window ends. */
  readonly remaining: number
  /** Milliseconds until the window ends; its whole length where it has not begun. */
  readonly reset: number
  /** When the window ends, in milliseconds by the store's own clock: tells this window from the next. */
  readonly endsAt: number
}

/** Whether a call may go on. */
export interface Verdict {
  readonly allowed: boolean
  /** One for each window of each charge, in their order. */
  readonly windows: readonly WindowUse[]
  /** The place in `windows` of the one that refuses, of several the one that ends last; -1 where the call is allowed. */
  readonly refusedBy: number
  /** Milliseconds until every window that refuses has ended; 0 where the call is allowed. */
  readonly retryAfter: number
}

/** Counts calls. `MemoryRateLimitStore` does in one process, `RedisRateLimitStore` (`portcullis/redis`) in many. */
export interface RateLimitStore {
  /** Charges all windows of all charges or, where one of them has less left than its cost, none. */
  consume(charges: readonly Charge[]): Verdict | Promise<Verdict>
  /**
   * Gives back what `consume` charged with this verdict. A window that has ended since stays as it is, and so does the one
   * after it; none falls below zero. Gives back what it can and reports failures itself: it neither throws nor rejects.
   */
  refund(charges: readonly Charge[], verdict: Verdict): void | Promise<void>
}
