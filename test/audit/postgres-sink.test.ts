import { createPublicKey, generateKeyPairSync, randomBytes } from 'node:crypto'
import { expect } from 'chai'
import { Pool } from 'pg'
import { postgresAuditLines, postgresAuditMigration, postgresSink, verifyAuditLog } from '../../lib/index.js'
import type { PostgresPool } from '../../lib/index.js'
import { findPostgres, startPostgres } from '../postgres-server.js'
import type { PostgresServer } from '../postgres-server.js'

const programs = findPostgres()
const key = randomBytes(32)

const describeWithPostgres = programs === undefined ? () => undefined : describe

describeWithPostgres('the audit log in PostgreSQL', () => {
  let server: PostgresServer
  let pool: Pool
  before(async () => {
    server = await startPostgres(programs ?? '')
    pool = new Pool({ connectionString: server.url, max: 4 })
    pool.on('error', () => undefined)
  })
  after(async () => {
    await pool.end()
    await server.stop()
  })
  beforeEach(async () => {
    await pool.query('DROP TABLE IF EXISTS portcullis_audit')
    await pool.query(postgresAuditMigration())
    await pool.query(postgresAuditMigration())
  })

  const linesIn = async () =>
    (await pool.query<{ line: string }>('SELECT line FROM portcullis_audit ORDER BY position')).rows.map(({ line }) => line)
  const fieldsIn = async () => (await linesIn()).map((line) => JSON.parse(line) as Record<string, unknown>)
  const verify = (keys = [key] as Parameters<typeof verifyAuditLog>[1]['keys'], head?: string) =>
    verifyAuditLog([postgresAuditLines(pool)], { keys, head })

  it('is appended to, a batch in one statement, in order', async () => {
    let statements = 0
    const counted: PostgresPool = { query: (query) => (statements++, pool.query(query)) }
    await postgresSink(counted).write(['{"a":1}', '{"a":"\u0000ü"}', '{"a":3}'])
    expect(await linesIn()).to.deep.equal(['{"a":1}', String.raw`{"a":"\u0000ü"}`, '{"a":3}'])
    expect(statements).to.equal(1)
  })

  it('lets nobody change or delete what is in it', async () => {
    await postgresSink(pool).write(['{"a":1}'])
    for (const text of ["UPDATE portcullis_audit SET line = ''", 'DELETE FROM portcullis_audit', 'TRUNCATE portcullis_audit']) {
      const error = await pool.query(text).catch((thrown: unknown) => thrown)
      expect(error, text).to.have.property('message', 'audit records are neither changed nor deleted')
    }
  })

  it('has a chain that goes on after restarts, and shows what was done to it', async () => {
    const heads: string[] = []
    for (let start = 0; start < 3; start++) {
      const sink = postgresSink(pool, { chain: { key }, head: { to: (head) => void heads.push(head) } })
      await sink.write(Array.from({ length: 20 }, (_, a) => `{"a":${a}}`))
      await sink.close?.()
    }
    expect(await verify([key], heads.at(-1))).to.include({ intact: true, records: 63, reachesHead: true })
    await pool.query('ALTER TABLE portcullis_audit DISABLE TRIGGER portcullis_audit_keep')
    await pool.query('DELETE FROM portcullis_audit WHERE position = 62')
    expect(await verify()).to.include({ intact: true })
    expect((await verify([key], heads.at(-1))).fault).to.include({ kind: 'truncated', sequence: 62 })
    await pool.query('DELETE FROM portcullis_audit WHERE position = 30')
    expect((await verify()).fault).to.include({ kind: 'removed', sequence: 30 })
    await pool.query('UPDATE portcullis_audit SET line = replace(line, \'"a":7\', \'"a":8\') WHERE position = 8')
    expect((await verify()).fault).to.include({ kind: 'changed', sequence: 8 })
  })

  it('goes on with the chain that began last, also where it is signed', async () => {
    const chain = { sign: generateKeyPairSync('ed25519').privateKey }
    for (const spoil of [false, true, false, false]) {
      if (spoil) await pool.query("INSERT INTO portcullis_audit (position, line) VALUES (1000, 'spoilt')")
      const sink = postgresSink(pool, { chain })
      await sink.write(['{"a":1}'])
      await sink.close?.()
    }
    const said = (await linesIn()).map((line) => /"event":"(\w+)"|"a":1|spoilt/.exec(line)).map((found) => found?.[1] ?? found?.[0])
    const started = ['"a":1', 'checkpoint']
    expect(said).to.deep.equal(['started', ...started, 'spoilt', 'broken', ...started, 'resumed', ...started, 'resumed', ...started])
    expect(new Set((await linesIn()).slice(4).flatMap((line) => /"chain":"([^"]+)"/.exec(line)?.[1] ?? [])).size).to.equal(1)
  })

  it('says why a new chain began where the old one cannot go on', async () => {
    const write = async () => {
      const sink = postgresSink(pool, { chain: { key } })
      await sink.write(['{"a":1}'])
      await sink.close?.()
    }
    await write()
    await pool.query('ALTER TABLE portcullis_audit DISABLE TRIGGER portcullis_audit_keep')
    await pool.query('UPDATE portcullis_audit SET line = replace(line, \'"a":1\', \'"a":2\') WHERE position = 1')
    await write()
    await write()
    expect((await fieldsIn()).map(({ event, a }) => event ?? a)).to.deep.equal(['started', 2, 'broken', 1, 'resumed', 1])
    expect((await verify()).fault).to.include({ kind: 'changed', sequence: 1 })
  })

  it('has one chain for several processes that write at once', async () => {
    const sinks = Array.from({ length: 3 }, () => postgresSink(pool, { chain: { key } }))
    await Promise.all(
      sinks.map(async (sink, writer) => {
        for (let batch = 0; batch < 15; batch++) {
          const lines = [`{"writer":${writer},"a":${batch * 2}}`, `{"writer":${writer},"a":${batch * 2 + 1}}`]
          for (;;) {
            const failed = await Promise.resolve(sink.write(lines)).then(
              () => false,
              () => true,
            )
            if (!failed) break
          }
        }
      }),
    )
    expect(await verify()).to.include({ intact: true })
    const fields = await fieldsIn()
    for (const writer of [0, 1, 2]) {
      expect(fields.filter((one) => one['writer'] === writer).map(({ a }) => a)).to.deep.equal(Array.from({ length: 30 }, (_, a) => a))
    }
  })

  it('has each record once though answers are lost', async () => {
    let seed = 11
    const chance = () => (seed = (seed * 48_271) % 2_147_483_647) % 8
    const unsure: PostgresPool = {
      async query(query) {
        if (chance() === 0) throw new Error('the connection broke before')
        const answer = await pool.query(query)
        if (chance() === 0) throw new Error('the connection broke after')
        return answer
      },
    }
    const sink = postgresSink(unsure, { chain: { key } })
    let waiting: string[] = []
    for (let a = 0; a < 40; a++) {
      waiting.push(`{"a":${a}}`)
      await Promise.resolve(sink.write(waiting)).then(
        () => (waiting = []),
        () => undefined,
      )
    }
    while (waiting.length > 0)
      await Promise.resolve(sink.write(waiting)).then(
        () => (waiting = []),
        () => undefined,
      )
    expect((await fieldsIn()).flatMap(({ a }) => (a === undefined ? [] : [a]))).to.deep.equal(Array.from({ length: 40 }, (_, a) => a))
    expect(await verify()).to.include({ intact: true })
  })

  it('is signed at the end of each batch', async () => {
    const { privateKey } = generateKeyPairSync('ed25519')
    for (let start = 0; start < 2; start++) {
      const sink = postgresSink(pool, { chain: { sign: privateKey } })
      await sink.write(Array.from({ length: 30 }, (_, a) => `{"a":${a}}`))
    }
    const result = await verify([createPublicKey(privateKey)])
    expect(result).to.include({ intact: true, records: 64 })
    expect(result.unproven).to.deep.equal([])
  })

  it('refuses options that are wrong', () => {
    for (const table of ['', 'Audit', 'a;b', 'a"b', 'a.b']) {
      expect(() => postgresSink(pool, { table }), table).to.throw(TypeError, 'no name')
      expect(() => postgresAuditMigration(table), table).to.throw(TypeError, 'no name')
    }
    expect(() => postgresSink(pool, { head: { to: 'head' } })).to.throw(TypeError, 'chain')
  })
})
