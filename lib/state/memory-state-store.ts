import type { Clock } from '../context.js'
import { Unavailable } from '../errors.js'
import type { StateStore } from './state-store.js'

/** Options of a state store in memory. */
export interface MemoryStateStoreOptions {
  /** @default the system's */
  readonly clock?: Clock
  /** How many values are held at most. @default 1,000,000 */
  readonly capacity?: number
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
  readonly #kept = new Map<string, Kept>()
  /** At this size ended values are looked for: walking the map whenever it has doubled costs little for each. */
  #sweepAt: number

  /** Throws a `RangeError` where `capacity` is not a whole number from 1. */
  constructor({ clock = { now: () => Date.now() }, capacity = 1_000_000 }: MemoryStateStoreOptions = {}) {
    if (!Number.isSafeInteger(capacity) || capacity < 1) throw new RangeError(`capacity is ${capacity}: give a whole number from 1`)
    this.#clock = clock
    this.#capacity = capacity
    this.#sweepAt = Math.min(firstSweep, capacity)
  }

  /** How many values are held, ended ones that were not swept yet included. */
  get size(): number {
    return this.#kept.size
  }

  get(key: string): string | undefined {
    const kept = this.#kept.get(key)
    return kept === undefined || kept.until <= this.#clock.now() ? undefined : kept.value
  }

  set(key: string, value: string, until: number): void {
    const now = this.#clock.now()
    if (until <= now) {
      this.#kept.delete(key)
      return
    }
    if (!this.#kept.has(key)) this.#makeRoom(now)
    this.#kept.set(key, { value, until })
  }

  add(key: string, value: string, until: number): boolean {
    if (this.get(key) !== undefined) return false
    this.set(key, value, until)
    return true
  }

  replace(key: string, expected: string, value: string, until: number): boolean {
    if (this.get(key) !== expected) return false
    this.set(key, value, until)
    return true
  }

  take(key: string): string | undefined {
    const value = this.get(key)
    this.#kept.delete(key)
    return value
  }

  #makeRoom(now: number): void {
    if (this.#kept.size >= this.#sweepAt) this.#sweep(now)
    if (this.#kept.size >= this.#capacity) throw new Unavailable(undefined, { reason: 'state-full' })
  }

  #sweep(now: number): void {
    for (const [key, { until }] of this.#kept) if (until <= now) this.#kept.delete(key)
    this.#sweepAt = Math.min(Math.max(this.#kept.size * 2, firstSweep), this.#capacity)
  }
}

const firstSweep = 1_000
