import { randomUUID } from 'node:crypto'
import type { Clock } from '../context.js'
import type { StateStore } from '../state/state-store.js'
import { recordOf } from './record.js'
import type { KeptRecord, RunningRecord } from './record.js'

/** Whose run it is, and whom it tells. */
export interface ClaimOptions {
  /** The fingerprint of the request. */
  readonly request: string
  /** How long the claim holds without a sign of life, in milliseconds. */
  readonly lease: number
  /** Called with what the store failed with; it is asked again. */
  readonly onFailure: (thrown: unknown) => void
  /** Called when somebody else may run the request now. */
  readonly onLoss: () => void
}

/** Milliseconds until a store that failed is asked again. */
const retryAfter = 250

/** The claims on keys of one API, in a store that several processes may share. */
export class Claims {
  readonly #store: StateStore
  readonly #clock: Clock
  /** What runs in this process, and the promise of its end. */
  readonly #running = new Map<string, Promise<void>>()

  constructor(store: StateStore, clock: Clock) {
    this.#store = store
    this.#clock = clock
  }

  /** Claims `name`, or undefined where it is taken. Of any number at once, in any number of processes, one gets it. */
  async claim(name: string, options: ClaimOptions): Promise<Claim | undefined> {
    const record: RunningRecord = { state: 'running', owner: randomUUID(), request: options.request }
    const text = JSON.stringify(record)
    const leaseEnds = this.#clock.now() + options.lease
    if (!(await this.#store.add(name, text, leaseEnds))) return undefined
    const claim = new Claim({ store: this.#store, clock: this.#clock, name, text, leaseEnds, ...options })
    this.#running.set(name, claim.ended)
    void this.#forgetAfter(name, claim.ended)
    return claim
  }

  async kept(name: string): Promise<KeptRecord | undefined> {
    const text = await this.#store.get(name)
    return text === undefined ? undefined : recordOf(text)
  }

  /** Waits so many milliseconds, or until what runs in this process under `name` has ended. */
  async pause(name: string, milliseconds: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined
    const over = new Promise<void>((resolve) => (timer = setTimeout(resolve, milliseconds)))
    await Promise.race([over, this.#running.get(name) ?? over])
    clearTimeout(timer)
  }

  async #forgetAfter(name: string, ended: Promise<void>): Promise<void> {
    await ended
    if (this.#running.get(name) === ended) this.#running.delete(name)
  }
}

interface ClaimSetup extends ClaimOptions {
  readonly store: StateStore
  readonly clock: Clock
  readonly name: string
  readonly text: string
  /** Milliseconds since 1970. */
  readonly leaseEnds: number
}

/** The right to run one request. It renews itself until its outcome is written, or it is abandoned. */
export class Claim {
  readonly #setup: ClaimSetup
  readonly ended: Promise<void>
  #end: () => void = () => undefined
  #leaseEnds: number
  #outcome: { readonly text: string; readonly keepFor: number } | undefined
  #isOver = false
  #timer: NodeJS.Timeout | undefined

  constructor(setup: ClaimSetup) {
    this.#setup = setup
    this.#leaseEnds = setup.leaseEnds
    this.ended = new Promise((resolve) => (this.#end = resolve))
    this.#writeIn(setup.lease / 3)
  }

  /**
   * Puts the outcome in the place of the claim. Where the store fails, the claim's owner is told, and the store is asked again for as long
   * as the lease holds.
   *
   * @param keepFor milliseconds
   */
  keep(record: KeptRecord, keepFor: number): Promise<void> {
    this.#outcome = { text: JSON.stringify(record), keepFor }
    return this.#write()
  }

  /** Gives the key back: nothing was done under it. */
  release(): Promise<void> {
    // What is kept until now is gone.
    this.#outcome = { text: this.#setup.text, keepFor: 0 }
    return this.#write()
  }

  /** Renews no more where nobody said how it went: what was done is not known, and the key is free when the lease runs out. */
  abandon(): void {
    if (this.#outcome === undefined) this.#finish()
  }

  async #write(): Promise<void> {
    const { store, clock, name, text, lease, onFailure, onLoss } = this.#setup
    const outcome = this.#outcome
    clearTimeout(this.#timer)
    const now = clock.now()
    try {
      const isOurs = await store.replace(name, text, outcome?.text ?? text, now + (outcome?.keepFor ?? lease))
      if (this.#isOver || outcome !== this.#outcome) return
      if (!isOurs) onLoss()
      if (!isOurs || outcome !== undefined) return this.#finish()
      this.#leaseEnds = now + lease
      this.#writeIn(lease / 3)
    } catch (thrown) {
      if (this.#isOver || outcome !== this.#outcome) return
      onFailure(thrown)
      if (clock.now() < this.#leaseEnds) this.#writeIn(Math.min(lease / 3, retryAfter))
      else this.#finish()
    }
  }

  #writeIn(milliseconds: number): void {
    this.#timer = setTimeout(() => void this.#write(), milliseconds).unref()
  }

  #finish(): void {
    this.#isOver = true
    clearTimeout(this.#timer)
    this.#end()
  }
}
