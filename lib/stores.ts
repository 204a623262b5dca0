/**
 * Stores that several processes share.
 *
 * @module portcullis/stores
 */

export type { FlexibleAnswer, FlexibleLife, FlexibleLimiter } from './rate-limit/flexible-limiter.js'
export { FlexibleRateLimitStore } from './rate-limit/flexible-store.js'
export type { FlexibleLimiterMaker, FlexibleRateLimitStoreOptions } from './rate-limit/flexible-store.js'
export { postgresRateLimitMigration } from './rate-limit/postgres-migration.js'
export { PostgresRateLimitStore } from './rate-limit/postgres-store.js'
export type { PostgresRateLimitStoreOptions } from './rate-limit/postgres-store.js'
export type { PostgresPool } from './state/postgres-pool.js'
export { RedisRateLimitStore } from './rate-limit/redis-store.js'
export type { RedisRateLimitStoreOptions } from './rate-limit/redis-store.js'
export { SharedRateLimitStore } from './rate-limit/shared-store.js'
export type { Answer, CounterServer, SharedStoreOptions, StoreFailurePolicy } from './rate-limit/shared-store.js'
export type { IoredisScriptClient, NodeRedisScriptClient, RedisScriptClient } from './state/redis-script.js'
export { RedisStateStore } from './state/redis-state-store.js'
export type { RedisStateClient, RedisStateStoreOptions } from './state/redis-state-store.js'
export { SqlStateStore } from './state/sql-state-store.js'
export type { SqlStateStoreOptions } from './state/sql-state-store.js'
