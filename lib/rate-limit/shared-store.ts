import { randomUUID } from 'node:crypto'
import type { Clock } from '../context.js'
import { Unavailable } from '../errors.js'
import { Breaker, newsIn } from '../state/breaker.js'
import { requireDeadline, usualDeadline } from '../state/in-time.js'
import { capacityOf } from './limit.js'
import type { Limit } from './limit.js'
import { MemoryRateLimitStore } from './memory-store.js'
import { RefusalMemory } from './refusal-memory.js'
import type { StoreChange } from '../state/state-store.js'
import type { Charge, RateLimitStore, Verdict, WindowUse } from './store.js'
import { allowedVerdict } from './verdict.js'

/**
 * What happens to a call while the server of a store fails: `local` counts it in this process, with limits divided by the number of
 * instances; `closed` refuses it with 503; `open` lets it through uncounted.
 */
export type StoreFailurePolicy = 'local' | 'closed' | 'open'

/** Options of a store that several processes share. */
export interface SharedStoreOptions {
  /** What happens while the server fails. Penalties that this process knows of last all the same. @default 'local' */
  readonly onStoreFailure?: StoreFailurePolicy
  /** How long to wait for the server, in milliseconds. @default 50 */
  readonly deadline?: number
  /**
   * How many processes share the limits, for `onStoreFailure: 'local'`. @default those that asked the server in the last 15 seconds before
   * it failed; 1 where the store cannot tell
   */
  readonly instances?: number
  /** Whether clients that were just refused are refused again without asking the server. @default true */
  readonly remembersRefusals?: boolean
  /** Tells the time in place of the server: for tests. @default the server's own */
  readonly clock?: Clock
}

/** What a server says of a call. */
export interface Answer {
  readonly verdict: Verdict
  /** How many processes share the limits; undefined where it was not asked or does not know. */
  readonly instances?: number | undefined
}

/** The server behind a shared store, as a client of it. Everything rejects where the server fails or answers nonsense. */
export interface CounterServer {
  /** Such as `Redis`. */
  readonly name: string
  /** @param instance the name of this process, where the server is to count it among the living */
  consume(charges: readonly Charge[], instance: string | undefined): Promise<Answer>
  refund(charges: readonly Charge[], verdict: Verdict): Promise<void>
  read(charges: readonly Charge[]): Promise<Verdict>
  reset(charges: readonly Charge[]): Promise<void>
  cannotKeep?(charge: Pick<Charge, 'windows' | 'penalty'>): string | undefined
  /** Asks the server for as much as `consume` does, for nobody. @default a `consume` of a limit that nobody has */
  probe?(): Promise<unknown>
}

const mostRemembered = 10_000

/** Milliseconds between two signs of life. The server forgets an instance after 15 seconds. */
const heartbeat = 5_000

/**
 * Counts calls on a server, and decides about them as it was told to while that server fails. Each call has a deadline; a server that
 * fails three times in a row is left alone and probed until it is back. What it refuses is remembered: a client that goes on all the
 * same is refused without asking, for a second, or for as long as its penalty lasts.
 */
export class SharedRateLimitStore implements RateLimitStore {
  readonly #server: CounterServer
  readonly #policy: StoreFailurePolicy
  readonly #clock: Clock
  readonly #breaker: Breaker
  readonly #local: MemoryRateLimitStore
  readonly #refusals: RefusalMemory
  readonly #instance = randomUUID()
  readonly #fixedInstances: number | undefined
  #instances = 1
  #lastHeartbeat = -Infinity
  /** Windows of verdicts that the server knows nothing of: what was charged to them is not there to be given back, all of it or some. */
  readonly #standIns = new WeakSet<WindowUse>()

  /** Throws a `RangeError` where `deadline` is not between 1 and 60,000, `instances` not a whole number from 1, or the policy none. */
  constructor(server: CounterServer, options: SharedStoreOptions = {}) {
    const { onStoreFailure = 'local', deadline = usualDeadline, instances, clock = { now: () => Date.now() } } = options
    requireDeadline(deadline)
    requirePolicy(onStoreFailure)
    if (instances !== undefined && (!Number.isSafeInteger(instances) || instances < 1)) {
      throw new RangeError(`instances is ${instances}: give a whole number from 1`)
    }
    this.#server = server
    this.#policy = onStoreFailure
    this.#clock = clock
    this.#fixedInstances = instances
    this.#local = new MemoryRateLimitStore({ clock })
    this.#refusals = new RefusalMemory(clock, options.remembersRefusals === false ? 0 : mostRemembered)
    this.#breaker = new Breaker({ who: server.name, deadline, clock, probe: () => this.#probe() })
  }

