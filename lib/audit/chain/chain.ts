import { randomBytes } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import type { Clock } from '../../context.js'
import { millisecondsOf } from '../../duration.js'
import type { Duration } from '../../duration.js'
import { timestamps } from '../timestamps.js'
import { chainRecord } from './chain-record.js'
import type { ChainEvent, ChainFacts } from './chain-record.js'
import { writeHead } from './head.js'
import { secretChainKey, signingChainKey } from './keys.js'
import type { ChainKey } from './keys.js'
import { numbered, numberedRecord, sealed } from './sealed-line.js'

/** Records held together by a secret: who has it can check the chain, and could forge it. */
export interface SecretChainOptions {
  /** At least 32 random bytes. Weak and short ones are refused. */
  readonly key: KeyObject | Uint8Array
  /** Keys before this one: needed once, at the first start with a new key. */
  readonly previousKeys?: ReadonlyArray<KeyObject | Uint8Array>
}

/** Records held together by hashes, signed now and then: whoever has the public key can check the chain, and cannot forge it. */
export interface SignedChainOptions {
  /** An Ed25519 private key. */
  readonly sign: KeyObject
  /** How many records may stand behind the last signature. @default 1,000 */
  readonly every?: number
  /** How long records may stand behind the last signature. @default '10 s' */
  readonly within?: Duration
  /** Private keys before this one: needed once, at the first start with a new key. */
  readonly previousKeys?: readonly KeyObject[]
}

/** How a log is made tamper-evident. */
export type ChainOptions = SecretChainOptions | SignedChainOptions

/** The options of a chain, checked. */
export interface ChainSetup {
  readonly key: ChainKey
  readonly previousKeys: readonly ChainKey[]
  /** Records that may stand behind the last signature. */
  readonly every: number
  /** Milliseconds that they may. */
  readonly within: number
}

/** Where a chain stands. */
export interface ChainState {
  readonly id: string
  /** Of the last record. */
  readonly sequence: number
  readonly hash: string
}

const longestTimer = 2 ** 31 - 1

/** Reads the options of a chain. Throws a `TypeError` or `RangeError` for what is wrong with them. */
export function chainSetup(options: ChainOptions): ChainSetup {
  if ('key' in options && 'sign' in options) throw new TypeError('an audit chain has either a key or signs: give one of the two')
  if ('key' in options) {
    const previousKeys = (options.previousKeys ?? []).map(secretChainKey)
    return { key: secretChainKey(options.key), previousKeys, every: Infinity, within: longestTimer }
  }
  const { every = 1_000, previousKeys = [] } = options
  const within = millisecondsOf(options.within ?? '10 s', longestTimer)
  if (!Number.isSafeInteger(every) || every < 1) throw new RangeError(`chain.every is ${every}: give a number of records, such as 1000`)
  if (within === undefined) throw new RangeError(`chain.within is ${JSON.stringify(options.within)}: write such as '10 s'`)
  return { key: signingChainKey(options.sign), previousKeys: previousKeys.map(signingChainKey), every, within }
}

/** The writing end of a chain: gives each record its number and its hash. */
export class Chain {
  readonly #key: ChainKey
  readonly #every: number
  readonly #clock: Clock
  readonly #timestamp = timestamps()
  #state: ChainState
  #unproven = 0

  private constructor({ key, every }: Pick<ChainSetup, 'key' | 'every'>, clock: Clock, state: ChainState) {
    this.#key = key
    this.#every = every
    this.#clock = clock
    this.#state = state
  }

  /** A new chain. It has no record yet: the first must be `started` or `broken`. */
  static begin(setup: ChainSetup, clock: Clock): Chain {
    return new Chain(setup, clock, { id: randomBytes(12).toString('base64url'), sequence: -1, hash: '' })
  }

  /** Goes on where another left off. */
  static goOn(setup: ChainSetup, clock: Clock, state: ChainState): Chain {
    return new Chain(setup, clock, state)
  }

  get state(): ChainState {
    return this.#state
  }

  /** Whether records stand behind the last signature. Those of a secret chain prove themselves. */
  get isUnproven(): boolean {
    return this.#key.algorithm === 'ed25519' && this.#unproven > 0
  }

  /** The lines of these records, and a signature where one is due. */
  seal(records: readonly string[]): string {
    let text = ''
    for (const record of records) {
      const covered = numbered(record, this.#state.sequence + 1)
      text += sealed(covered, this.#follow(covered))
      this.#unproven++
      if (this.#unproven >= this.#every) text += this.say('checkpoint')
    }
    return text
  }

  /** The line of a record of the chain's own. */
  say(event: ChainEvent, about: ChainFacts['about'] = {}, nextKey?: ChainKey): string {
    const { id, sequence, hash } = this.#state
    const facts = { event, about, chain: id, previous: hash, timestamp: this.#timestamp(this.#clock.now()) }
    const record = chainRecord(this.#key, nextKey === undefined ? facts : { ...facts, nextKey })
    const covered = numberedRecord(record, sequence + 1)
    const line = sealed(covered, this.#follow(covered))
    this.#unproven = 0
    return line
  }

  /** Where the chain stands, proven, to be kept elsewhere. */
  head(): string {
    const { id, sequence, hash } = this.#state
    return writeHead(this.#key, { chain: id, sequence, hash, timestamp: this.#timestamp(this.#clock.now()) })
  }

  #follow(covered: string): string {
    const { id, sequence, hash } = this.#state
    const next = this.#key.link(hash, covered)
    this.#state = { id, sequence: sequence + 1, hash: next }
    return next
  }
}
