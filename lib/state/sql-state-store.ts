import type { Clock } from '../context.js'
import { identifier, sql } from '../sql/sql.js'
import type { Database, Query } from '../sql/sql.js'
import { inTime, requireDeadline } from './in-time.js'
import { makeStateTable } from './sql-state-table.js'
import type { StateStore } from './state-store.js'
import { isStorable, nameOf, requireStorable } from './storable.js'

/** Options of a state store in a database. */
export interface SqlStateStoreOptions {
  /** How long to wait for the database, in milliseconds. `open` waits ten times as long. @default 1,000 */
  readonly deadline?: number
  /** Tells when values end. It must be about the same on all processes. @default the system's */
  readonly clock?: Clock
  /** Small letters, digits and underscores, a letter first, 50 at most. @default 'portcullis_state' */
  readonly table?: string
}

interface Row {
  readonly value: string
}

/** The first of so many answers is followed by a sweep. It takes more away than they can have added. */
const answersForSweep = 500
const rowsForSweep = 1_000

/** As `Infinity`, in a column of whole numbers. */
const forGood = Number.MAX_SAFE_INTEGER

/**
 * Keeps state in PostgreSQL or SQLite, for all processes of an API together, in one table. Each call is one statement, which the
 * database runs whole or not at all. It fails closed: where the database errs or is late, a call ends as `Unavailable` (503),
 * since a token may be a revoked one, a code a used one.
 *
 * A call that was late still holds its connection: give a pool of PostgreSQL `connectionTimeoutMillis` and `statement_timeout`,
 * and leave its transactions at READ COMMITTED, or calls that meet fail instead of one of them winning. Close the database
 * yourself.
 */
export class SqlStateStore implements StateStore {
  #answers = 0
  #isSweeping = false

  private constructor(
    private readonly database: Database,
    private readonly table: Query,
    private readonly deadline: number,
    private readonly clock: Clock,
  ) {}

  /**
   * Makes the table where there is none; several processes may start at once. Where it is there already, the database's user
   * needs no right but to read and write it. Rejects with a `RangeError` where `deadline` is not between 1 and 60,000 or `table`
   * no name, with `Unavailable` where the database errs or is late.
   */
  static async open(database: Database, options: SqlStateStoreOptions = {}): Promise<SqlStateStore> {
    const { deadline = 1_000, clock = { now: () => Date.now() }, table = 'portcullis_state' } = options
    requireDeadline(deadline)
    requireTableName(table)
    await inTime('the database', deadline * 10, () => makeStateTable(database, table))
    return new SqlStateStore(database, identifier(table, [table]), deadline, clock)
  }

  async get(key: string): Promise<string | undefined> {
    return (await this.#ask(sql`SELECT value FROM ${this.table} WHERE ${this.#isKept(key)}`))?.value
  }

  async set(key: string, value: string, until: number): Promise<void> {
    requireStorable(value, until)
    await this.#ask(
      this.#isPast(until)
        ? sql`DELETE FROM ${this.table} WHERE name = ${nameOf(key)} RETURNING value`
        : sql`${this.#insert(key, value, until)} RETURNING value`,
    )
  }

  async add(key: string, value: string, until: number): Promise<boolean> {
    requireStorable(value, until)
    if (this.#isPast(until)) return (await this.get(key)) === undefined
    const added = await this.#ask(sql`${this.#insert(key, value, until)} WHERE ${this.table}.until <= ${this.#now()} RETURNING value`)
    return added !== undefined
  }

  async replace(key: string, expected: string, value: string, until: number): Promise<boolean> {
    requireStorable(value, until)
    // No column holds it, and a driver would make another text of it, which may be kept.
    if (!isStorable(expected)) return false
    const isExpected = sql`${this.#isKept(key)} AND value = ${expected}`
    const replaced = await this.#ask(
      this.#isPast(until)
        ? sql`DELETE FROM ${this.table} WHERE ${isExpected} RETURNING value`
        : sql`UPDATE ${this.table} SET value = ${value}, until = ${toColumn(until)} WHERE ${isExpected} RETURNING value`,
    )
    return replaced !== undefined
  }

  async take(key: string): Promise<string | undefined> {
    return (await this.#ask(sql`DELETE FROM ${this.table} WHERE ${this.#isKept(key)} RETURNING value`))?.value
  }

  #insert(key: string, value: string, until: number): Query {
    return sql`INSERT INTO ${this.table} (name, value, until) VALUES (${nameOf(key)}, ${value}, ${toColumn(until)})
      ON CONFLICT (name) DO UPDATE SET value = excluded.value, until = excluded.until`
  }

  #isKept(key: string): Query {
    return sql`name = ${nameOf(key)} AND until > ${this.#now()}`
  }

  #isPast(until: number): boolean {
    return until <= this.clock.now()
  }

  #now(): number {
    return Math.floor(this.clock.now())
  }

  async #ask(query: Query): Promise<Row | undefined> {
    const row = await inTime('the database', this.deadline, () => this.database.first<Row>(query))
    if (this.#answers === 0) void this.#sweep()
    this.#answers = (this.#answers + 1) % answersForSweep
    return row
  }

  /** Nobody waits for it, and where it fails the next one does its work. */
  async #sweep(): Promise<void> {
    if (this.#isSweeping) return
    this.#isSweeping = true
    const now = this.#now()
    // The first condition is asked again of a row that another process is just keeping anew, the choice of names is not.
    const ended = sql`DELETE FROM ${this.table} WHERE until <= ${now}
      AND name IN (SELECT name FROM ${this.table} WHERE until <= ${now} ORDER BY until LIMIT ${rowsForSweep})`
    await inTime('the database', this.deadline, () => this.database.all(ended)).catch(() => undefined)
    this.#isSweeping = false
  }
}

function requireTableName(table: string): void {
  if (/^[a-z][a-z0-9_]{0,49}$/.test(table)) return
  throw new RangeError(`table is ${JSON.stringify(table)}: give small letters, digits and underscores, a letter first, 50 at most`)
}

function toColumn(until: number): number {
  return Math.min(Math.ceil(until), forGood)
}
