import type { Clock } from '../context.js'
import { Unavailable } from '../errors.js'
import { checkRevocation, longestTolerance } from './revocations.js'
import type { Revocations } from './revocations.js'

/** What revocations need of a client: `Redis` and `Cluster` of ioredis have it. */
export interface RedisKeyClient {
  exists(key: string): Promise<number>
  set(key: string, value: string, unit: 'PX', milliseconds: number): Promise<unknown>
}

/** Options of revocations in Redis. */
export interface RedisRevocationsOptions {
  /** Before each key. @default 'portcullis:revoked:' */
  readonly prefix?: string
  /** How long to wait for Redis, in milliseconds. @default 50 */
  readonly deadline?: number
  /** Tells how long a token still lives. @default the system's */
  readonly clock?: Clock
}

/**
 * Remembers revoked tokens in Redis or Valkey, for all processes of an API together; each key ends with its token. It fails
 * closed: where Redis errs or is late, the request ends as `Unavailable` (503), since the token may be a revoked one.
 *
 * Give it a client that fails at once when Redis is away, instead of holding calls back until it returns:
 * `new Redis(url, { enableOfflineQueue: false, maxRetriesPerRequest: 0, connectTimeout: 1000 })`, with a listener for its
 * `error` events. Close the client yourself. The server must not evict keys (`maxmemory-policy noeviction`).
 */
export class RedisRevocations implements Revocations {
  readonly #client: RedisKeyClient
  readonly #prefix: string
  readonly #deadline: number
  readonly #clock: Clock

  /** Throws a `RangeError` where `deadline` is not between 1 and 60,000. */
  constructor(client: RedisKeyClient, options: RedisRevocationsOptions = {}) {
    const { prefix = 'portcullis:revoked:', deadline = 50, clock = { now: () => Date.now() } } = options
    if (!(deadline >= 1 && deadline <= 60_000)) throw new RangeError(`deadline is ${deadline}: give milliseconds from 1 to 60000`)
    this.#client = client
    this.#prefix = prefix
    this.#deadline = deadline
    this.#clock = clock
  }

  /** Rejects with `Unavailable` where Redis errs or is late. */
  async isRevoked(tokenId: string): Promise<boolean> {
    return (await this.#inTime(() => this.#client.exists(this.#prefix + tokenId))) !== 0
  }

  /** Rejects with a `TypeError` where `tokenId` is empty or `expiresAt` no time, with `Unavailable` where Redis errs or is late. */
  async revoke(tokenId: string, expiresAt: number): Promise<void> {
    checkRevocation(tokenId, expiresAt)
    const milliseconds = Math.ceil(expiresAt + longestTolerance - this.#clock.now())
    if (milliseconds > 0) await this.#inTime(() => this.#client.set(this.#prefix + tokenId, '1', 'PX', milliseconds))
  }

  async #inTime<T>(ask: () => Promise<T>): Promise<T> {
    let timer: NodeJS.Timeout | undefined
    try {
      const late = new Promise<never>((_, reject) => {
        timer = setTimeout(() => reject(new Error(`no answer within ${this.#deadline} ms`)), this.#deadline)
      })
      return await Promise.race([ask(), late])
    } catch (thrown) {
      throw new Unavailable(undefined, { reason: 'revocations-unavailable', cause: thrown })
    } finally {
      clearTimeout(timer)
    }
  }
}
