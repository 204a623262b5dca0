import type { Clock } from '../context.js'
import { Breaker } from './breaker.js'
import { askClosed, probeKey } from './fail-closed.js'
import { requireDeadline, usualDeadline } from './in-time.js'
import { evaluate, scriptOf } from './redis-script.js'
import type { RedisScriptClient, Script } from './redis-script.js'
import type { StateStore, StoreChange } from './state-store.js'
import { isStorable, nameOf, requireStorable } from './storable.js'

/** A client that is connected to Redis or Valkey: of ioredis or of node-redis. */
export type RedisStateClient = RedisScriptClient & { get(key: string): Promise<unknown> }

/** Options of a state store in Redis. */
export interface RedisStateStoreOptions {
  /** Before each key. @default 'portcullis:state:' */
  readonly prefix?: string
  /** How long to wait for Redis, in milliseconds. @default 50 */
  readonly deadline?: number
  /** Tells how long a value still lives. @default the system's */
  readonly clock?: Clock
}

// ARGV[1] is how many milliseconds are left: 0 keeps nothing, an empty text keeps for good. Redis runs one script at a time, and
// each has one key, so that a cluster takes them too.
const keep = `
local function keep(value, left)
  if left == '' then redis.call('SET', KEYS[1], value)
  elseif left == '0' then redis.call('DEL', KEYS[1])
  else redis.call('SET', KEYS[1], value, 'PX', left) end
  return 1
end
`
const setting = scriptOf(`${keep} return keep(ARGV[2], ARGV[1])`)
const adding = scriptOf(`${keep} if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end return keep(ARGV[2], ARGV[1])`)
const replacing = scriptOf(`${keep} if redis.call('GET', KEYS[1]) ~= ARGV[3] then return 0 end return keep(ARGV[2], ARGV[1])`)
const taking = scriptOf(`local value = redis.call('GET', KEYS[1]) redis.call('DEL', KEYS[1]) return value`)

/**
 * Keeps state in Redis 5 or newer, or Valkey, for all processes of an API together; each key ends with its value. It fails
 * closed: where Redis errs, is late, or was so three times in a row and is not back, a call ends as `Unavailable` (503), since a token
 * may be a revoked one, a code a used one.
 *
 * Give it a client that fails at once when Redis is away, instead of holding calls back until it returns:
 * `new Redis(url, { enableOfflineQueue: false, maxRetriesPerRequest: 0 })` of ioredis, or `createClient({ url, disableOfflineQueue:
 * true })` of node-redis, each with a listener for its `error` events; a `Cluster` must read from masters (`scaleReads: 'master'`, its default), since a replica may not know yet
 * that a token is revoked. Close the client yourself. The server must not evict keys (`maxmemory-policy noeviction`), and what
 * it may lose in a crash (`appendfsync`) or when a replica takes over is revocations, sessions and marks of used codes lost.
 */
export class RedisStateStore implements StateStore {
  readonly #client: RedisStateClient
  readonly #prefix: string
  readonly #breaker: Breaker
  readonly #clock: Clock

  /** Throws a `RangeError` where `deadline` is not between 1 and 60,000. */
  constructor(client: RedisStateClient, options: RedisStateStoreOptions = {}) {
    const { prefix = 'portcullis:state:', deadline = usualDeadline, clock = { now: () => Date.now() } } = options
    requireDeadline(deadline)
    this.#client = client
    this.#prefix = prefix
    this.#clock = clock
    this.#breaker = new Breaker({ who: 'Redis', deadline, clock, probe: () => this.#run(setting, probeKey, ['1', '']) })
  }

  watch(listener: (change: StoreChange) => void): void {
    this.#breaker.watch((change) => listener({ store: 'Redis', ...change }))
  }

  get(key: string): Promise<string | undefined> {
    return this.#inTime(async () => textOf(await this.#client.get(this.#prefix + nameOf(key))))
  }

  async set(key: string, value: string, until: number): Promise<void> {
    requireStorable(value, until)
    await this.#inTime(async () => flagOf(await this.#run(setting, key, [this.#left(until), value])))
  }

  async add(key: string, value: string, until: number): Promise<boolean> {
    requireStorable(value, until)
    return this.#inTime(async () => flagOf(await this.#run(adding, key, [this.#left(until), value])))
  }

  async replace(key: string, expected: string, value: string, until: number): Promise<boolean> {
    requireStorable(value, until)
    // On the way it would become another text, which may be kept.
    if (!isStorable(expected)) return false
    return this.#inTime(async () => flagOf(await this.#run(replacing, key, [this.#left(until), value, expected])))
  }

  take(key: string): Promise<string | undefined> {
    return this.#inTime(async () => textOf(await this.#run(taking, key, [])))
  }

  #left(until: number): string {
    if (until === Number.POSITIVE_INFINITY) return ''
    return String(Math.min(Math.max(Math.ceil(until - this.#clock.now()), 0), Number.MAX_SAFE_INTEGER))
  }

  #run(script: Script, key: string, values: readonly string[]): Promise<unknown> {
    return evaluate(this.#client, script, [this.#prefix + nameOf(key)], values)
  }

  #inTime<T>(ask: () => Promise<T>): Promise<T> {
    return askClosed(this.#breaker, ask)
  }
}

/** What no script and no `GET` answers is a failure: taken for nothing, it would make a revoked token a good one. */
function textOf(answer: unknown): string | undefined {
  if (answer === null || typeof answer === 'string') return answer ?? undefined
  throw new Error('Redis gave an answer that is no text')
}

function flagOf(answer: unknown): boolean {
  if (answer === 1 || answer === '1') return true
  if (answer === 0 || answer === '0') return false
  throw new Error('Redis gave an answer that is neither 0 nor 1')
}
