import { createClient } from '@libsql/client'
import pg from 'pg'
import type { Logger } from 'winston'
import { libsql, postgres } from '../../lib/sql/sql.js'
import type { Database } from '../../lib/sql/sql.js'

/** Opens `:memory:` or `file:orders.db` (SQLite, embedded), or `postgres://…`. */
export function openDatabase(url: string, logger: Logger): Database {
  // In memory there is one connection: the database ends with it, and a transaction has it to itself.
  if (url === ':memory:' || url.startsWith('file:')) return libsql(createClient({ url }))
  const pool = new pg.Pool({ connectionString: url, max: 10, connectionTimeoutMillis: 2_000, query_timeout: 5_000 })
  // A connection that breaks while nobody uses it: without a listener that would end the process.
  pool.on('error', (error) => logger.warn('a database connection broke', { error }))
  return postgres(pool)
}
