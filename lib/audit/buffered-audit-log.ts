import type { AuditLog, RecordFacts, Sink } from './audit-log.js'
import { SinkQueue } from './sink-queue.js'
import type { QueueOptions } from './sink-queue.js'

/** How records are buffered. */
export interface BufferOptions extends QueueOptions {
  /** How long `flush` and `close` wait for a sink that does not answer, in milliseconds. @default 5,000 */
  readonly patience?: number
}

/**
 * Hands each record to all of its sinks, in batches. A sink that fails or is slow keeps its own records waiting, up to a bound, and no
 * one else's. What still waits when the process exits or crashes is handed over then; a process that is killed by a
 * signal without a listener loses the last `delay` milliseconds, and a loss of power what sinks have not synced besides.
 */
export class BufferedAuditLog implements AuditLog {
  readonly #queues: readonly SinkQueue[]
  readonly #patience: number
  /** There where a sink is `durable`: settles when every such sink has the record. Of records that are committed at once, one batch is made. */
  readonly commit?: (line: string, facts: RecordFacts) => Promise<void>

  constructor(sinks: readonly Sink[], options: BufferOptions = {}) {
    this.#queues = sinks.map((sink) => new SinkQueue(sink, options))
    this.#patience = options.patience ?? 5_000
    if (this.#queues.some(({ isDurable }) => isDurable)) this.commit = (line) => this.#commit(line)
  }

  /** How many records had no more room, summed over all sinks. */
  get lost(): number {
    return this.#queues.reduce((sum, queue) => sum + queue.lost, 0)
  }

  write(line: string): void {
    for (const queue of this.#queues) queue.add(line)
  }

  /** Whether more than three quarters of what may wait for one of the sinks does. */
  get isCrowded(): boolean {
    return this.#queues.some((queue) => queue.isCrowded)
  }

  async #commit(line: string): Promise<void> {
    const pending = this.#queues.flatMap((queue) => {
      if (queue.isDurable) return [queue.commit(line)]
      queue.add(line)
      return []
    })
    await Promise.all(pending)
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
