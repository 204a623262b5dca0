import type { Clock } from '../context.js'
import { inTime } from '../state/in-time.js'
import type { Awaitable } from '../state/state-store.js'
import type { ChainState } from './shape.js'

/** How an audit chain is. */
export interface ChainStatus {
  /** `broken` where a record was changed or taken away, `unknown` where that cannot be said. */
  readonly state: 'sound' | 'broken' | 'unknown'
  /** How many records it holds. */
  readonly records?: number
  /** When it was last checked, in milliseconds since 1970. */
  readonly checkedAt?: number
  /** What is wrong, in a few words. */
  readonly detail?: string
}

/** Milliseconds in which the status must come. */
const patience = 1_000

/** Milliseconds for which it is remembered: pages ask often, and checking a chain may take long. */
const freshness = 10_000

const absent: ChainState = Object.freeze({ state: 'absent', detail: '', records: 0, checkedAt: 0 })

/** Asks how the chain is, at most every ten seconds however many pages want to know. */
export function chainWatch(ask: (() => Awaitable<ChainStatus>) | undefined, clock: Clock): () => Promise<ChainState> {
  let known: { readonly at: number; readonly state: Promise<ChainState> } | undefined
  return async function chainState() {
    if (ask === undefined) return absent
    const now = clock.now()
    if (known === undefined || now - known.at >= freshness) known = { at: now, state: asked(ask) }
    return known.state
  }
}

async function asked(ask: () => Awaitable<ChainStatus>): Promise<ChainState> {
  try {
    const { state, detail = '', records = 0, checkedAt = 0 } = await inTime('the audit chain', patience, async () => ask())
    return { state, detail, records, checkedAt }
  } catch {
    return { ...absent, state: 'unknown', detail: 'its status could not be asked for' }
  }
}
