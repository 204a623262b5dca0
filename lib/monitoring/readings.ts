import { sumOfUses } from '../monitor.js'
import type { CacheUse, MonitoredApi } from '../monitor.js'

/** What the APIs of one monitor say when they are asked, together. */
export class Readings {
  readonly #apis: MonitoredApi[] = []

  add(api: MonitoredApi): void {
    this.#apis.push(api)
  }

  /** 1 for each kind of store that answers, 0 where one of them does not. */
  *stores(): Iterable<readonly [role: string, up: 0 | 1]> {
    const roles = new Set(this.#apis.flatMap((api) => [...api.stores().keys()]))
    for (const role of roles) yield [role, this.#apis.some((api) => api.stores().get(role) === false) ? 0 : 1]
  }

  tokenCache(): CacheUse {
    return sumOfUses(this.#apis.map((api) => ({ cacheUse: api.tokenCache() })))
  }

  lostRecords(): number {
    return this.#apis.reduce((sum, api) => sum + api.lostRecords(), 0)
  }
}
