/**
 * Queries that are parameterized, or do not run.
 *
 * @module portcullis/sql
 */

import { Unavailable } from '../errors.js'
import { requireQuery } from './query.js'
import type { Query } from './query.js'

export { empty, identifier, join, sql } from './query.js'
export type { Query, SqlValue } from './query.js'

/** A row, by the names of its columns. */
export type Row = Readonly<Record<string, unknown>>

/** Runs queries, and refuses, for the compiler and at run time, whatever was not made by `sql`. */
export interface Queryable {
  /** All rows; none for a statement without `RETURNING`. */
  all<R = Row>(query: Query): Promise<readonly R[]>
  /** The first row, or undefined. */
  first<R = Row>(query: Query): Promise<R | undefined>
}

/** A database. */
export interface Database extends Queryable {
  /** Runs `work` in a transaction: committed when it returns, rolled back when it throws. */
  transaction<T>(work: (within: Queryable) => Promise<T>): Promise<T>
  /**
   * The same database for queries that take no longer than so many milliseconds: a longer one rejects, and its connection is given up with
   * it, since a server that hangs would keep it for as long as the network believes in it. @default there are no connections to lose
   */
  within?(milliseconds: number): Queryable
  close(): Promise<void>
}

interface LibsqlRunner {
  execute(statement: { sql: string; args: never[] }): Promise<{ columns: string[]; rows: ArrayLike<ArrayLike<unknown>> }>
}

/** The part of a libsql client that is used here. */
export interface LibsqlClient extends LibsqlRunner {
  transaction(mode: 'write'): Promise<LibsqlRunner & { commit(): Promise<void>; rollback(): Promise<void>; close(): void }>
  close(): void
}

interface PgRunner {
  query(query: { text: string; values: unknown[]; query_timeout?: number }): Promise<{ rows: unknown[] }>
}

/** The part of a pg pool that is used here. */
export interface PgPool extends PgRunner {
  connect(): Promise<PgRunner & { release(error?: Error | boolean): void }>
  end(): Promise<void>
}

/** Makes a database out of a libsql client (embedded SQLite). */
export function libsql(client: LibsqlClient): Database {
  return {
    ...queryable((query) => runLibsql(client, query)),
    async transaction(work) {
      const open = await client.transaction('write')
      try {
        const result = await work(queryable((query) => runLibsql(open, query)))
        await open.commit()
        return result
      } catch (error) {
        await open.rollback()
        throw error
      } finally {
        open.close()
      }
    },
    close: async () => client.close(),
  }
}

/**
 * Makes a database out of a pg pool (PostgreSQL). Where the server cannot be asked (no connection, no room, shutting down) it
 * throws `Unavailable`, which is answered with 503; what is wrong with a query stays the driver's own error.
 */
export function postgres(pool: PgPool): Database {
  return {
    ...queryable((query) => runPg(pool, query)),
    async transaction(work) {
      const connection = await reached(pool.connect())
      let broken: unknown
      try {
        await plain(connection, 'BEGIN')
        const result = await work(queryable((query) => runPg(connection, query)))
        await plain(connection, 'COMMIT')
        return result
      } catch (error) {
        await plain(connection, 'ROLLBACK').catch((failure: unknown) => {
          broken = failure
        })
        throw error
      } finally {
        // A connection that cannot roll back must not serve the next request with this one's transaction open.
        connection.release(broken !== undefined)
      }
    },
    within: (milliseconds) => queryable((query) => runPg(pool, query, milliseconds)),
    close: () => pool.end(),
  }
}

function queryable(run: (query: Query) => Promise<readonly unknown[]>): Queryable {
  return {
    async all<R>(query: Query) {
      requireQuery(query)
      return (await run(query)) as readonly R[]
    },
    async first<R>(query: Query) {
      requireQuery(query)
      return (await run(query))[0] as R | undefined
    },
  }
}

async function runLibsql(runner: LibsqlRunner, query: Query): Promise<readonly Row[]> {
  const { columns, rows } = await runner.execute({ sql: query.sql, args: query.values as never[] })
  return Array.from(rows, (row) => Object.fromEntries(columns.map((name, index) => [name, row[index]])))
}

async function runPg(runner: PgRunner, query: Query, milliseconds?: number): Promise<readonly unknown[]> {
  const timeout = milliseconds === undefined ? {} : { query_timeout: milliseconds }
  return (await reached(runner.query({ text: query.text, values: query.values, ...timeout }))).rows
}

function plain(runner: PgRunner, text: 'BEGIN' | 'COMMIT' | 'ROLLBACK'): Promise<unknown> {
  return reached(runner.query({ text, values: [] }))
}

async function reached<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer
  } catch (error) {
    throw isAway(error) ? new Unavailable(undefined, { reason: 'database-unavailable', cause: error }) : error
  }
}

/** Classes of SQLSTATE: no connection, no room, an operator stepped in. An error without one did not come from the server. */
function isAway(error: unknown): boolean {
  const { code } = error as { readonly code?: unknown }
  if (typeof code === 'string' && /^(?=.*\d)[0-9A-Z]{5}$/.test(code)) return /^(?:08|53|57)/.test(code)
  return error instanceof Error && !(error instanceof TypeError)
}
