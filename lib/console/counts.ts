import type { Clock, RouteInfo } from '../context.js'
import type { ApiWatcher } from '../insight.js'
import type { MonitoredRequest, Settlement } from '../monitor.js'

/** How far back is counted, in minutes. */
export const minutesKept = 60

/** Reasons that are told apart within one minute; requests may bring what reasons they like, and must not fill the memory. */
const mostReasons = 100

/** Reasons that are shown; the others are shown as one. */
const shownReasons = 20

/** Stands for all reasons that are not shown by themselves. */
const otherReasons = 'other'

const minute = 60_000

/** Requests of one route, or of all. */
export interface Tally {
  readonly requests: number
  /** Answered with a status under 500 by throwing: by a protection, or by a handler. */
  readonly refused: number
  /** Answered with a status of 500 or more. */
  readonly failed: number
}

/** Everything that is counted, one number for each minute, the oldest first. */
export interface Series {
  /** When the first minute began, in milliseconds since 1970. */
  readonly since: number
  readonly requests: readonly number[]
  readonly refused: readonly number[]
  readonly failed: readonly number[]
}

/** How often one reason refused. */
export interface ReasonSeries {
  readonly reason: string
  readonly total: number
  readonly counts: readonly number[]
}

/** How often one limit of one route refused. */
export interface LimitRefusals {
  /** `POST /login` */
  readonly route: string
  /** The name of the limit; `penalty` stands before it where it was a penalty that refused. */
  readonly limit: string
  readonly refused: number
  /** The minute in which it last refused, in milliseconds since 1970. */
  readonly last: number
}

interface Counters {
  requests: number
  refused: number
  failed: number
}

interface RouteCounters extends Counters {
  readonly limits: Map<string, number>
}

interface Minute extends Counters {
  /** Minutes since 1970. */
  readonly number: number
  readonly reasons: Map<string, number>
  readonly routes: Map<string, RouteCounters>
}

/** Counts what became of requests in the last hour, by minute, reason, route and limit. What it keeps is bounded. */
export class Counts implements ApiWatcher {
  readonly #ring: Minute[] = []
  readonly #clock: Clock
  readonly #isIgnored: (route: RouteInfo) => boolean

  constructor(clock: Clock, isIgnored: (route: RouteInfo) => boolean) {
    this.#clock = clock
    this.#isIgnored = isIgnored
  }

  requestSettled({ route }: Pick<MonitoredRequest, 'route'>, { status, refusal }: Pick<Settlement, 'status' | 'refusal'>): void {
    if (this.#isIgnored(route)) return
    const current = this.#current()
    const own = routeCounters(current, `${route.method} ${route.path}`.trim())
    const outcome = status >= 500 ? 'failed' : refusal === undefined ? undefined : 'refused'
    for (const counters of [current, own]) {
      counters.requests += 1
      if (outcome !== undefined) counters[outcome] += 1
    }
    if (refusal === undefined) return
    increase(current.reasons, refusal.reason)
    const [, penalty, limit] = /^rate-limit(-penalty)? (.+)$/.exec(refusal.reason) ?? []
    if (limit !== undefined) increase(own.limits, penalty === undefined ? limit : `penalty ${limit}`)
  }

  series(): Series {
    const minutes = this.#minutes()
    const each = (name: keyof Tally) => minutes.map((one) => one?.[name] ?? 0)
    const since = (this.#now() - minutesKept + 1) * minute
    return { since, requests: each('requests'), refused: each('refused'), failed: each('failed') }
  }

  /** The most frequent reasons first; the rest together, last. */
  reasons(): readonly ReasonSeries[] {
    const minutes = this.#minutes()
    const totals = new Map<string, number>()
    for (const [reason, count] of minutes.flatMap((one) => [...(one?.reasons ?? [])])) increase(totals, reason, count, Infinity)
    const ranked = [...totals].filter(([reason]) => reason !== otherReasons).toSorted(([, one], [, other]) => other - one)
    const shown = ranked.slice(0, shownReasons).map(([reason, total]) => {
      return { reason, total, counts: minutes.map((one) => one?.reasons.get(reason) ?? 0) }
    })
    const names = new Set(shown.map(({ reason }) => reason))
    const rest = minutes.map((one) => [...(one?.reasons ?? [])].reduce((sum, [reason, count]) => sum + (names.has(reason) ? 0 : count), 0))
    const total = rest.reduce((sum, count) => sum + count, 0)
    return total === 0 ? shown : [...shown, { reason: otherReasons, total, counts: rest }]
  }

  /** By `GET /orders/:id`; an empty name for requests that no route took. */
  routes(): ReadonlyMap<string, Tally> {
    const totals = new Map<string, Counters>()
    for (const [route, { requests, refused, failed }] of this.#minutes().flatMap((one) => [...(one?.routes ?? [])])) {
      const sum = totals.get(route) ?? { requests: 0, refused: 0, failed: 0 }
      totals.set(route, { requests: sum.requests + requests, refused: sum.refused + refused, failed: sum.failed + failed })
    }
    return totals
  }

  /** The limits that refuse most first. */
  limits(): readonly LimitRefusals[] {
    const totals = new Map<string, LimitRefusals>()
    for (const one of this.#minutes()) {
      for (const [route, { limits }] of one?.routes ?? []) {
        for (const [limit, count] of limits) {
          const key = `${route}\n${limit}`
          const refused = (totals.get(key)?.refused ?? 0) + count
          totals.set(key, { route, limit, refused, last: (one?.number ?? 0) * minute })
        }
      }
    }
    return [...totals.values()].toSorted((one, other) => other.refused - one.refused)
  }

  #now(): number {
    return Math.floor(this.#clock.now() / minute)
  }

  #current(): Minute {
    const number = this.#now()
    const place = number % minutesKept
    const known = this.#ring[place]
    if (known?.number === number) return known
    return (this.#ring[place] = { number, requests: 0, refused: 0, failed: 0, reasons: new Map(), routes: new Map() })
  }

  #minutes(): ReadonlyArray<Minute | undefined> {
    const first = this.#now() - minutesKept + 1
    return Array.from({ length: minutesKept }, (_, index) => {
      const known = this.#ring[(first + index) % minutesKept]
      return known?.number === first + index ? known : undefined
    })
  }
}

function routeCounters({ routes }: Minute, name: string): RouteCounters {
  const known = routes.get(name)
  if (known !== undefined) return known
  const fresh: RouteCounters = { requests: 0, refused: 0, failed: 0, limits: new Map() }
  routes.set(name, fresh)
  return fresh
}

function increase(counts: Map<string, number>, name: string, by = 1, most = mostReasons): void {
  const known = counts.has(name) || counts.size < most ? name : otherReasons
  counts.set(known, (counts.get(known) ?? 0) + by)
}
