/**
 * The contracts of stores, as cases for any test runner.
 *
 * @module portcullis/testing
 */

export type { Case } from './testing/case.js'
export { rateLimitStoreCases } from './testing/rate-limit-cases.js'
export type { RateLimitStoreAbilities } from './testing/rate-limit-cases.js'
export type { WindowEnd } from './testing/limit-model.js'
export { stateStoreCases } from './testing/state-cases.js'
export type { StateStoreAbilities } from './testing/state-cases.js'
