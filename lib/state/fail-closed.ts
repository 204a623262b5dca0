import { Unavailable } from '../errors.js'
import { newsIn } from './breaker.js'
import type { Breaker } from './breaker.js'

/** What a server of state is probed with. */
export const probeKey = 'probe'

/** What `ask` gives. Rejects with `Unavailable` where it fails, is late, or is not asked: without state nobody passes. */
export async function askClosed<T>(breaker: Breaker, ask: () => Promise<T>): Promise<T> {
  try {
    return await breaker.run(ask)
  } catch (thrown) {
    throw new Unavailable(undefined, { reason: 'state-unavailable', cause: newsIn(thrown) })
  }
}
