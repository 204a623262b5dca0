import type { Clock } from '../context.js'
import { Unavailable } from '../errors.js'
import { identifier, sql } from '../sql/sql.js'
import type { Database, Query, Queryable } from '../sql/sql.js'
import { Breaker } from './breaker.js'
import { askClosed, probeKey } from './fail-closed.js'
import { inTime, requireDeadline, usualDeadline } from './in-time.js'
import { makeStateTable } from './sql-state-table.js'
import type { StateStore, StoreChange } from './state-store.js'
import { isStorable, nameOf, requireStorable } from './storable.js'

/** Options of a state store in a database. */
export interface SqlStateStoreOptions {
  /** How long to wait for the database, in milliseconds. `open` waits for ten seconds. @default 50 */
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

/** How much longer than its deadline a call may hold its connection, in milliseconds. */
const patience = 1_000

/** As `Infinity`, in a column of whole numbers. */
const forGood = Number.MAX_SAFE_INTEGER

/**
 * Keeps state in PostgreSQL or SQLite, for all processes of an API together, in one table. Each call is one statement, which the
 * database runs whole or not at all. It fails closed: where the database errs, is late, or was so three times in a row and
 * is not back, a call ends as `Unavailable` (503), since a token may be a revoked one, a code a used one.
 *
 * Give a pool of PostgreSQL `connectionTimeoutMillis`, so that calls do not queue for connections that do not come about,
 * `statement_timeout`, so that the server does not go on with what nobody waits for, and a listener for its `error` events. Leave its
 * transactions at READ COMMITTED, or calls that meet fail instead of one of them winning. Close the database yourself.
 */
export class SqlStateStore implements StateStore {
  readonly #breaker: Breaker
  #answers = 0
  #isSweeping = false

  private constructor(
    private readonly database: Queryable,
    private readonly table: Query,
    private readonly clock: Clock,
    deadline: number,
  ) {
    this.#breaker = new Breaker({ who: 'the database', deadline, clock, probe: () => this.#write(probeKey, '', clock.now() + 1_000) })
  }

  watch(listener: (change: StoreChange) => void): void {
    this.#breaker.watch((change) => listener({ store: 'the database', ...change }))
  }

  /**
   * Makes the table where there is none; several processes may start at once. Where it is there already, the database's user
   * needs no right but to read and write it. Rejects with a `RangeError` where `deadline` is not between 1 and 60,000 or `table`
   * no name, with `Unavailable` where the database errs or is late.
   */
  static async open(database: Database, options: SqlStateStoreOptions = {}): Promise<SqlStateStore> {
    const { deadline = usualDeadline, clock = { now: () => Date.now() }, table = 'portcullis_state' } = options
    requireDeadline(deadline)
    requireTableName(table)
    await opened(() => makeStateTable(database, table))
    return new SqlStateStore(database.within?.(deadline + patience) ?? database, identifier(table, [table]), clock, deadline)
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

  #write(key: string, value: string, until: number): Promise<unknown> {
    return this.database.first(sql`${this.#insert(key, value, until)} RETURNING value`)
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
    const row = await askClosed(this.#breaker, async () => rowOf(await this.database.first(query)))
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
    await this.#breaker.run(() => this.database.all(ended)).catch(() => undefined)
    this.#isSweeping = false
  }
}

/** Milliseconds. */
const openingTime = 10_000

async function opened(make: () => Promise<void>): Promise<void> {
  try {
    await inTime('the database', openingTime, make)
  } catch (thrown) {
    throw new Unavailable(undefined, { reason: 'state-unavailable', cause: thrown })
  }
}

/** What is no row of ours is a failure: taken for none, it would make a revoked token a good one. */
function rowOf(answer: unknown): Row | undefined {
  if (answer === undefined) return undefined
  if (typeof answer === 'object' && answer !== null && 'value' in answer && typeof answer.value === 'string') return { value: answer.value }
  throw new Error('the database gave an answer that is no row with a value')
}

function requireTableName(table: string): void {
  if (/^[a-z][a-z0-9_]{0,49}$/.test(table)) return
  throw new RangeError(`table is ${JSON.stringify(table)}: give small letters, digits and underscores, a letter first, 50 at most`)
}

function toColumn(until: number): number {
  return Math.min(Math.ceil(until), forGood)
}
