import type { AuditLog, RecordFacts } from './audit/audit-log.js'
import { Redactor } from './audit/redact.js'
import { seenLog } from './audit/seen-log.js'
import type { RedactionOptions } from './audit/secrets.js'
import type { Class } from './decorator.js'
import { inventoryOf } from './inventory.js'
import type { InventoryRow, ProtectionFacts } from './inventory.js'
import type { Monitor, StoreRole } from './monitor.js'
import { classDeclaration } from './policy.js'
import type { RouteSetup } from './protection.js'
import { controllerKind } from './routing/routing.js'
import type { ServiceToken } from './routing/controller.js'

/**
 * What a controller may know of the API that it is mounted in: `@Controller('/status', { inject: [tokens.insight] })`. It must be named
 * there: an API of which no controller asks for it does nothing for it, and has none.
 */
export interface Insight {
  /** All routes, sorted by path. None until the API has started. */
  routes(): readonly InsightRow[]
  /** What limits are counted in, and what several processes must know together is kept in. */
  stores(): readonly InsightStore[]
  /** A text as it stands in records: secrets in it masked, as `audit: { redact }` says. For what a refusal says of its reason. */
  masked(text: string): string
  /** Tells `watcher` what happens from now on. Call it while the controller is made. */
  watch(watcher: ApiWatcher): void
}

/** A route, what protects it, and what its limits are called. */
export interface InsightRow extends InventoryRow {
  /** The names of `protections.limits`, in their order; `default` is the API's own. */
  readonly limitNames: readonly string[]
}

/** A store of the API. */
export interface InsightStore {
  readonly role: StoreRole
  /** Its class: `RedisRateLimitStore`. */
  readonly name: string
  /** Whether a server stands behind it, which can be lost. */
  readonly isShared: boolean
}

/** A monitor that is told of records too. Its methods neither wait nor throw; what one throws all the same is dropped. */
export interface ApiWatcher extends Pick<Monitor, 'requestSettled' | 'storeChanged'> {
  /** A record of a security event is written: one line of JSON, its secrets masked. */
  eventRecorded?(line: string, facts: RecordFacts): void
  /** `api.close()` was called. */
  closed?(): void
}

/** Whether one of the controllers asks for insight. */
export function wantsInsight(controllers: readonly Class[], token: ServiceToken): boolean {
  return controllers.some((controller) => classDeclaration(controller, controllerKind)?.options.inject?.includes(token) === true)
}

/** An API, as it tells of itself. */
export interface OpenedApi {
  readonly routes: ReadonlyArray<{ readonly setup: RouteSetup; readonly facts: ProtectionFacts }>
  readonly limitNames: (route: RouteSetup) => readonly string[]
  readonly stores: readonly InsightStore[]
}

/** The insight into one API, and where the API tells of itself. */
export class ApiInsight implements Insight {
  readonly monitor: Monitor = {
    requestSettled: (request, settlement) => this.tell((watcher) => watcher.requestSettled?.(request, settlement)),
    storeChanged: (change) => this.tell((watcher) => watcher.storeChanged?.(change)),
  }
  readonly #watchers: ApiWatcher[] = []
  readonly #redactor: Redactor
  #routes: readonly InsightRow[] = []
  #stores: readonly InsightStore[] = []

  constructor(redact?: RedactionOptions) {
    this.#redactor = new Redactor(redact)
  }

  masked(text: string): string {
    return JSON.parse(this.#redactor.text(text)) as string
  }

  routes(): readonly InsightRow[] {
    return this.#routes
  }

  stores(): readonly InsightStore[] {
    return this.#stores
  }

  watch(watcher: ApiWatcher): void {
    this.#watchers.push(watcher)
  }

  /** The API has started. */
  open({ routes, limitNames, stores }: OpenedApi): void {
    const names = new Map(routes.map(({ setup }) => [`${setup.method} ${setup.path}`, limitNames(setup)]))
    this.#routes = inventoryOf(routes).map((row) => ({ ...row, limitNames: names.get(`${row.method} ${row.path}`) ?? [] }))
    this.#stores = stores
  }

  /** Tells all watchers. None of them can fail a request. */
  tell(say: (watcher: ApiWatcher) => void): void {
    for (const watcher of this.#watchers) {
      try {
        say(watcher)
      } catch {
        // A page that shows what happened must not change what happens.
      }
    }
  }

  /** The audit log, with the watchers told of security events that are written to it. */
  tap(log: AuditLog): AuditLog {
    return seenLog(log, (line, facts) => {
      if (facts.event !== undefined) this.tell((watcher) => watcher.eventRecorded?.(line, facts))
    })
  }
}
