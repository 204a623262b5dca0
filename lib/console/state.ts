import type { Clock } from '../context.js'
import type { ApiWatcher, Insight, InsightRow } from '../insight.js'
import type { MonitoredStoreChange, StoreRole } from '../monitor.js'
import type { View } from '../returns/view.js'
import type { Counts, LimitRefusals, Tally } from './counts.js'
import { protectionsOf } from './protections.js'
import type { ChainState, ConsoleState, LimitState, RouteState, StoreState } from './shape.js'

const series = { since: Number, requests: [Number], refused: [Number], failed: [Number] } as const

/** What leaves, as `@Returns` wants it. */
export const stateView = {
  now: Number,
  startedAt: Number,
  series,
  reasons: [{ reason: String, total: Number, counts: [Number] }],
  limits: [{ route: String, limit: String, rule: String, refused: Number, last: Number }],
  stores: [{ purpose: String, name: String, state: String, since: Number }],
  chain: { state: String, detail: String, records: Number, checkedAt: Number },
  routes: [
    {
      ...{ method: String, path: String, handler: String, isOwn: Boolean, requests: Number, refused: Number, failed: Number },
      protections: [{ name: String, text: String, gap: String }],
    },
  ],
} as const satisfies View

/** What stands in the inventory of a limit that refused: a refusal names one window of several, `reports-1m`. */
function ruleOf(rules: ReadonlyMap<string, string>, { route, limit }: LimitRefusals): string {
  const name = limit.replace(/^penalty /, '')
  return rules.get(`${route}\n${name}`) ?? rules.get(`${route}\n${name.replace(/-[^-]+$/, '')}`) ?? ''
}

const nothing: Tally = Object.freeze({ requests: 0, refused: 0, failed: 0 })

const purposes: Readonly<Record<StoreRole, string>> = { 'rate-limit': 'Limits', state: 'Sessions, revocations, codes' }

/** What the state is made of. */
export interface StateSources {
  readonly insight: Insight
  readonly counts: Counts
  readonly clock: Clock
  readonly chain: () => Promise<ChainState>
  readonly isOwn: (route: Pick<InsightRow, 'name'>) => boolean
}

/** Tells how things stand, whenever it is asked. */
export class StateTeller implements ApiWatcher {
  readonly #sources: StateSources
  readonly #startedAt: number
  readonly #changes = new Map<StoreRole, { readonly isLost: boolean; readonly at: number }>()

  constructor(sources: StateSources) {
    this.#sources = sources
    this.#startedAt = sources.clock.now()
  }

  storeChanged({ role, state }: MonitoredStoreChange): void {
    this.#changes.set(role, { isLost: state === 'lost', at: this.#sources.clock.now() })
  }

  async state(): Promise<ConsoleState> {
    const { clock, counts, chain, insight } = this.#sources
    return {
      now: clock.now(),
      startedAt: this.#startedAt,
      series: counts.series(),
      reasons: counts.reasons().map((one) => ({ ...one, reason: insight.masked(one.reason) })),
      limits: this.#limits(),
      stores: this.#stores(),
      chain: await chain(),
      routes: this.#routes(),
    }
  }

  #limits(): readonly LimitState[] {
    const { insight, counts } = this.#sources
    const rules: ReadonlyMap<string, string> = new Map(
      insight.routes().flatMap(({ method, path, limitNames, protections: { limits = [] } }) => {
        return limitNames.map((name, index) => [`${method} ${path}\n${name}`, limits[index] ?? ''] as const)
      }),
    )
    return counts.limits().map((limit) => ({ ...limit, rule: ruleOf(rules, limit) }))
  }

  #stores(): readonly StoreState[] {
    return this.#sources.insight.stores().map(({ role, name, isShared }) => {
      const change = this.#changes.get(role)
      const state = !isShared ? 'local' : change?.isLost === true ? 'lost' : 'answers'
      return { purpose: purposes[role], name, state, since: change?.at ?? 0 }
    })
  }

  #routes(): readonly RouteState[] {
    const { insight, counts, isOwn } = this.#sources
    const tallies = counts.routes()
    const known = insight.routes().map((row): RouteState => {
      const { method, path, name } = row
      const tally = tallies.get(`${method} ${path}`) ?? nothing
      return { method, path, handler: name, isOwn: isOwn(row), ...tally, protections: protectionsOf(row) }
    })
    return known
  }
}
