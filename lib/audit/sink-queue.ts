import type { Sink } from './audit-log.js'

/** Who hears of sinks that fail, and of those that work again: any winston logger. */
export interface SinkWatch {
  error(message: string, about: object): unknown
  warn(message: string, about: object): unknown
}

/** How records wait for one sink. */
export interface QueueOptions {
  /** How long a record may wait for company, in milliseconds. @default 250 */
  readonly delay?: number
  /** How many characters may wait; past that, new records are lost, counted and reported. @default 16,777,216 */
  readonly maxBuffered?: number
  /** Hears of sinks that fail, and of those that work again. */
  readonly logger?: SinkWatch
}

/** A batch of this many characters leaves without waiting for the timer. */
const fullBatch = 65_536

/** The longest pause before a failing sink is tried again, in milliseconds. */
const longestPause = 10_000

/** The records that wait for one sink. */
export class SinkQueue {
  /** How many records had no more room. */
  lost = 0

  readonly #sink: Sink
  readonly #delay: number
  readonly #room: number
  readonly #logger: QueueOptions['logger']
  readonly #atExit = () => this.#handOver()
  #lines: string[] = []
  #size = 0
  /** Characters on their way to the sink. */
  #sentSize = 0
  #sending: Promise<void> | undefined
  #timer: NodeJS.Timeout | undefined
  /** Failures in a row. */
  #failures = 0
  #lossReported = 0

  constructor(sink: Sink, options: QueueOptions) {
    this.#sink = sink
    this.#delay = options.delay ?? 250
    this.#room = options.maxBuffered ?? 2 ** 24
    this.#logger = options.logger
  }

  add(line: string): void {
    if (this.#size + this.#sentSize + line.length > this.#room) {
      this.#lose()
      return
    }
    this.#lines.push(line)
    this.#size += line.length
    const isDue = this.#failures === 0 && (this.#sink.immediate === true || this.#size >= fullBatch)
    if (isDue && this.#sending === undefined) this.#handOver()
    if (this.#timer === undefined && this.#lines.length > 0) this.#wait()
  }

  /** Settles when what waits now has been taken, or refused once more. */
  async drain(): Promise<void> {
    await this.#sending
    this.#handOver()
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

  /** Only while something waits is there a timer, and a listener that hands it over at exit. */
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

  #send(): void {
    this.#rest()
    if (this.#sending === undefined) this.#handOver()
    if (this.#lines.length > 0) this.#wait()
  }

  #handOver(): void {
    if (this.#lines.length === 0) return
    const batch = this.#lines
    const size = this.#size
    this.#lines = []
    this.#size = 0
    try {
      const pending = this.#sink.write(batch)
      if (pending === undefined) this.#succeeded()
      else this.#sending = this.#outcome(pending, batch, size)
    } catch (error) {
      this.#failed(error, batch, size)
    }
  }

  async #outcome(pending: Promise<void>, batch: readonly string[], size: number): Promise<void> {
    this.#sentSize += size
    try {
      await pending
      this.#settle(size)
      this.#succeeded()
    } catch (error) {
      this.#settle(size)
      this.#failed(error, batch, size)
    }
  }

  #settle(size: number): void {
    this.#sending = undefined
    this.#sentSize -= size
  }

  #succeeded(): void {
    this.#failures = 0
    if (this.lost === this.#lossReported) return
    this.#logger?.warn('an audit sink takes records again; some were lost', {
      sink: this.#sink.name,
      lost: this.lost - this.#lossReported,
    })
    this.#lossReported = this.lost
  }

  #failed(error: unknown, batch: readonly string[], size: number): void {
    this.#lines = batch.concat(this.#lines)
    this.#size += size
    this.#failures++
    if (this.#failures === 1) this.#logger?.error('an audit sink fails; its records wait', { sink: this.#sink.name, error })
    if (this.#timer === undefined) this.#wait()
  }

  #lose(): void {
    if (this.lost === this.#lossReported) this.#logger?.error('audit records are lost: too many wait', { sink: this.#sink.name })
    this.lost++
  }
}
