import type { Clock } from '../context.js'
import { inTime, requireDeadline } from './in-time.js'
import { evaluate, scriptOf } from './redis-script.js'
import type { RedisScriptClient, Script } from './redis-script.js'
import type { StateStore } from './state-store.js'

/** What the store needs of a client: `Redis` and `Cluster` of ioredis have it. */
export interface RedisStateClient extends RedisScriptClient {
  get(key: string): Promise<string | null>
}

/** Options of a state store in Redis. */
export interface RedisStateStoreOptions {
  /** Before each key. @default 'portcullis:state:' */
  readonly prefix?: string
  /** How long to wait for Redis, in milliseconds. @default 250 */
  readonly deadline?: number
  /** Tells how long a value still lives. @default the system's */
  readonly clock?: Clock
}

// ARGV[1] is how many milliseconds are left: 0 or fewer keep nothing, an empty text keeps for good. Redis runs one script at a
// time, and each has one key, so that a cluster takes them too.
const keep = `
local function keep(value, left)
  if left == '' then redis.call('SET', KEYS[1], value)
  elseif tonumber(left) > 0 then redis.call('SET', KEYS[1], value, 'PX', left)
  else redis.call('DEL', KEYS[1]) end
end
`
const setting = scriptOf(`${keep} keep(ARGV[2], ARGV[1]) return 1`)
const adding = scriptOf(`${keep} if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end keep(ARGV[2], ARGV[1]) return 1`)
const replacing = scriptOf(`${keep} if redis.call('GET', KEYS[1]) ~= ARGV[3] then return 0 end keep(ARGV[2], ARGV[1]) return 1`)
const taking = scriptOf(`local value = redis.call('GET', KEYS[1]) redis.call('DEL', KEYS[1]) return value`)

/**
 * Keeps state in Redis 5 or newer, or Valkey, for all processes of an API together; each key ends with its value. It fails
 * closed: where Redis errs or is late, a call ends as `Unavailable` (503), since a token may be a revoked one, a code a used one.
 *
 * Give it a client that fails at once when Redis is away, instead of holding calls back until it returns:
 * `new Redis(url, { enableOfflineQueue: false, maxRetriesPerRequest: 0, connectTimeout: 1000 })`, with a listener for its
 * `error` events. Close the client yourself. The server must not evict keys (`maxmemory-policy noeviction`), and what it may lose
 * in a crash (`appendfsync`) is revocations and sessions lost.
 */
export class RedisStateStore implements StateStore {
  readonly #client: RedisStateClient
  readonly #prefix: string
  readonly #deadline: number
  readonly #clock: Clock

  /** Throws a `RangeError` where `deadline` is not between 1 and 60,000. */
  constructor(client: RedisStateClient, options: RedisStateStoreOptions = {}) {
    const { prefix = 'portcullis:state:', deadline = 250, clock = { now: () => Date.now() } } = options
    requireDeadline(deadline)
    this.#client = client
    this.#prefix = prefix
    this.#deadline = deadline
    this.#clock = clock
  }

  async get(key: string): Promise<string | undefined> {
    return (await inTime('Redis', this.#deadline, () => this.#client.get(this.#prefix + key))) ?? undefined
  }

  async set(key: string, value: string, until: number): Promise<void> {
    await this.#run(setting, key, [this.#left(until), value])
  }

  async add(key: string, value: string, until: number): Promise<boolean> {
    return (await this.#run(adding, key, [this.#left(until), value])) === 1
  }

  async replace(key: string, expected: string, value: string, until: number): Promise<boolean> {
    return (await this.#run(replacing, key, [this.#left(until), value, expected])) === 1
  }

  async take(key: string): Promise<string | undefined> {
    const value = await this.#run(taking, key, [])
    return typeof value === 'string' ? value : undefined
  }

  #left(until: number): string {
    return until === Number.POSITIVE_INFINITY ? '' : String(Math.ceil(until - this.#clock.now()))
  }

  #run(script: Script, key: string, values: readonly string[]): Promise<unknown> {
    return inTime('Redis', this.#deadline, () => evaluate(this.#client, script, [this.#prefix + key], values))
  }
}
