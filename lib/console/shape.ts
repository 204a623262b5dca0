// What the console's page gets of the API, as JSON. The page is compiled apart, and reads these types too.

/** How things stand. Times are in milliseconds since 1970. */
export interface ConsoleState {
  readonly now: number
  readonly startedAt: number
  readonly series: SeriesState
  readonly reasons: readonly ReasonState[]
  readonly limits: readonly LimitState[]
  readonly stores: readonly StoreState[]
  readonly chain: ChainState
  readonly routes: readonly RouteState[]
}

/** One number for each minute of the last hour, the oldest first. */
interface SeriesState {
  readonly since: number
  readonly requests: readonly number[]
  readonly refused: readonly number[]
  readonly failed: readonly number[]
}

interface ReasonState {
  readonly reason: string
  readonly total: number
  readonly counts: readonly number[]
}

/** A limit that refused somebody in the last hour. */
export interface LimitState {
  readonly route: string
  readonly limit: string
  /** `5 per minute by principal`; empty where no limit of the inventory has the name. */
  readonly rule: string
  readonly refused: number
  readonly last: number
}

export interface StoreState {
  readonly purpose: string
  readonly name: string
  /** `local`: in this process alone. */
  readonly state: 'local' | 'answers' | 'lost'
  /** Of the last change; 0 where there was none. */
  readonly since: number
}

export interface ChainState {
  readonly state: 'absent' | 'sound' | 'broken' | 'unknown'
  readonly detail: string
  /** 0 where that was not said. */
  readonly records: number
  /** 0 where that was not said. */
  readonly checkedAt: number
}

export interface RouteState {
  readonly method: string
  readonly path: string
  readonly handler: string
  /** Whether it is one of the console's own, which are not counted. */
  readonly isOwn: boolean
  readonly requests: number
  readonly refused: number
  readonly failed: number
  /** In the order of the columns: access, limits, input, object, answer, audit. */
  readonly protections: readonly ProtectionState[]
}

export interface ProtectionState {
  readonly name: string
  /** What is there; empty where nothing is. */
  readonly text: string
  /** What is missing; empty where nothing is. */
  readonly gap: string
}

/** A security event: what its record says, without bodies, queries and claims. */
export interface ShownEvent {
  /** ISO 8601, UTC. */
  readonly timestamp?: string | number
  readonly event?: string | number
  readonly level?: string | number
  readonly action?: string | number
  readonly request_id?: string | number
  readonly method?: string | number
  readonly path?: string | number
  readonly route?: string | number
  readonly status?: string | number
  readonly principal_id?: string | number
  readonly principal_kind?: string | number
  readonly address?: string | number
  readonly reason?: string | number
  readonly user_agent?: string | number
  /** What else an event outside of requests says, as JSON. */
  readonly detail?: string | number
}
