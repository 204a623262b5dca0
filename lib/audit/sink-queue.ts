import { setImmediate } from '../turns.js'
import type { Sink, SinkWatch } from './audit-log.js'

/** How records wait for one sink. */
export interface QueueOptions {
  /** How long a record may wait for company, and to be synced, in milliseconds. @default 250 */
  readonly delay?: number
  /** How many characters may wait, or be unsynced; past that, new records are lost, counted and reported. @default 16,777,216 */
  readonly maxBuffered?: number
  /** Hears of sinks that fail, and of those that work again. */
  readonly logger?: SinkWatch
}

/** A batch of this many characters leaves without waiting for the timer. */
const fullBatch = 65_536

/** A sink that took this many characters syncs them without waiting for the timer. */
const mostUnsynced = 2 ** 20

/** No more than this part of the room is left unsynced, so that what comes during a sync has a place. */
const unsyncedPart = 0.25

/** The longest pause before a failing sink is tried again, in milliseconds. */
const longestPause = 10_000

/** While more than this part of the room is taken, new requests wait where they may: those at work need the rest for their records. */
const crowded = 0.75

/** Who waits for a record to stay. */
interface Waiter {
  resolve(): void
  reject(error: unknown): void
}

/** The records that wait for one sink. */
export class SinkQueue {
  /** How many records had no more room. */
  lost = 0

  readonly #sink: Sink
  readonly #delay: number
  readonly #room: number
  readonly #logger: QueueOptions['logger']
  readonly #atExit = () => this.#leave()
  #lines: string[] = []
  #size = 0
  /** Characters on their way to the sink, or taken and not yet synced. */
  #sentSize = 0
  #isUnsynced = false
  /** The next batch is to be synced at once. */
  #isSyncWanted = false
  /** The last batch was not taken: what becomes of those before it does not show whether the sink works. */
  #isRefused = false
  #sending: Promise<void> | undefined
  #timer: NodeJS.Timeout | undefined
  /** Failures in a row. */
  #failures = 0
  #lossReported = 0
  /** Those who wait for what is in `#lines`; those who wait for what is on its way are with it. */
  #waiters: Waiter[] = []
  #isUrgent = false

  constructor(sink: Sink, options: QueueOptions) {
    this.#sink = sink
    this.#delay = options.delay ?? 250
    this.#room = options.maxBuffered ?? 2 ** 24
    this.#logger = options.logger
    if (options.logger !== undefined) sink.watch?.(options.logger)
  }

  /** Whether what this sink took stays. */
  get isDurable(): boolean {
    return this.#sink.durable === true
  }

