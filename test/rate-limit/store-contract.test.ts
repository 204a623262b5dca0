import { Redis } from 'ioredis'
import { Pool } from 'pg'
import { createClient } from 'redis'
import type { Clock } from '../../lib/context.js'
import { MemoryRateLimitStore } from '../../lib/rate-limit/rate-limit.js'
import { RedisRateLimitStore } from '../../lib/stores.js'
import { rateLimitStoreCases } from '../../lib/testing.js'
import { PostgresRateLimitStore } from '../../lib/rate-limit/postgres-store.js'
import { findPostgres, startPostgres } from '../postgres-server.js'
import type { PostgresServer } from '../postgres-server.js'
import { hasRedis, startRedis } from './redis-server.js'
import type { RedisServer } from './redis-server.js'

describe('the contract of rate limit stores, in memory', () => {
  let store: { clock: Clock; made: MemoryRateLimitStore } | undefined

  /** Two views of memory are one store. */
  function open(clock: Clock): MemoryRateLimitStore {
    store = { clock, made: store?.made ?? new MemoryRateLimitStore({ clock: { now: () => store?.clock.now() ?? 0 } }) }
    return store.made
  }

  for (const { name, run } of rateLimitStoreCases(open, { runs: 1_000 })) it(name, run)
})

const describeWithRedis = hasRedis() ? describe : () => undefined
const shared = { deadline: 10_000, onStoreFailure: 'closed', remembersRefusals: false } as const

describeWithRedis('the contract of rate limit stores, in Redis through ioredis', () => {
  let server: RedisServer
  const clients: Redis[] = []

  before(async () => {
    server = await startRedis()
  })

  after(async () => {
    for (const client of clients) client.disconnect()
    await server.stop()
  })

  const open = (clock: Clock) => {
    const client = clients[clients.length % 2] ?? new Redis(server.port, '127.0.0.1')
    if (clients.length < 2) clients.push(client)
    return new RedisRateLimitStore(client, { ...shared, clock })
  }

  for (const { name, run } of rateLimitStoreCases(open)) it(name, run)
})

describeWithRedis('the contract of rate limit stores, in Redis through node-redis', () => {
  let server: RedisServer
  let client: ReturnType<typeof createClient>

  before(async () => {
    server = await startRedis()
    client = createClient({ url: `redis://127.0.0.1:${server.port}` })
    client.on('error', () => undefined)
    await client.connect()
  })

  after(async () => {
    client.destroy()
    await server.stop()
  })

  for (const { name, run } of rateLimitStoreCases((clock) => new RedisRateLimitStore(client, { ...shared, clock }))) it(name, run)
})

const programs = findPostgres()
const describeWithPostgres = programs === undefined ? () => undefined : describe

describeWithPostgres('the contract of rate limit stores, in PostgreSQL', () => {
  let server: PostgresServer
  let pool: Pool

  before(async () => {
    server = await startPostgres(programs ?? '')
    pool = new Pool({ connectionString: server.url, max: 8 })
    pool.on('error', () => undefined)
    await Promise.all([1, 2, 3].map(async () => PostgresRateLimitStore.open(pool)))
  })

  after(async () => {
    await pool.end()
    await server.stop()
  })

  for (const { name, run } of rateLimitStoreCases((clock) => PostgresRateLimitStore.open(pool, { ...shared, clock }))) it(name, run)
})
