export { RedisRevocations } from './authentication/redis-revocations.js'
export type { RedisKeyClient, RedisRevocationsOptions } from './authentication/redis-revocations.js'
export { RedisRateLimitStore } from './rate-limit/redis-store.js'
export type { RedisRateLimitStoreOptions, RedisScriptClient } from './rate-limit/redis-store.js'
