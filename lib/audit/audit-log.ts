import type { SecurityEvent } from './vocabulary.js'

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
  /** How many records were lost so far, where it counts them. */
  readonly lost?: number
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
