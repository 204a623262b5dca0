// Which limiters of rate-limiter-flexible the store takes.
import {
  BurstyRateLimiter,
  RateLimiterCluster,
  RateLimiterDrizzle,
  RateLimiterDynamo,
  RateLimiterEtcd,
  RateLimiterMemcache,
  RateLimiterMemory,
  RateLimiterMongo,
  RateLimiterMySQL,
  RateLimiterPostgres,
  RateLimiterPrisma,
  RateLimiterRedis,
  RateLimiterSQLite,
  RateLimiterUnion,
  RateLimiterValkey,
  RateLimiterValkeyGlide,
} from 'rate-limiter-flexible'
import { FlexibleRateLimitStore } from '../../lib/stores.js'
import type { FlexibleLimiterMaker } from '../../lib/stores.js'

const storeClient: object = {}
const size = { points: 1, duration: 1 }

export const makers: readonly FlexibleLimiterMaker[] = [
  () => new RateLimiterCluster(size),
  () => new RateLimiterDrizzle({ storeClient, schema: {}, ...size }),
  () => new RateLimiterDynamo({ storeClient, ...size }),
  () => new RateLimiterEtcd({ storeClient, ...size }),
  () => new RateLimiterMemcache({ storeClient, ...size }),
  () => new RateLimiterMemory(size),
  () => new RateLimiterMongo({ storeClient, ...size }),
  () => new RateLimiterMySQL({ storeClient, ...size }),
  () => new RateLimiterPostgres({ storeClient, ...size }),
  () => new RateLimiterPrisma({ storeClient, ...size }),
  () => new RateLimiterRedis({ storeClient, ...size }),
  () => new RateLimiterSQLite({ storeClient, ...size }),
  () => new RateLimiterValkey({ storeClient, ...size }),
  () => new RateLimiterValkeyGlide({ storeClient, ...size }),
]

export const store = new FlexibleRateLimitStore(
  (limit) => new RateLimiterMongo({ storeClient, keyPrefix: 'limits', points: limit.count, duration: limit.window / 1_000 }),
  { onStoreFailure: 'closed', deadline: 100, longestWindow: 366 * 86_400_000 },
)

// @ts-expect-error it has no get and no reward
export const union: FlexibleLimiterMaker = () => new RateLimiterUnion(new RateLimiterMemory(size))

// @ts-expect-error it counts in two limiters, and takes nothing back
export const bursty: FlexibleLimiterMaker = () => new BurstyRateLimiter(new RateLimiterMemory(size), new RateLimiterMemory(size))

// @ts-expect-error the limiter is made by a function, one for each limit
export const one = new FlexibleRateLimitStore(new RateLimiterMemory(size))
