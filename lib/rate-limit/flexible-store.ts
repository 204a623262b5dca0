import type { Clock } from '../context.js'
import { clockWindow } from './clock-window.js'
import { chargeKey, flawOf, giveBack, lifeOf, usedOf } from './flexible-limiter.js'
import type { FlexibleKey, FlexibleLimiter } from './flexible-limiter.js'
import { algorithmOf, formatLimit } from './limit.js'
import type { Limit } from './limit.js'
import { SharedRateLimitStore } from './shared-store.js'
import type { Answer, CounterServer, SharedStoreOptions } from './shared-store.js'
import type { Charge, Verdict, WindowUse } from './store.js'
import { allowedVerdict, refusedVerdict } from './verdict.js'

/** Options of the store over rate-limiter-flexible. */
export interface FlexibleRateLimitStoreOptions extends SharedStoreOptions {
  /**
   * The longest window that the limiters hold, in milliseconds. Of longer ones a `RateLimiterMemory` or `RateLimiterCluster` would forget
   * each call at once; a `RateLimiterMemcache` holds 29 days, a database any. @default 24 days
   */
  readonly longestWindow?: number
  /** Tells which window it is: for tests. @default this machine's clock */
  readonly clock?: Clock
}

/** Makes the limiter for all windows of one length and count, of 'points' `limit.count`. */
export type FlexibleLimiterMaker = (limit: Limit) => FlexibleLimiter

/**
 * Counts calls with the limiters of rate-limiter-flexible (7 to 11), in whatever they count in: MongoDB, MySQL, DynamoDB, Memcached,
 * Prisma and so on. `limiterFor` is called once for each count and window length, as far as possible at start-up:
 * `new FlexibleRateLimitStore((limit) => new RateLimiterMongo({ storeClient, points: limit.count, duration: limit.window / 1000 }))`.
 * For Redis, Valkey and PostgreSQL there are stores of our own, which can do all that this one cannot.
 *
 * Such limiters count one fixed window at a time, so:
 *
 * - There are no sliding windows, no buckets, no penalties and no counts over 1,000,000,000: the API does not start with them.
 * - No window ever admits more than its limit, however many ask at once in however many processes, if the limiter's own `consume` is
 *   atomic: not where it is called `NonAtomic`, nor in `RateLimiterPrisma` and `RateLimiterDrizzle` before 11.4. What is given back
 *   comes into the window that it was taken from, or into none.
 * - Windows follow each other by the clocks of the machines that ask, at times that differ from key to key. For as long as two of these
 *   clocks differ, around the end of a window, one machine still counts in the old one and the other in the new one.
 * - A call asks first, and what is refused then costs nothing. What passes is charged to one window after another; where one of them was
 *   used up meanwhile, the call is refused and its charges are given back. Until then, for a few round trips, they may have others
 *   refused, who are then refused for a second at most. What cannot be given back, since the store fails or the process ends, and
 *   what was charged too late for the deadline, counts until its window ends. Memcached takes nothing back.
 * - A call takes one round trip, and one more for each window: give `deadline` room.
 */
export class FlexibleRateLimitStore extends SharedRateLimitStore {
  /** Throws a `RangeError` for options that are out of range. */
  constructor(limiterFor: FlexibleLimiterMaker, options: FlexibleRateLimitStoreOptions = {}) {
    super(new FlexibleCounters(limiterFor, options), options)
  }
}

const day = 86_400_000

/** A timer of Node.js that is longer than 2^31 milliseconds, 24.8 days, ends at once. */
const usualLongestWindow = 24 * day

/** Columns in SQL hold 2^31: calls that are about to be refused must fit in above the count. */
const largestCount = 1_000_000_000

/** Milliseconds that a key outlives its window: for machines whose clocks are behind by less, it is still there. */
const slack = 60_000

/** One window of one charge. */
interface Slot extends FlexibleKey {
  readonly limit: Limit
  readonly cost: number
  readonly isCapped: boolean
  readonly endsAt: number
  readonly reset: number
}

/** What a call has charged so far. */
interface Held {
  readonly slot: Slot
  readonly points: number
}

class FlexibleCounters implements CounterServer {
  readonly name = 'rate-limiter-flexible'
  readonly #limiterFor: FlexibleLimiterMaker
  readonly #longestWindow: number
  readonly #clock: Clock
  readonly #limiters = new Map<string, FlexibleLimiter>()

  constructor(limiterFor: FlexibleLimiterMaker, options: FlexibleRateLimitStoreOptions) {
    const { longestWindow = usualLongestWindow, clock = { now: () => Date.now() } } = options
    if (!(longestWindow >= 1_000)) throw new RangeError(`longestWindow is ${longestWindow}: give milliseconds from 1000`)
    this.#limiterFor = limiterFor
    this.#longestWindow = longestWindow
    this.#clock = clock
  }

