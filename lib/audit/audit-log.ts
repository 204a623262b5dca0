import type { SecurityEvent } from './security-events.js'
import { SinkQueue } from './sink-queue.js'
import type { QueueOptions } from './sink-queue.js'

/** What a record is of: a route with `@Audit`, any other request, something that happened outside of requests. */
export type RecordKind = 'audit' | 'access' | 'event'

/** What an audit log may decide by without parsing the line. */
export interface RecordFacts {
  readonly kind: RecordKind
  /** An event of the OWASP logging vocabulary, or a name of the application's own. */
  readonly event: SecurityEvent | (string & {}) | undefined
}

/** Takes finished records. Replace it to do everything yourself; to send records elsewhere, a `Sink` is enough. */
export interface AuditLog {
  /** Takes one record, as one line of JSON without its line break. Neither throws nor waits. */
  write(line: string, facts: RecordFacts): void
  /** Settles when what was written before has reached its sinks, or could not. Never rejects. */
  flush(): Promise<void>
  /** Flushes, and lets go of files and timers. Never rejects. */
  close(): Promise<void>
}

/** A place where records end up. */
export interface Sink {
  /** How messages name it. */
  readonly name: string
  /** Takes each record at once rather than in batches. @default false */
  readonly immediate?: boolean
  /**
   * Takes a batch. When it throws or rejects, the whole batch comes again later. There is no second call before the
   * first has settled, except when the process exits: what a sink does synchronously then is not lost.
   */
  write(lines: readonly string[]): void | Promise<void>
  /** Records that are late may still come after it. */
  close?(): void | Promise<void>
}

/** How records are buffered. */
export interface BufferOptions extends QueueOptions {
  /** How long `flush` and `close` wait for a sink that does not answer, in milliseconds. @default 5,000 */
  readonly patience?: number
}

/**
 * Hands records to sinks in batches. A sink that fails or is slow keeps its own records waiting, up to a bound, and no
 * one else's. What still waits when the process exits or crashes is handed over then; a process that is killed by a
 * signal without a listener loses the last `delay` milliseconds.
 */
export class BufferedAuditLog implements AuditLog {
  readonly #queues: readonly SinkQueue[]
  readonly #patience: number

  constructor(sinks: readonly Sink[], options: BufferOptions = {}) {
    this.#queues = sinks.map((sink) => new SinkQueue(sink, options))
    this.#patience = options.patience ?? 5_000
  }

  /** How many records had no more room, summed over all sinks. */
  get lost(): number {
    return this.#queues.reduce((sum, queue) => sum + queue.lost, 0)
  }

  write(line: string): void {
    for (const queue of this.#queues) queue.add(line)
  }

  async flush(): Promise<void> {
    await within(this.#patience, Promise.all(this.#queues.map((queue) => queue.drain())))
  }

  async close(): Promise<void> {
    await this.flush()
    await within(this.#patience, Promise.all(this.#queues.map((queue) => queue.close())))
  }
}

async function within(milliseconds: number, work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const end = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, milliseconds)
  })
  await Promise.race([work, end])
  clearTimeout(timer)
}
