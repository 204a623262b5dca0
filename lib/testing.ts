export type { Case } from './testing/case.js'
export { rateLimitStoreCases } from './testing/rate-limit-cases.js'
export type { RateLimitStoreAbilities } from './testing/rate-limit-cases.js'
export type { WindowEnd } from './testing/limit-model.js'
