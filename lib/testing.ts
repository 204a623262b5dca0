/**
 * The contracts of stores, as cases for any test runner.
 *
 * @module portcullis/testing
 */

export { adapterConformance } from './testing/adapter-cases.js'
export { conformanceApi } from './testing/adapter-api.js'
export type { ConformanceApi, ConformanceApiOptions, ConformanceSeen, SeenRequest } from './testing/adapter-api.js'
export type { AdapterAbilities, AdapterServer, AdapterServerOptions, StartAdapterServer } from './testing/adapter-trial.js'
export type { Case } from './testing/case.js'
export { portcullisChai } from './testing/chai.js'
export { fakeClock } from './testing/fake-clock.js'
export type { FakeClock } from './testing/fake-clock.js'
export { inject } from './testing/inject.js'
export type { InjectedCall, InjectedReply, Problem } from './testing/inject.js'
export type { ReceivedAnswer, SentRequest } from './testing/wire.js'
export { rateLimitStoreCases } from './testing/rate-limit-cases.js'
export type { RateLimitStoreAbilities } from './testing/rate-limit-cases.js'
export type { WindowEnd } from './testing/limit-model.js'
export { stateStoreCases } from './testing/state-cases.js'
export type { StateStoreAbilities } from './testing/state-cases.js'
export { testApi } from './testing/test-api.js'
export type { TestApi, TestApiOptions } from './testing/test-api.js'
export { testIssuer } from './testing/test-issuer.js'
export type { TestIssuer, TestIssuerOptions } from './testing/test-issuer.js'
export type { StatedCaller } from './stated-caller.js'
export { securityTests } from './testing/security/security-tests.js'
export type { ObjectCall, ObjectCalls, SampleInput, SecurityTestOptions } from './testing/security/options.js'
