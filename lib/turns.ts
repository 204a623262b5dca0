import { AsyncResource } from 'node:async_hooks'

/**
 * The clockwork of the event loop. Kept from the beginning: tests put timers in the place of the global ones that stand still, and requests
 * are to be answered all the same.
 */
export const { setImmediate } = globalThis
export { nextTick } from 'node:process'

const outside = new AsyncResource('portcullis')

/** Runs what is done for many requests at once when all that has come is read: in the context of none of them. */
export function forAllSoon(work: () => void): void {
  outside.runInAsyncScope(setImmediate, undefined, work)
}
