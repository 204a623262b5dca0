import { AsyncResource } from 'node:async_hooks'
import { setImmediate } from 'node:timers'

/**
 * The clockwork of the event loop. Not the global one: tests put timers in its place that stand still, some before this is loaded, and
 * requests are to be answered all the same.
 */
export { nextTick } from 'node:process'
export { setImmediate }

const outside = new AsyncResource('portcullis')

/** Runs what is done for many requests at once when all that has come is read: in the context of none of them. */
export function forAllSoon(work: () => void): void {
  outside.runInAsyncScope(setImmediate, undefined, work)
}
