import type { securityEvents } from './audit/security-events.js'
import type { Logger } from './context.js'
import type { MonitoredStoreChange, StoreRole } from './monitor.js'
import type { Monitored } from './monitored.js'
import type { StateStore } from './state/state-store.js'

/** A store that tells when it does not answer any more, and when it does again. */
export type Watchable = Pick<StateStore, 'watch'>

/** Who hears of it. */
interface Hearers {
  readonly monitored: Monitored
  readonly logger: Logger
  readonly events: ReturnType<typeof securityEvents>
}

/** Says to all who listen when a store is lost and when it is back. Gives whether each that can tell answers. */
export function watchStores(
  stores: ReadonlyMap<Watchable, StoreRole>,
  { monitored, logger, events }: Hearers,
): ReadonlyMap<StoreRole, boolean> {
  const answering = new Map<StoreRole, boolean>()
  for (const [store, role] of stores) {
    if (store.watch === undefined) continue
    answering.set(role, true)
    store.watch((change) => noteChange({ ...change, role }))
  }

  function noteChange(change: MonitoredStoreChange): void {
    const { store, role, state, error } = change
    answering.set(role, state !== 'lost')
    monitored.storeChanged(change)
    if (state === 'lost') logger.error(`${store} does not answer`, { error })
    else logger.warn(`${store} answers again`)
    events.record(state === 'lost' ? 'sys_crash' : 'sys_restart', { detail: { store } })
  }

  return answering
}
