import type { ApiRequest, Principal, RouteInfo } from './context.js'
import type { ApiError } from './errors.js'
import type { Client, Target } from './exchange.js'
import type { Phase } from './protection.js'
import type { StoreChange } from './state/state-store.js'
import type { TraceContext } from './traceparent.js'

/**
 * Is told what happens in an API, while it happens: `createApi({ monitors: [openTelemetry(), prometheus().monitor] })`. What no monitor
 * listens for costs nothing. Methods neither wait nor throw; one that throws all the same is logged the first time, and the request goes
 * on.
 */
export interface Monitor {
  /** The API has started. What it gives can be asked at any time. */
  opened?(api: MonitoredApi): void
  /** Asked for each request: where it answers `false`, it is not told of this one. @default always */
  isListening?(): boolean
  /** A request has arrived; nothing is checked yet, and nobody is known. */
  requestBegan?(request: MonitoredRequest): void
  /** Calls `work`, which takes the request through its route, and returns what it returns: for contexts that follow asynchronous calls. */
  around?<T>(request: MonitoredRequest, work: () => T): T
  /** A phase has ended, or was ended by a refusal. Phases in which the route has nothing to check are left out. */
  phaseEnded?(request: MonitoredRequest, phase: Stage, milliseconds: number): void
  /** The reply is made, once for each request; it is sent next. */
  requestSettled?(request: MonitoredRequest, settlement: Settlement): void
  /** A store was lost, or is back. */
  storeChanged?(change: MonitoredStoreChange): void
  /** A rule of detection has noticed something. */
  detected?(found: { readonly rule: string; readonly event: string }): void
}

/** A phase of checks, or the handler. */
export type Stage = Phase | 'handler'

/** A request, as monitors see it. */
export interface MonitoredRequest {
  readonly request: ApiRequest
  /** Its path is a template, or empty where no route was found: what a number is kept for. */
  readonly route: RouteInfo
  readonly target: Target
  readonly client: Client
  readonly requestId: string
  /** Anonymous, until the phase `identity` has ended. */
  readonly principal: Principal
  /** Milliseconds since 1970. */
  readonly receivedAt: number
  /** Stands in the record and in log lines; what makes spans puts its own here when the request begins. */
  trace: TraceContext
  /** A part of the input that was validated; undefined where there is none. */
  provided(part: 'body' | 'query' | 'params' | 'headers'): unknown
}

/** What became of a request. */
export interface Settlement {
  readonly status: number
  /** Why it was refused, or how it failed. */
  readonly refusal: ApiError | undefined
  /** The event of the OWASP logging vocabulary that it is. */
  readonly event: string | undefined
  /** From its arrival to its reply. */
  readonly milliseconds: number
}

/** What a store is for. */
export type StoreRole = 'rate-limit' | 'state'

export interface MonitoredStoreChange extends StoreChange {
  readonly role: StoreRole
}

/** How often a verified token was known, and how often it had to be verified. */
export interface CacheUse {
  readonly hits: number
  readonly misses: number
}

/** The uses of several caches together. */
export function sumOfUses(all: ReadonlyArray<{ readonly cacheUse?: CacheUse }>): CacheUse {
  const uses = all.flatMap(({ cacheUse }) => cacheUse ?? [])
  return { hits: uses.reduce((sum, { hits }) => sum + hits, 0), misses: uses.reduce((sum, { misses }) => sum + misses, 0) }
}

/** What an API can be asked at any time. */
export interface MonitoredApi {
  /** Whether each store that stands behind a network answers. */
  stores(): ReadonlyMap<StoreRole, boolean>
  /** The token caches of all ways to know callers, since the start. */
  tokenCache(): CacheUse
  /** Records that had no more room in front of a sink, since the start. */
  lostRecords(): number
  /** Whether the traces that requests say they belong to are continued. */
  readonly trustTraceparent: boolean
}
