import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createClient as createLibsqlClient } from '@libsql/client'
import { Redis } from 'ioredis'
import { Pool } from 'pg'
import { createClient } from 'redis'
import type { Clock } from '../../lib/context.js'
import { libsql, postgres } from '../../lib/sql/sql.js'
import type { Database } from '../../lib/sql/sql.js'
import { MemoryStateStore } from '../../lib/state/memory-state-store.js'
import { RedisStateStore, SqlStateStore } from '../../lib/stores.js'
import { stateStoreCases } from '../../lib/testing.js'
import { findPostgres, startPostgres } from '../postgres-server.js'
import type { PostgresServer } from '../postgres-server.js'
import { hasRedis, startRedis } from '../rate-limit/redis-server.js'
import type { RedisServer } from '../rate-limit/redis-server.js'

const deadline = 10_000

describe('the contract of state stores, in memory', () => {
  let kept: { clock: Clock; made: MemoryStateStore } | undefined

  /** Two views of memory are one store. */
  function open(clock: Clock): MemoryStateStore {
    kept = { clock, made: kept?.made ?? new MemoryStateStore({ clock: { now: () => kept?.clock.now() ?? 0 } }) }
    return kept.made
  }

  for (const { name, run } of stateStoreCases(open, { runs: 1_000 })) it(name, run)
})

const describeWithRedis = hasRedis() ? describe : () => undefined

describeWithRedis('the contract of state stores, in Redis', () => {
  let server: RedisServer
  let ioredis: readonly Redis[]
  let nodeRedis: ReturnType<typeof createClient>

  before(async () => {
    server = await startRedis()
    ioredis = [0, 1].map(() => new Redis(server.port, '127.0.0.1'))
    nodeRedis = createClient({ url: `redis://127.0.0.1:${server.port}` })
    nodeRedis.on('error', () => undefined)
    await nodeRedis.connect()
  })

  after(async () => {
    for (const client of ioredis) client.disconnect()
    nodeRedis.destroy()
    await server.stop()
  })

  describe('through ioredis', () => {
    let views = 0
    const open = (clock: Clock) => new RedisStateStore(ioredis[(views += 1) % 2] as Redis, { clock, deadline })
    for (const { name, run } of stateStoreCases(open, { endsByClock: false })) it(name, run)
  })

  describe('through node-redis', () => {
    const open = (clock: Clock) => new RedisStateStore(nodeRedis, { clock, deadline })
    for (const { name, run } of stateStoreCases(open, { endsByClock: false })) it(name, run)
  })
})

describe('the contract of state stores, in SQLite', () => {
  const folder = mkdtempSync(join(tmpdir(), 'portcullis-state-'))
  const database = libsql(createLibsqlClient({ url: `file:${join(folder, 'state.db')}` }))

  after(async () => {
    await database.close()
    rmSync(folder, { recursive: true, force: true })
  })

  for (const { name, run } of stateStoreCases((clock) => SqlStateStore.open(database, { clock, deadline }), { runs: 10 })) it(name, run)
})

const programs = findPostgres()
const describeWithPostgres = programs === undefined ? () => undefined : describe

describeWithPostgres('the contract of state stores, in PostgreSQL', () => {
  let server: PostgresServer
  let databases: readonly Database[]
  let views = 0

  before(async () => {
    server = await startPostgres(programs ?? '')
    databases = [0, 1].map(() => postgres(new Pool({ connectionString: server.url, max: 5 })))
    await Promise.all([0, 1, 0, 1].map(async (index) => SqlStateStore.open(databases[index] as Database)))
  })

  after(async () => {
    await Promise.all(databases.map(async (database) => database.close()))
    await server.stop()
  })

  const open = (clock: Clock) => SqlStateStore.open(databases[(views += 1) % 2] as Database, { clock, deadline })
  for (const { name, run } of stateStoreCases(open)) it(name, run)
})
