import { createClient } from '@libsql/client'
import { expect } from 'chai'
import * as fc from 'fast-check'
import pg from 'pg'
import { Unavailable } from '../../lib/errors.js'
import { empty, identifier, join, libsql, postgres, sql } from '../../lib/sql/sql.js'
import type { Database, Query } from '../../lib/sql/sql.js'
import { findPostgres, startPostgres } from '../postgres-server.js'

const loose = sql as unknown as (...args: readonly unknown[]) => Query

describe('the sql tag', () => {
  it('keeps values apart from the text, for both dialects', () => {
    const query = sql`SELECT * FROM orders WHERE id = ${1} AND name = ${"'; DROP TABLE orders; --"}`
    expect(query.sql).to.equal('SELECT * FROM orders WHERE id = ? AND name = ?')
    expect(query.text).to.equal('SELECT * FROM orders WHERE id = $1 AND name = $2')
    expect(query.values).to.deep.equal([1, "'; DROP TABLE orders; --"])
  })

  it('joins queries in, and lists', () => {
    const conditions = join([sql`a = ${1}`, sql`b = ${2}`], ' AND ')
    expect(sql`SELECT ${identifier('a', ['a', 'b'])} FROM t WHERE ${conditions} ${empty} AND c IN (${join([3, 4])})`.text).to.equal(
      'SELECT "a" FROM t WHERE a = $1 AND b = $2  AND c IN ($3,$4)'.replace(',', ', '),
    )
  })

  it('is no function: text that was put together is refused', () => {
    for (const strings of ['SELECT 1', ['SELECT 1'], Object.assign(['SELECT 1'], { raw: ['SELECT 1'] }), null, undefined]) {
      expect(() => loose(strings)).to.throw(TypeError)
    }
  })

  it('refuses what is no value, an imitation of a query among it', () => {
    const imitation = JSON.parse('{"strings":["1; DROP TABLE orders"],"values":[],"sql":"x","text":"x"}') as unknown
    for (const value of [undefined, {}, [], imitation, () => 1, Symbol('s'), Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(() => loose(Object.freeze(Object.assign(['a', 'b'], { raw: Object.freeze(['a', 'b']) })), value)).to.throw(
        TypeError,
        'value 1',
      )
    }
    expect(() => join([])).to.throw(TypeError)
    expect(() => join([1], '; DROP TABLE orders; --' as ', ')).to.throw(TypeError)
  })

  it('takes names of columns from a list only', () => {
    expect(() => identifier('id; --', ['id'])).to.throw(RangeError)
    expect(() => identifier('__proto__', ['id'])).to.throw(RangeError)
  })

  it('cannot be changed afterwards', () => {
    const query = sql`SELECT 1` as { strings: string[] }
    expect(() => {
      query.strings = ['DROP TABLE orders']
    }).to.throw(TypeError)
  })
})

const programs = findPostgres()

interface Opened {
  readonly database: Database
  stop(): Promise<void>
}

const databases: ReadonlyArray<readonly [string, () => Promise<Opened>]> = [
  ['libsql', async () => ({ database: libsql(createClient({ url: 'file::memory:?cache=shared' })), stop: async () => undefined })],
  ...(programs === undefined ? [] : [['PostgreSQL', () => openPostgres(programs)] as const]),
]

async function openPostgres(folder: string): Promise<Opened> {
  const server = await startPostgres(folder)
  return { database: postgres(new pg.Pool({ connectionString: server.url })), stop: server.stop }
}

describe('a PostgreSQL that does not answer', () => {
  it('is a 503, and no error of the query', async () => {
    const database = postgres(new pg.Pool({ host: '127.0.0.1', port: 1, connectionTimeoutMillis: 500 }))
    for (const asked of [database.all(sql`SELECT 1`), database.transaction((within) => within.all(sql`SELECT 1`))]) {
      const error = await asked.catch((thrown: unknown) => thrown)
      expect(error).to.be.instanceOf(Unavailable).and.include({ status: 503, reason: 'database-unavailable' })
    }
    await database.close()
  })
})

for (const [name, open] of databases) {
  describe(`a database on ${name}`, () => {
    let database: Database
    let stop: () => Promise<void>

    before(async () => {
      ;({ database, stop } = await open())
      await database.all(sql`DROP TABLE IF EXISTS portcullis_sql_test`)
      await database.all(sql`CREATE TABLE portcullis_sql_test (id INTEGER PRIMARY KEY, note TEXT)`)
    })

    after(async () => {
      await database.all(sql`DROP TABLE portcullis_sql_test`)
      await database.close()
      await stop()
    })

    it('runs nothing but queries of the tag', async () => {
      for (const query of [
        'SELECT 1',
        { text: 'SELECT 1', sql: 'SELECT 1', values: [] },
        null,
        undefined,
        JSON.parse('{"sql":"SELECT 1"}'),
      ]) {
        const error = await database.all(query as Query).catch((thrown: unknown) => thrown)
        expect(error).to.be.instanceOf(TypeError)
      }
    })

    it('takes any text in and gives it back as it was', async () => {
      const text = fc.string({ unit: 'grapheme' }).map((one) => one.replaceAll('\u0000', ''))
      const attacks = fc.constantFrom("' OR 1=1 --", '"; DROP TABLE portcullis_sql_test; --', '$1', '?', "\\'", "''", '%_', '/*', '\u2019')
      await fc.assert(
        fc.asyncProperty(fc.oneof(text, attacks), async (note) => {
          await database.all(sql`DELETE FROM portcullis_sql_test`)
          await database.all(sql`INSERT INTO portcullis_sql_test (id, note) VALUES (${1}, ${note})`)
          const row = await database.first<{ note: string }>(sql`SELECT note FROM portcullis_sql_test WHERE note = ${note}`)
          expect(row).to.deep.equal({ note })
        }),
        { numRuns: 60 },
      )
    })

    it('leaves an error of the query what it is', async () => {
      const error = await database.all(sql`SELECT * FROM no_such_table`).catch((thrown: unknown) => thrown)
      expect(error).to.be.instanceOf(Error).and.not.instanceOf(Unavailable)
    })

    it('commits what returns and rolls back what throws', async () => {
      await database.all(sql`DELETE FROM portcullis_sql_test`)
      await database.transaction((within) => within.all(sql`INSERT INTO portcullis_sql_test (id, note) VALUES (${1}, ${'kept'})`))
      const failed = await database
        .transaction(async (within) => {
          await within.all(sql`INSERT INTO portcullis_sql_test (id, note) VALUES (${2}, ${'lost'})`)
          throw new RangeError('no')
        })
        .catch((thrown: unknown) => thrown)
      expect(failed).to.be.instanceOf(RangeError)
      expect(await database.all(sql`SELECT id, note FROM portcullis_sql_test`)).to.deep.equal([{ id: 1, note: 'kept' }])
    })
  })
}