  /** Rejects with `Unavailable` (503) where the server fails and `onStoreFailure` is `closed`. */
  async consume(charges: readonly Charge[]): Promise<Verdict> {
    const known = this.known(charges)
    if (known !== undefined) return known
    try {
      const { verdict, instances } = await this.#breaker.run(() => this.#server.consume(charges, this.#heartbeat()))
      if (instances !== undefined && instances > 0) this.#instances = instances
      this.#refusals.note(charges, verdict)
      return verdict
    } catch (error) {
      return this.#standIn(charges, error)
    }
  }

  async refund(charges: readonly Charge[], verdict: Verdict): Promise<void> {
    if (verdict.windows.some((use) => this.#standIns.has(use))) {
      if (this.#policy === 'local') this.#local.refund(this.#divided(charges), verdict)
      return
    }
    // What is not given back is a call too few for whoever made it, until the window ends: no reason to fail the request.
    await this.#breaker.run(() => this.#server.refund(charges, verdict)).catch(() => undefined)
  }

  /** Rejects with `Unavailable` where the server fails. */
  async read(charges: readonly Charge[]): Promise<Verdict> {
    return this.#asked(() => this.#server.read(charges))
  }

  /** Other processes that refuse a key under a penalty go on so for up to 10 seconds. Rejects with `Unavailable` where the server fails. */
  async reset(charges: readonly Charge[]): Promise<void> {
    this.#local.reset(charges)
    this.#refusals.forget(charges)
    await this.#asked(() => this.#server.reset(charges))
    this.#refusals.forget(charges)
  }

  cannotKeep(charge: Pick<Charge, 'windows' | 'penalty'>): string | undefined {
    return this.#server.cannotKeep?.(charge)
  }

  known(charges: readonly Charge[]): Verdict | undefined {
    return this.#refusals.find(charges)
  }

  watch(listener: (change: StoreChange) => void): void {
    this.#breaker.watch((change) => listener({ store: this.#server.name, ...change }))
  }

  async #asked<T>(ask: () => Promise<T>): Promise<T> {
    try {
      return await this.#breaker.run(ask)
    } catch (error) {
      throw new Unavailable(undefined, { reason: 'rate-limit-store', cause: error })
    }
  }

  #standIn(charges: readonly Charge[], error: unknown): Verdict {
    const penalty = this.#refusals.findPenalty(charges)
    if (penalty !== undefined) return penalty
    if (this.#policy === 'closed') throw new Unavailable(undefined, { reason: 'rate-limit-store', cause: newsIn(error) })
    const verdict = this.#policy === 'open' ? uncounted(charges) : this.#local.consume(this.#divided(charges))
    for (const use of verdict.windows) this.#standIns.add(use)
    return verdict
  }

  /** This process's part of the limits; enough for one call at least. */
  #divided(charges: readonly Charge[]): readonly Charge[] {
    const instances = this.#fixedInstances ?? this.#instances
    if (instances === 1) return charges
    return charges.map((charge) => ({ ...charge, windows: charge.windows.map((limit) => partOf(limit, instances, charge.cost)) }))
  }

  #heartbeat(): string | undefined {
    const now = this.#clock.now()
    if (this.#fixedInstances !== undefined || Math.abs(now - this.#lastHeartbeat) < heartbeat) return undefined
    this.#lastHeartbeat = now
    return this.#instance
  }

  /** Charges what nobody counts: a server that answers questions and takes no writes is not back. */
  async #probe(): Promise<unknown> {
    if (this.#server.probe !== undefined) return this.#server.probe()
    const charge = { rule: 'probe', key: this.#instance, windows: [{ count: 1_000_000, window: 1_000 }], cost: 1 }
    return this.#server.consume([charge], undefined)
  }
}

function partOf(limit: Limit, instances: number, cost: number): Limit {
  const part = (whole: number) => Math.max(1, Math.floor(whole / instances))
  const capacity = Math.max(cost, part(capacityOf(limit)))
  return limit.burst === undefined ? { ...limit, count: capacity } : { ...limit, count: part(limit.count), burst: capacity }
}

/** As if nothing had ever been charged. */
function uncounted(charges: readonly Charge[]): Verdict {
  return allowedVerdict(
    charges.flatMap(({ windows }) => windows.map((limit) => ({ remaining: capacityOf(limit), reset: limit.window, endsAt: 0 }))),
  )
}

function requirePolicy(policy: string): void {
  if (!['local', 'closed', 'open'].includes(policy)) {
    throw new RangeError(`onStoreFailure is ${JSON.stringify(policy)}: write 'local', 'closed' or 'open'`)
  }
}
