import type { Clock } from '../context.js'
import { Unavailable } from '../errors.js'
import type { StateStore } from './state-store.js'
import { requireStorable } from './storable.js'

/** Options of a state store in memory. */
export interface MemoryStateStoreOptions {
  /** @default the system's */
  readonly clock?: Clock
  /** How many values are held at most. @default 1,000,000 */
  readonly capacity?: number
  /** How many characters names and values may have together. @default 134,217,728, about 128 to 256 MB */
  readonly maxCharacters?: number
}

interface Kept {
  readonly value: string
  readonly until: number
}

/**
 * Keeps state in this process. When it is full of values that have not ended, keeping another throws `Unavailable` (503): a
 * log-out or a single use that is not remembered must be seen, and no earlier one is forgotten for it.
 */
export class MemoryStateStore implements StateStore {
  readonly #clock: Clock
  readonly #capacity: number
  readonly #maxCharacters: number
  readonly #kept = new Map<string, Kept>()
  /** At this size ended values are looked for: walking the map whenever it has doubled costs little for each. */
  #sweepAt: number
  #characters = 0
  #sweptAt = -Infinity

  /** Throws a `RangeError` where `capacity` or `maxCharacters` is not a whole number from 1. */
  constructor(options: MemoryStateStoreOptions = {}) {
    const { clock = { now: () => Date.now() }, capacity = 1_000_000, maxCharacters = 134_217_728 } = options
    for (const [name, value] of Object.entries({ capacity, maxCharacters })) {
      if (!Number.isSafeInteger(value) || value < 1) throw new RangeError(`${name} is ${value}: give a whole number from 1`)
    }
    this.#clock = clock
    this.#capacity = capacity
    this.#maxCharacters = maxCharacters
    this.#sweepAt = Math.min(firstSweep, capacity)
  }

  /** How many values are held, ended ones that were not swept yet included. */
  get size(): number {
    return this.#kept.size
  }

  get(key: string): string | undefined {
    // As most are: whoever asks with a new name each time is spared the search.
    if (this.#kept.size === 0) return undefined
    const kept = this.#kept.get(key)
    return kept === undefined || kept.until <= this.#clock.now() ? undefined : kept.value
  }

  set(key: string, value: string, until: number): void {
    requireStorable(value, until)
    const now = this.#clock.now()
    if (until <= now) {
      this.#drop(key)
      return
    }
    const before = this.#kept.get(key)
    this.#makeRoom(now, before === undefined ? 1 : 0, key.length + value.length - sizeOf(key, before))
    this.#drop(key)
    this.#kept.set(key, { value, until })
    this.#characters += key.length + value.length
  }

  add(key: string, value: string, until: number): boolean {
    requireStorable(value, until)
    if (this.get(key) !== undefined) return false
    this.set(key, value, until)
    return true
  }

  replace(key: string, expected: string, value: string, until: number): boolean {
    requireStorable(value, until)
    if (this.get(key) !== expected) return false
    this.set(key, value, until)
    return true
  }

  take(key: string): string | undefined {
    const value = this.get(key)
    this.#drop(key)
    return value
  }

  #makeRoom(now: number, values: number, characters: number): void {
    const isFull = () => this.#kept.size + values > this.#capacity || this.#characters + characters > this.#maxCharacters
    if (values > 0 && this.#kept.size >= this.#sweepAt) this.#sweep(now)
    else if (isFull()) this.#sweep(now)
    if (isFull()) throw new Unavailable(undefined, { reason: 'state-full' })
  }

  #drop(key: string): void {
    this.#characters -= sizeOf(key, this.#kept.get(key))
    this.#kept.delete(key)
  }

  #sweep(now: number): void {
    // Full of values that go on living: walking them for each refusal would cost more than the flood that filled it.
    if (Math.abs(now - this.#sweptAt) < betweenSweeps) return
    this.#sweptAt = now
    for (const [key, { until }] of this.#kept) if (until <= now) this.#drop(key)
    this.#sweepAt = Math.min(Math.max(this.#kept.size * 2, firstSweep), this.#capacity)
  }
}

function sizeOf(key: string, kept: Kept | undefined): number {
  return kept === undefined ? 0 : key.length + kept.value.length
}

const firstSweep = 1_000
/** Milliseconds. */
const betweenSweeps = 1_000