  #fits(line: string): boolean {
    return this.#size + this.#sentSize + line.length <= this.#room
  }

  /** Whether new requests had better wait. */
  get isCrowded(): boolean {
    return this.#size + this.#sentSize > this.#room * crowded
  }

  /** Adds a record, and settles when the sink has taken and synced it. Rejects where there is no room, where the sink fails, or has failed last. */
  commit(line: string): Promise<void> {
    if (this.#failures > 0 || !this.#fits(line)) {
      const problem = this.add(line) ? 'fails' : 'has too many records waiting'
      return Promise.reject(new Error(`the sink ${this.#sink.name} ${problem}`))
    }
    return new Promise((resolve, reject) => {
      this.#waiters.push({ resolve, reject })
      this.add(line)
      this.#hurry()
    })
  }

  /** Hands over as soon as all that happens now has been added: those who wait at once share one batch. */
  #hurry(): void {
    if (this.#isUrgent || this.#sending !== undefined) return
    this.#isUrgent = true
    setImmediate(() => {
      this.#isUrgent = false
      if (this.#sending === undefined && this.#waiters.length > 0) this.#handOver()
    })
  }

  /** Adds a record. False where there is no room, and the record is lost. */
  add(line: string): boolean {
    if (!this.#fits(line)) {
      this.#lose()
      return false
    }
    // A line is put together of a hundred pieces, which each garbage collection would go through while it waits: this makes it one.
    line.charCodeAt(0)
    this.#lines.push(line)
    this.#size += line.length
    const isDue = this.#failures === 0 && (this.#sink.immediate === true || this.#size >= fullBatch)
    if (isDue && this.#sending === undefined) this.#handOver()
    if (this.#timer === undefined && this.#lines.length > 0) this.#wait()
    return true
  }

  /** Settles when what waits now has been taken and synced, or refused once more. */
  async drain(): Promise<void> {
    await this.#sending
    this.#send()
    await this.#sending
  }

  async close(): Promise<void> {
    this.#rest()
    try {
      await this.#sink.close?.()
    } catch (error) {
      this.#logger?.error('an audit sink did not close', { sink: this.#sink.name, error })
    }
  }

  /** Only while something waits or is unsynced is there a timer, and a listener that hands over at exit. */
  #wait(): void {
    const pause = Math.max(this.#delay, Math.min(this.#delay * 2 ** this.#failures, longestPause))
    this.#timer = setTimeout(() => this.#send(), pause)
    this.#timer.unref()
    process.once('exit', this.#atExit)
  }

  #rest(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    process.removeListener('exit', this.#atExit)
  }

  /** Hands over all that waits, and has it synced. */
  #send(): void {
    this.#rest()
    this.#isSyncWanted = true
    if (this.#sending === undefined) this.#handOver()
    if (this.#lines.length === 0) this.#syncRest()
    else if (this.#timer === undefined) this.#wait()
  }

  #leave(): void {
    this.#handOver()
    // What a sync failed for is written again at its beginning, which there is still time for.
    this.#syncRest()
  }

  #handOver(): void {
    if (this.#lines.length === 0) return
    const batch = this.#lines
    const size = this.#size
    const waiters = this.#waiters
    this.#lines = []
    this.#size = 0
    this.#sentSize += size
    this.#waiters = []
    try {
      const pending = this.#sink.write(batch)
      if (pending === undefined) this.#took(size, waiters)
      else this.#sending = this.#outcome(pending, batch, size, waiters)
    } catch (error) {
      this.#refused(error, batch, size, waiters)
    }
  }

  async #outcome(pending: Promise<void>, batch: readonly string[], size: number, waiters: readonly Waiter[]): Promise<void> {
    try {
      await pending
      this.#settle()
      this.#took(size, waiters)
    } catch (error) {
      this.#settle()
      this.#refused(error, batch, size, waiters)
    }
    if (this.#waiters.length > 0) this.#hurry()
    await this.#sending
  }

  #settle(): void {
    this.#sending = undefined
  }

  #took(size: number, waiters: readonly Waiter[]): void {
    this.#isRefused = false
    if (this.#sink.sync === undefined) {
      this.#sentSize -= size
      this.#succeeded(waiters)
      return
    }
    this.#isUnsynced = true
    // The process exits during a sync: nobody is left to be told.
    if (this.#sending !== undefined) return
    if (waiters.length > 0 || this.#isSyncDue) {
      this.#sending = this.#sync(waiters)
      return
    }
    if (this.#timer === undefined) this.#wait()
    this.#succeeded(waiters)
  }

  get #isSyncDue(): boolean {
    if (this.#isSyncWanted || this.#sink.immediate === true) return true
    return this.#sentSize >= Math.min(mostUnsynced, this.#room * unsyncedPart)
  }

  #syncRest(): void {
    if (this.#isUnsynced && this.#sending === undefined) this.#sending = this.#sync([])
  }

  async #sync(waiters: readonly Waiter[]): Promise<void> {
    this.#isSyncWanted = false
    try {
      await this.#sink.sync?.()
      this.#settle()
      this.#isUnsynced = false
      this.#sentSize = 0
      if (!this.#isRefused) this.#succeeded(waiters)
    } catch (error) {
      this.#settle()
      if (!this.#isRefused) this.#failed(error, waiters)
    }
    if (this.#waiters.length > 0) this.#hurry()
    // The time of what came meanwhile was up meanwhile.
    else if (this.#isSyncWanted && this.#failures === 0) this.#send()
  }

  #succeeded(waiters: readonly Waiter[]): void {
    this.#failures = 0
    for (const waiter of waiters) waiter.resolve()
    if (this.lost === this.#lossReported) return
    this.#logger?.warn('an audit sink takes records again; some were lost', {
      sink: this.#sink.name,
      lost: this.lost - this.#lossReported,
    })
    this.#lossReported = this.lost
  }

  /** The batch comes again; what was taken before it must not wait as long for its sync. */
  #refused(error: unknown, batch: readonly string[], size: number, waiters: readonly Waiter[]): void {
    this.#isRefused = true
    this.#lines = batch.concat(this.#lines)
    this.#size += size
    this.#sentSize -= size
    this.#failed(error, waiters)
    this.#syncRest()
  }

  #failed(error: unknown, waiters: readonly Waiter[]): void {
    // Those who wait for what comes after it would wait as long.
    for (const waiter of [...waiters, ...this.#waiters.splice(0)]) waiter.reject(error)
    this.#failures++
    if (this.#failures === 1) this.#logger?.error('an audit sink fails; its records wait', { sink: this.#sink.name, error })
    if (this.#timer === undefined) this.#wait()
  }

  #lose(): void {
    if (this.lost === this.#lossReported) this.#logger?.error('audit records are lost: too many wait', { sink: this.#sink.name })
    this.lost++
  }
}
