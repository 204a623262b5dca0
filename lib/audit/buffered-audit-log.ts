import type { AuditLog, Sink } from './audit-log.js'
import { SinkQueue } from './sink-queue.js'
import type { QueueOptions } from './sink-queue.js'

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
