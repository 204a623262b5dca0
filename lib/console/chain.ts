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

/** What can check its own chain: `fileSink(path, { chain: { key } })`. */
export interface CheckedChain {
  checkChain?(): Promise<Pick<ChainStatus, 'state' | 'records' | 'detail'>>
}

/** Milliseconds in which the status must come. */
const patience = 1_000

/** Milliseconds for which it is remembered: pages ask often, and checking a chain may take long. */
const freshness = 10_000

/** The same for a status that may be known soon: a process that has just begun has written nothing yet. */
const shortFreshness = 1_000

const absent: ChainState = Object.freeze({ state: 'absent', detail: '', records: 0, checkedAt: 0 })

/** A check may take up to this part of the time: of a log of many millions of records it takes a while. */
const restForEach = 20

/**
 * Says how a chain is that can check itself. It is checked in the background when somebody asks, and what came of the last check is told
 * meanwhile.
 */
export function checksOf(chain: CheckedChain, clock: Clock): () => Awaitable<ChainStatus> {
  let known: ChainStatus | undefined
  let running: Promise<ChainStatus> | undefined
  let nextAt = -Infinity

  async function check(): Promise<ChainStatus> {
    const began = performance.now()
    const checkedAt = clock.now()
    try {
      known = { state: 'unknown', ...(await chain.checkChain?.()), checkedAt }
    } catch {
      known = { state: 'unknown', detail: 'it cannot be read', checkedAt }
    }
    nextAt = clock.now() + (performance.now() - began) * restForEach
    running = undefined
    return known
  }

  return function ask() {
    if (running === undefined && clock.now() >= nextAt) running = check()
    return known === undefined || known.state === 'unknown' ? (running ?? known ?? { state: 'unknown' }) : known
  }
}

/** Asks how the chain is, at most every ten seconds however many pages want to know. */
export function chainWatch(ask: (() => Awaitable<ChainStatus>) | undefined, clock: Clock): () => Promise<ChainState> {
  let known: { until: number; readonly state: Promise<ChainState> } | undefined
  return async function chainState() {
    if (ask === undefined) return absent
    const now = clock.now()
    if (known !== undefined && now < known.until) return known.state
    const current = (known = { until: now + freshness, state: asked(ask) })
    const told = await current.state
    if (told.state === 'unknown') current.until = now + shortFreshness
    return told
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
