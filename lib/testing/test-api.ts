import { createApi } from '../api.js'
import type { Api } from '../api.js'
import type { ApiOptions } from '../api-options.js'
import { createLogger } from '../audit/logger.js'
import { recentRecords } from '../audit/sinks.js'
import type { RecentRecord } from '../audit/sinks.js'
import { bearer } from '../authentication/bearer.js'
import { createContainer, tokens } from '../container.js'
import type { StatedCaller } from '../stated-caller.js'
import { fakeClock } from './fake-clock.js'
import type { FakeClock } from './fake-clock.js'
import { inject } from './inject.js'
import type { InjectedCall, InjectedReply } from './inject.js'
import { testIssuer } from './test-issuer.js'
import type { TestIssuer, TestIssuerOptions } from './test-issuer.js'

/** What an API in a test is made of: what `createApi` takes, and what only tests have. */
export interface TestApiOptions extends ApiOptions {
  /** @default one that stands at now */
  readonly clock?: FakeClock
  /** What the issuer of its tokens is called, and signs with. @default what `testIssuer` makes up */
  readonly issuer?: Omit<TestIssuerOptions, 'clock'>
}

/** An API in a test, with everything that moves in it in the test's hand. */
export interface TestApi {
  readonly api: Api
  /** The time by which tokens expire, limits and stores count. */
  readonly clock: FakeClock
  /** Whose tokens it takes, where the options name no authentication. */
  readonly issuer: TestIssuer
  /** `inject(api, call)` */
  readonly inject: (call: InjectedCall) => Promise<InjectedReply>
  /** `issuer.tokenFor(caller)` */
  readonly tokenFor: (caller: StatedCaller) => string
  /** The records of what has happened so far, the newest first. */
  readonly records: () => readonly RecentRecord[]
  /** `api.close()` */
  readonly close: () => Promise<void>
}

const mostRecords = 10_000

/**
 * Makes an API for a test: with a clock that stands still, stores in memory that go by it, bearer tokens of a `testIssuer()`, no output,
 * and records to look at. Whatever the options name is used instead. Throws what `createApi` does.
 */
export function testApi(options: TestApiOptions): TestApi {
  const { clock = fakeClock(), issuer: signs, container: given = createContainer(), audit = {}, ...own } = options
  const issuer = testIssuer({ ...signs, clock })
  const kept = recentRecords(mostRecords)
  const container = given.createChildContainer()
  container.register(tokens.clock, { useValue: clock })
  const api = createApi({
    authentication: bearer(issuer.options),
    logger: createLogger({ silent: true }),
    ...own,
    container,
    audit: { ...audit, sinks: [kept, ...(audit.sinks ?? [])] },
  })
  return {
    ...{ api, clock, issuer },
    inject: (call) => inject(api, call),
    tokenFor: (caller) => issuer.tokenFor(caller),
    records: () => kept.newest(mostRecords),
    close: () => api.close(),
  }
}
