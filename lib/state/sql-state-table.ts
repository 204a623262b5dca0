import { identifier, sql } from '../sql/sql.js'
import type { Database } from '../sql/sql.js'

/**
 * Makes the table of a state store where there is none. Nothing is changed where it is there: the user may have no right to, and
 * making an index would stop all writing for a moment at each start.
 */
export async function makeStateTable(database: Database, table: string): Promise<void> {
  if (await isThere(database, table)) return
  let failure: unknown
  try {
    await make(database, table)
  } catch (thrown) {
    failure = thrown
  }
  // Of processes that start at once PostgreSQL lets one fail: for that one, too, the table is there now.
  if (!(await isThere(database, table))) throw failure ?? new Error(`${table} is there, but has not the columns name, value and until`)
}

async function make(database: Database, table: string): Promise<void> {
  const name = identifier(table, [table])
  const index = `${table}_until`
  await database.all(sql`CREATE TABLE IF NOT EXISTS ${name} (name TEXT PRIMARY KEY, value TEXT NOT NULL, until BIGINT NOT NULL)`)
  await database.all(sql`CREATE INDEX IF NOT EXISTS ${identifier(index, [index])} ON ${name} (until)`)
}

async function isThere(database: Database, table: string): Promise<boolean> {
  const asked = database.all(sql`SELECT name, value, until FROM ${identifier(table, [table])} LIMIT 1`)
  return asked.then(
    () => true,
    () => false,
  )
}
