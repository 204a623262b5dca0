import type { SecurityEvent } from './vocabulary.js'

/** What a record is of: a route with `@Audit`, any other request, something that happened outside of requests. */
export type RecordKind = 'audit' | 'access' | 'event'

/** What an audit log may decide by without parsing the line. */
export interface RecordFacts {
  readonly kind: RecordKind
  /** An event of the OWASP logging vocabulary, or a name of the application's own. */
  readonly event: SecurityEvent | (string & {}) | undefined
  /** Of an event outside of requests: whom it is about, unmasked. */
  readonly address?: string | undefined
  readonly principalId?: string | undefined
  /** The request that the event happened in. */
  readonly requestId?: string | undefined
}

/** Takes finished records. Replace it to do everything yourself; to send records elsewhere, a `Sink` is enough. */
export interface AuditLog {
  /** Takes one record, as one line of JSON without its line break. Neither throws nor waits. */
  write(line: string, facts: RecordFacts): void
  /** How many records were lost so far, where it counts them. */
  readonly lost?: number
  /**
   * Takes one record as `write` does, and settles when it stays: written to every sink that is `durable`. Rejects where that fails; the
   * record may come to its sinks later all the same. Without it, routes with `@Audit(…, { critical: true })` do not start.
   */
  commit?(line: string, facts: RecordFacts): Promise<void>
  /** Whether so many records wait that new requests had better wait too. For `whenFull: 'block'`. */
  readonly isCrowded?: boolean
  /** Settles when what was written before has reached its sinks, or could not. Never rejects. */
  flush(): Promise<void>
  /** Flushes, and lets go of files and timers. Never rejects. */
  close(): Promise<void>
}

/** Who hears of sinks that fail, and of those that work again: any winston logger. */
export interface SinkWatch {
  error(message: string, about: object): unknown
  warn(message: string, about: object): unknown
}

/** A place where records end up. */
export interface Sink {
  /** How messages name it. */
  readonly name: string
  /** Takes each record at once rather than in batches. @default false */
  readonly immediate?: boolean
  /**
   * Whether a batch that was taken, and synced where there is `sync`, survives the end of the process and of the machine: critical records
   * wait for such sinks. @default false
   */
  readonly durable?: boolean
  /** Told once who hears of what went wrong without a batch being lost. */
  watch?(watch: SinkWatch): void
  /**
   * Takes a batch. When it throws or rejects, the whole batch comes again later. There is no second call before the
   * first has settled, except when the process exits: what a sink does synchronously then is not lost.
   */
  write(lines: readonly string[]): void | Promise<void>
  /**
   * Settles when all that was taken survives a loss of power too; without it, that is so as soon as a batch is taken. Comes after batches
   * that somebody waits for, of which there are critical records, and else after a megabyte or the log's `delay`: it may be expensive.
   * Where it rejects, it comes again later, and the lines do not: what it was for is the sink's to keep. While it works no batch comes,
   * except when the process exits.
   */
  sync?(): Promise<void>
  /** Records that are late may still come after it. */
  close?(): void | Promise<void>
}
