import { createClient } from '@libsql/client'
import pg from 'pg'
import type { Logger } from 'winston'
import { Unavailable } from '../../lib/index.js'
import { libsql, postgres } from '../../lib/sql/sql.js'
import type { Database, Queryable } from '../../lib/sql/sql.js'

/** Opens `:memory:` or `file:orders.db` (SQLite, embedded), or `postgres://…`. */
export function openDatabase(url: string, logger: Logger): Database {
  // In memory there is one connection: the database ends with it, and a transaction has it to itself.
  if (url === ':memory:' || url.startsWith('file:')) return libsql(createClient({ url }))
  const pool = new pg.Pool({ connectionString: url, max: 10, connectionTimeoutMillis: 2_000, query_timeout: 5_000 })
  // A connection that breaks while nobody uses it: without a listener that would end the process.
  pool.on('error', (error) => logger.warn('a database connection broke', { error }))
  return answering503(postgres(pool))
}

/** Answers 503 where the database cannot be asked; its own errors stay errors of ours. */
function answering503(database: Database): Database {
  return {
    ...queryable(database),
    transaction: (work) => orUnavailable(database.transaction((within) => work(queryable(within)))),
    close: () => database.close(),
  }
}

function queryable(inner: Queryable): Queryable {
  return {
    all: (query) => orUnavailable(inner.all(query)),
    first: (query) => orUnavailable(inner.first(query)),
  }
}

async function orUnavailable<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer
  } catch (error) {
    throw isAway(error) ? new Unavailable(undefined, { reason: 'database-unavailable', cause: error }) : error
  }
}

/** Classes of SQLSTATE: no connection, no room, an operator stepped in. What has none did not come from the server. */
function isAway(error: unknown): boolean {
  if (error instanceof pg.DatabaseError) return /^(?:08|53|57)/.test(error.code ?? '')
  return error instanceof Error && !(error instanceof TypeError || error instanceof Unavailable)
}
