import type { Clock } from '../context.js'
import { Unavailable } from '../errors.js'
import { evaluate, scriptOf } from '../state/redis-script.js'
import type { RedisScriptClient, Script } from '../state/redis-script.js'
import { MemoryRateLimitStore } from './memory-store.js'
import { consumeScript, refundScript } from './redis-scripts.js'
import type { Charge, RateLimitStore, Verdict, WindowUse } from './store.js'

/** Options of the store in Redis. */
export interface RedisRateLimitStoreOptions {
  /**
   * Before each key. On a cluster, a hash tag such as `{limits}:` keeps the counters of one call on one node, as a script
   * needs them. @default 'portcullis:limit:'
   */
  readonly prefix?: string
  /** How long to wait for Redis, in milliseconds. @default 50 */
  readonly deadline?: number
  /**
   * What happens to a call when Redis fails or is late: `closed` refuses it with 503, `open` lets it through uncounted, and a
   * store counts in the place of Redis, from zero. @default a `MemoryRateLimitStore`: each process limits for itself
   */
  readonly onFailure?: 'closed' | 'open' | RateLimitStore
  /** Told of each failure, for the log. It must not throw. */
  readonly onError?: (error: unknown) => void
  /** Tells how long Redis is left alone after it was late. @default the system's */
  readonly clock?: Clock
}

const consuming = scriptOf(consumeScript)
const refunding = scriptOf(refundScript)

/** Milliseconds for which a late Redis is not asked, where another store counts: a hanging one delays few calls. */
const rest = 1_000

/**
 * Counts calls in Redis 5 or newer, or Valkey, for all processes of an API together. One script looks at all windows and
 * charges all or none, by the server's clock; each counter ends with its longest window.
 *
 * Give it a client that fails at once when Redis is away, instead of holding calls back until it returns:
 * `new Redis(url, { enableOfflineQueue: false, maxRetriesPerRequest: 0, connectTimeout: 1000 })`, with a listener for its
 * `error` events. Close the client yourself.
 */
export class RedisRateLimitStore implements RateLimitStore {
  readonly #client: RedisScriptClient
  readonly #prefix: string
  readonly #deadline: number
  readonly #onFailure: 'closed' | 'open' | RateLimitStore
  readonly #onError: (error: unknown) => void
  readonly #clock: Clock
  /** Verdicts that did not come from Redis: what they charged is not there to be given back. */
  readonly #standIns = new WeakSet<Verdict>()
  #restsUntil = -Infinity

  /** Throws a `RangeError` where `deadline` is not between 1 and 60,000. */
  constructor(client: RedisScriptClient, options: RedisRateLimitStoreOptions = {}) {
    const { prefix = 'portcullis:limit:', deadline = 50, onError = () => undefined } = options
    if (!(deadline >= 1 && deadline <= 60_000)) throw new RangeError(`deadline is ${deadline}: give milliseconds from 1 to 60000`)
    this.#client = client
    this.#prefix = prefix
    this.#deadline = deadline
    this.#onError = onError
    this.#clock = options.clock ?? { now: () => Date.now() }
    this.#onFailure = options.onFailure ?? new MemoryRateLimitStore()
  }

  /** Rejects with `Unavailable` (503) where Redis fails and `onFailure` is `closed`. */
  async consume(charges: readonly Charge[]): Promise<Verdict> {
    if (this.#isResting()) return this.#standIn(charges, undefined)
    try {
      return verdictOf(await this.#run(consuming, charges, consumeArguments(charges)), charges)
    } catch (error) {
      this.#onError(error)
      return this.#standIn(charges, error)
    }
  }

  async refund(charges: readonly Charge[], verdict: Verdict): Promise<void> {
    if (this.#standIns.has(verdict)) {
      if (typeof this.#onFailure === 'object') await this.#onFailure.refund(charges, verdict)
      return
    }
    try {
      await this.#run(refunding, charges, refundArguments(charges, verdict))
    } catch (error) {
      this.#onError(error)
    }
  }

  #isResting(): boolean {
    const away = this.#restsUntil - this.#clock.now()
    return away > 0 && away <= rest
  }

  async #standIn(charges: readonly Charge[], cause: unknown): Promise<Verdict> {
    const instead = this.#onFailure
    if (instead === 'closed') throw new Unavailable(undefined, { reason: 'rate-limit-store', event: 'sys_crash', cause })
    const verdict = instead === 'open' ? untouched(charges) : await instead.consume(charges)
    this.#standIns.add(verdict)
    return verdict
  }

  #run(script: Script, charges: readonly Charge[], values: readonly number[]): Promise<unknown> {
    // The first part of a rule settles how many there are: no key that a client sends can pass for a part of one.
    const keys = charges.map(({ rule, key }) => `${this.#prefix}${rule}|${key}`)
    return this.#inTime(evaluate(this.#client, script, keys, values))
  }

  #inTime(answer: Promise<unknown>): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const late = () => {
        if (typeof this.#onFailure === 'object') this.#restsUntil = this.#clock.now() + rest
        reject(new Error(`Redis did not answer within ${this.#deadline} ms`))
      }
      // Where this process itself was busy, the answer may have come: it is read before an immediate runs.
      const timer = setTimeout(() => setImmediate(late), this.#deadline)
      answer.finally(() => clearTimeout(timer)).then(resolve, reject)
    })
  }
}

function consumeArguments(charges: readonly Charge[]): readonly number[] {
  return charges.flatMap(({ cost, capped, windows }) => [
    cost,
    capped === true ? 1 : 0,
    windows.length,
    ...windows.flatMap(({ count, window }) => [count, window]),
  ])
}

function refundArguments(charges: readonly Charge[], verdict: Verdict): readonly number[] {
  let place = 0
  return charges.flatMap(({ cost, windows }) => {
    const uses = verdict.windows.slice(place, (place += windows.length))
    return [cost, windows.length, ...uses.map(({ endsAt }) => endsAt)]
  })
}

function verdictOf(answer: unknown, charges: readonly Charge[]): Verdict {
  const numbers = Array.isArray(answer) ? answer.map(Number) : []
  const size = charges.reduce((sum, { windows }) => sum + windows.length, 0)
  if (numbers.length !== 1 + 3 * size || !numbers.every(Number.isSafeInteger)) throw new Error('Redis gave an answer that is no verdict')
  const windows: WindowUse[] = []
  for (let at = 1; at < numbers.length; at += 3) {
    windows.push({ remaining: numbers[at] ?? 0, reset: numbers[at + 1] ?? 0, endsAt: numbers[at + 2] ?? 0 })
  }
  return numbers[0] === 1 ? { allowed: true, windows, refusedBy: -1, retryAfter: 0 } : refusal(charges, windows)
}

function refusal(charges: readonly Charge[], windows: readonly WindowUse[]): Verdict {
  const costs = charges.flatMap(({ cost, capped, windows: { length } }) => Array<number>(length).fill(capped === true ? 0 : cost))
  let refusedBy = -1
  let retryAfter = 0
  for (const [index, { remaining, reset }] of windows.entries()) {
    if ((costs[index] ?? 0) <= remaining || reset <= retryAfter) continue
    refusedBy = index
    retryAfter = reset
  }
  return { allowed: false, windows, refusedBy, retryAfter }
}

/** As if nothing had ever been charged. */
function untouched(charges: readonly Charge[]): Verdict {
  const windows = charges.flatMap((charge) => charge.windows.map(({ count, window }) => ({ remaining: count, reset: window, endsAt: 0 })))
  return { allowed: true, windows, refusedBy: -1, retryAfter: 0 }
}
