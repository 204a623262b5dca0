import { evaluate, scriptOf } from '../state/redis-script.js'
import type { RedisScriptClient, Script } from '../state/redis-script.js'
import { counterName } from './bounded-key.js'
import { countersIn, numbersOf, verdictIn } from './counter-answer.js'
import { algorithmOf, capacityOf } from './limit.js'
import { consumeScript, readScript, refundScript } from './redis-scripts.js'
import { SharedRateLimitStore } from './shared-store.js'
import type { Answer, CounterServer, SharedStoreOptions } from './shared-store.js'
import type { Charge, Verdict } from './store.js'

/** Options of the store in Redis. */
export interface RedisRateLimitStoreOptions extends SharedStoreOptions {
  /**
   * Before each key. What stands in braces puts all counters on one node of a cluster: all limits of a request are judged together, by
   * one script. Give each API of a cluster braces of its own, to spread them. @default '{portcullis}:limit:'
   */
  readonly prefix?: string
}

/**
 * Counts calls in Redis 5 or newer, or Valkey, alone or in a cluster, for all processes of an API together. One script, and so one round
 * trip, looks at all limits of a call and charges all or none, by the server's clock; each key ends with its last window.
 *
 * Give it a client of ioredis or node-redis that is connected; best one that fails at once while the server is away instead of holding
 * calls back: `new Redis(url, { enableOfflineQueue: false, maxRetriesPerRequest: 0 })`, or `createClient({ url, disableOfflineQueue:
 * true })`, each with a listener for its `error` events. Close the client yourself.
 */
export class RedisRateLimitStore extends SharedRateLimitStore {
  /** Throws a `RangeError` for options that are out of range. */
  constructor(client: RedisScriptClient, options: RedisRateLimitStoreOptions = {}) {
    super(new RedisCounters(client, options), options)
  }
}

const consuming = scriptOf(consumeScript)
const reading = scriptOf(readScript)
const refunding = scriptOf(refundScript)
const kinds = { fixed: 0, sliding: 1, bucket: 2 } as const

class RedisCounters implements CounterServer {
  readonly name = 'Redis'
  readonly #client: RedisScriptClient
  readonly #prefix: string
  readonly #now: () => number | ''

  constructor(client: RedisScriptClient, { prefix = '{portcullis}:limit:', clock }: RedisRateLimitStoreOptions) {
    this.#client = client
    this.#prefix = prefix
    this.#now = clock === undefined ? () => '' : () => clock.now()
  }

  async consume(charges: readonly Charge[], instance: string | undefined): Promise<Answer> {
    const [allowed, instances, ...counters] = await this.#run(consuming, charges, argumentsOf(charges), instance)
    return { verdict: verdictIn(charges, allowed, counters), instances }
  }

  async read(charges: readonly Charge[]): Promise<Verdict> {
    const [, , ...counters] = await this.#run(reading, charges, argumentsOf(charges))
    return countersIn(charges, false, counters)
  }

  async refund(charges: readonly Charge[], { windows }: Verdict): Promise<void> {
    const ends = windows.map(({ endsAt }) => endsAt)
    let place = 0
    const endsInTurn = charges.flatMap((charge) => ends.slice(place, (place += charge.windows.length)))
    await this.#run(refunding, charges, [...argumentsOf(charges), ...endsInTurn])
  }

  async reset(charges: readonly Charge[]): Promise<void> {
    await this.#run(forgetting, charges, [])
  }

  async #run(script: Script, charges: readonly Charge[], values: readonly number[], instance?: string): Promise<readonly number[]> {
    const keys = charges.map((charge) => this.#prefix + counterName(charge))
    if (instance !== undefined) keys.push(`${this.#prefix}instances`)
    return numbersOf(await evaluate(this.#client, script, keys, [this.#now(), instance ?? '', ...values]))
  }
}

const forgetting = scriptOf(`for _, key in ipairs(KEYS) do redis.call('DEL', key) end return { 1, 0 }`)

function argumentsOf(charges: readonly Charge[]): readonly number[] {
  return charges.flatMap(({ cost, capped, penalty, windows }) => [
    ...[cost, capped === true ? 1 : 0, penalty?.first ?? 0, penalty?.most ?? 0, penalty?.memory ?? 0, windows.length],
    ...windows.flatMap((limit) => [kinds[algorithmOf(limit)], limit.count, limit.window, capacityOf(limit)]),
  ])
}
