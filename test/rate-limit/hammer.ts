// A process that calls a shared store as fast as it can: `hammer.js <url> <milliseconds> <limit> …` prints what was admitted by each
// limit: for each call the time by the server's clock at which its window ends, and when it was admitted.
import { Redis } from 'ioredis'
import { Pool } from 'pg'
import { parseLimits } from '../../lib/rate-limit/rate-limit.js'
import { PostgresRateLimitStore, RedisRateLimitStore } from '../../lib/stores.js'
import type { SharedRateLimitStore } from '../../lib/stores.js'

const [url = '', milliseconds, ...limits] = process.argv.slice(2)
const options = { onStoreFailure: 'closed', deadline: 5_000, remembersRefusals: false } as const
const { store, end } = await (url.startsWith('redis:') ? inRedis() : inPostgres())
async function inRedis(): Promise<{ store: SharedRateLimitStore; end(): unknown }> {
  const client = new Redis(url)
  return { store: new RedisRateLimitStore(client, options), end: () => client.disconnect() }
}

async function inPostgres(): Promise<{ store: SharedRateLimitStore; end(): unknown }> {
  const pool = new Pool({ connectionString: url, max: 4 })
  pool.on('error', () => undefined)
  return { store: await PostgresRateLimitStore.open(pool, options), end: () => pool.end() }
}

async function admittedBy(limit: string): Promise<ReadonlyArray<readonly [endsAt: number, at: number]>> {
  const charges = [{ rule: limit, key: 'all', windows: parseLimits(limit), cost: 1 }]
  const admitted: Array<readonly [endsAt: number, at: number]> = []
  async function call(): Promise<void> {
    for (const started = Date.now(); Date.now() - started < Number(milliseconds);) {
      const { allowed, windows } = await store.consume(charges)
      if (allowed) admitted.push([windows[0]?.endsAt ?? 0, Date.now()])
    }
  }
  await Promise.all(Array.from({ length: 4 }, call))
  return admitted
}

const admitted = await Promise.all(limits.map(admittedBy))
await end()
console.log(JSON.stringify(admitted))
