import type { Clock } from '../context.js'
import { sql } from '../sql/sql.js'
import type { Database, Query } from '../sql/sql.js'
import { inTime, requireDeadline } from './in-time.js'
import type { StateStore } from './state-store.js'

/** Options of a state store in a database. */
export interface SqlStateStoreOptions {
  /** How long to wait for the database, in milliseconds. @default 1,000 */
  readonly deadline?: number
  /** Tells when values end. It must be about the same on all processes. @default the system's */
  readonly clock?: Clock
}

interface Row {
  readonly value: string
}

/** So many calls are answered for one that also takes ended values away. */
const callsForSweep = 500
const rowsForSweep = 1_000

/** As `Infinity`, in a column of whole numbers. */
const forGood = Number.MAX_SAFE_INTEGER

/**
 * Keeps state in PostgreSQL or SQLite, for all processes of an API together, in the table `portcullis_state`. Each call is one
 * statement, which the database runs whole or not at all. It fails closed: where the database errs or is late, a call ends as
 * `Unavailable` (503), since a token may be a revoked one, a code a used one.
 */
export class SqlStateStore implements StateStore {
  #calls = 0

  private constructor(
    private readonly database: Database,
    private readonly deadline: number,
    private readonly clock: Clock,
  ) {}

  /** Makes the table where there is none. Throws a `RangeError` where `deadline` is not between 1 and 60,000. */
  static async open(database: Database, options: SqlStateStoreOptions = {}): Promise<SqlStateStore> {
    const { deadline = 1_000, clock = { now: () => Date.now() } } = options
    requireDeadline(deadline)
    await makeTable(database)
    return new SqlStateStore(database, deadline, clock)
  }

  async get(key: string): Promise<string | undefined> {
    return (await this.#ask(sql`SELECT value FROM portcullis_state WHERE name = ${key} AND until > ${this.clock.now()}`))?.value
  }

  async set(key: string, value: string, until: number): Promise<void> {
    await this.#ask(sql`INSERT INTO portcullis_state (name, value, until) VALUES (${key}, ${value}, ${toColumn(until)})
      ON CONFLICT (name) DO UPDATE SET value = excluded.value, until = excluded.until RETURNING value`)
  }

  async add(key: string, value: string, until: number): Promise<boolean> {
    const kept = await this.#ask(sql`INSERT INTO portcullis_state (name, value, until) VALUES (${key}, ${value}, ${toColumn(until)})
      ON CONFLICT (name) DO UPDATE SET value = excluded.value, until = excluded.until
      WHERE portcullis_state.until <= ${this.clock.now()} RETURNING value`)
    return kept !== undefined
  }

  async replace(key: string, expected: string, value: string, until: number): Promise<boolean> {
    const replaced = await this.#ask(sql`UPDATE portcullis_state SET value = ${value}, until = ${toColumn(until)}
      WHERE name = ${key} AND value = ${expected} AND until > ${this.clock.now()} RETURNING value`)
    return replaced !== undefined
  }

  async take(key: string): Promise<string | undefined> {
    return (await this.#ask(sql`DELETE FROM portcullis_state WHERE name = ${key} AND until > ${this.clock.now()} RETURNING value`))?.value
  }

  async #ask(query: Query): Promise<Row | undefined> {
    const row = await inTime('the database', this.deadline, () => this.database.first<Row>(query))
    this.#calls = (this.#calls + 1) % callsForSweep
    if (this.#calls === 0) this.#sweep()
    return row
  }

  /** Nobody waits for it, and where it fails the next one does its work. */
  #sweep(): void {
    const ended = sql`DELETE FROM portcullis_state WHERE name IN
      (SELECT name FROM portcullis_state WHERE until <= ${this.clock.now()} LIMIT ${rowsForSweep})`
    this.database.all(ended).catch(() => undefined)
  }
}

/** Two processes that start at once both find no table, and PostgreSQL lets one of them fail: it is there then. */
async function makeTable(database: Database): Promise<void> {
  const table = sql`CREATE TABLE IF NOT EXISTS portcullis_state (name TEXT PRIMARY KEY, value TEXT NOT NULL, until BIGINT NOT NULL)`
  try {
    await database.all(table)
  } catch {
    await database.all(table)
  }
  const index = sql`CREATE INDEX IF NOT EXISTS portcullis_state_until ON portcullis_state (until)`
  await database.all(index).catch(() => undefined)
}

function toColumn(until: number): number {
  return until === Number.POSITIVE_INFINITY ? forGood : Math.floor(until)
}
