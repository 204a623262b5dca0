import { Redis } from 'ioredis'
import type { DependencyContainer } from 'tsyringe'
import type { Logger } from 'winston'
import { tokens } from '../../lib/index.js'
import { RedisRateLimitStore, RedisStateStore } from '../../lib/stores.js'

/** Keeps limits, revoked tokens and what OAuth must remember in Redis, for several processes together. The function that comes back disconnects. */
export async function keepInRedis(url: string, deadline: number, container: DependencyContainer, logger: Logger): Promise<() => void> {
  // A call must fail at once when Redis is away: the stores know what to do then.
  const client = new Redis(url, { lazyConnect: true, enableOfflineQueue: false, maxRetriesPerRequest: 0, connectTimeout: 1_000 })
  const warn = (error: unknown) => logger.warn('Redis does not answer', { error })
  client.on('error', warn)
  await client.connect()
  container.register(tokens.rateLimitStore, { useValue: new RedisRateLimitStore(client, { deadline }) })
  container.register(tokens.state, { useValue: new RedisStateStore(client, { deadline }) })
  return () => client.disconnect()
}
