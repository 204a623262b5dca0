export { RedisRateLimitStore } from './rate-limit/redis-store.js'
export type { RedisRateLimitStoreOptions, RedisScriptClient } from './rate-limit/redis-store.js'