  async consume(charges: readonly Charge[]): Promise<Answer> {
    const slots = this.#slotsOf(charges)
    const used = await Promise.all(slots.map(usedOf))
    const seen = refusedVerdict(charges, usesOf(slots, used), [])
    return { verdict: seen.allowed ? await this.#charge(charges, slots, used) : seen }
  }

  async refund(charges: readonly Charge[], { windows }: Verdict): Promise<void> {
    const slots = this.#slotsOf(charges)
    const used = await Promise.all(slots.map(usedOf))
    const charged = slots.map((slot, at) => ({ slot, points: Math.min(slot.cost, used[at] ?? 0) }))
    await takeBack(charged.filter(({ slot }, at) => windows[at]?.endsAt === slot.endsAt))
  }

  async read(charges: readonly Charge[]): Promise<Verdict> {
    const slots = this.#slotsOf(charges)
    return refusedVerdict(charges, usesOf(slots, await Promise.all(slots.map(usedOf))), [])
  }

  async reset(charges: readonly Charge[]): Promise<void> {
    await Promise.all(this.#slotsOf(charges).map(async ({ limiter, key }) => limiter.delete(key)))
  }

  /** Writes with a limiter that there is: one that is made while its database is away may never work. */
  async probe(): Promise<void> {
    const [limiter] = this.#limiters.values()
    await limiter?.penalty('probe', 1, lifeOf(1_000))
  }

  cannotKeep({ windows, penalty }: Pick<Charge, 'windows' | 'penalty'>): string | undefined {
    if (penalty !== undefined) return 'limiters of rate-limiter-flexible keep no penalties: take penalty away'
    return windows.map((limit) => this.#flawOf(limit)).find((flaw) => flaw !== undefined)
  }

  #flawOf(limit: Limit): string | undefined {
    const { count, window } = limit
    const algorithm = algorithmOf(limit)
    if (algorithm !== 'fixed') {
      const word = algorithm === 'bucket' ? 'burst' : 'sliding'
      return `limiters of rate-limiter-flexible count fixed windows only: write ${formatLimit({ count, window })}, without ${word}`
    }
    if (count > largestCount) return `some of its databases count no further than 2^31: write ${largestCount} or less`
    if (window > this.#longestWindow) {
      const longest = `${Math.floor(this.#longestWindow / day)} days`
      return `the window is longer than ${longest}: shorten it or, where the limiter's database holds it, give the store a longestWindow`
    }
    return flawOf(this.#limiterOf(limit), count)
  }

  /** Charges one window after another and, where one was used up since the look, takes all of it back. */
  async #charge(charges: readonly Charge[], slots: readonly Slot[], seen: readonly number[]): Promise<Verdict> {
    const before = [...seen]
    const after = [...seen]
    const held: Held[] = []
    try {
      for (const [at, slot] of slots.entries()) {
        const cost = Math.min(slot.cost, leftOf(slot, seen[at]))
        if (cost === 0) continue
        const used = await chargeKey(slot, cost)
        const excess = Math.max(0, used - slot.limit.count)
        held.push({ slot, points: cost })
        before[at] = used - cost
        after[at] = used
        if (excess === 0) continue
        if (!slot.isCapped) {
          await takeBack(held)
          return refusedVerdict(charges, usesOf(slots, before), [])
        }
        const back = Math.min(cost, excess)
        held.splice(-1, 1, { slot, points: cost - back })
        await takeBack([{ slot, points: back }])
      }
    } catch (error) {
      void takeBack(held)
      throw error
    }
    return allowedVerdict(usesOf(slots, after))
  }

  #slotsOf(charges: readonly Charge[]): readonly Slot[] {
    const now = this.#clock.now()
    return charges.flatMap((charge) =>
      charge.windows.map((limit) => {
        const { key, endsAt } = clockWindow(charge, limit, now)
        const life = lifeOf(limit.window + slack)
        const limiter = this.#limiterOf(limit)
        return { limiter, key, life, limit, cost: charge.cost, isCapped: charge.capped === true, endsAt, reset: Math.ceil(endsAt - now) }
      }),
    )
  }

  #limiterOf(limit: Limit): FlexibleLimiter {
    const name = `${limit.count}/${limit.window}`
    const limiter = this.#limiters.get(name) ?? this.#limiterFor(limit)
    this.#limiters.set(name, limiter)
    return limiter
  }
}

function usesOf(slots: readonly Slot[], used: readonly number[]): readonly WindowUse[] {
  return slots.map((slot, at) => ({ remaining: leftOf(slot, used[at]), reset: slot.reset, endsAt: slot.endsAt }))
}

function leftOf({ limit }: Slot, used = 0): number {
  return Math.max(0, limit.count - Math.max(0, used))
}

/**
 * What cannot be taken back is a call too few for whoever made it, until the window ends: a refusal stands all the same, and the store is
 * not lost for it. Memcached never takes anything back.
 */
async function takeBack(held: readonly Held[]): Promise<void> {
  await Promise.allSettled(held.filter(({ points }) => points > 0).map(async ({ slot, points }) => giveBack(slot, points)))
}
