// A process that calls a shared store as fast as it can: `hammer.js <port> <limit> <milliseconds>` prints what was admitted, one line
// for each call: the time by the server's clock at which its window ends, and when it was admitted.
import { Redis } from 'ioredis'
import { parseLimits } from '../../lib/rate-limit/rate-limit.js'
import { RedisRateLimitStore } from '../../lib/stores.js'

const [port, limit = '', milliseconds] = process.argv.slice(2)
const client = new Redis(Number(port), '127.0.0.1')
const store = new RedisRateLimitStore(client, { onStoreFailure: 'closed', deadline: 5_000, remembersRefusals: false })
const charges = [{ rule: limit, key: 'all', windows: parseLimits(limit), cost: 1 }]
const admitted: Array<readonly [endsAt: number, at: number]> = []

async function call(): Promise<void> {
  for (const started = Date.now(); Date.now() - started < Number(milliseconds);) {
    const { allowed, windows } = await store.consume(charges)
    if (allowed) admitted.push([windows[0]?.endsAt ?? 0, Date.now()])
  }
}

await Promise.all(Array.from({ length: 8 }, call))
client.disconnect()
console.log(JSON.stringify(admitted))
