import { Unavailable } from '../errors.js'
import type { Mistake } from '../errors.js'
import type { Protection } from '../protection.js'
import { retryAfterHeader } from './fields.js'

/** When new requests are turned away, so that those at work can end. */
export interface OverloadOptions {
  /** How long the event loop may keep others waiting, in milliseconds, on average over the last quarter of a second or so. */
  readonly maxDelay: number
}

/** Tells how long the event loop keeps others waiting. */
export interface DelayMeter {
  /** Milliseconds. */
  delay(): number
  close(): void
}

const interval = 50
/** The weight of the newest measurement. */
const share = 0.3
const retryAfter = 1

/** Measures how late a timer comes; it keeps no process alive. */
export function delayMeter(): DelayMeter {
  let average = 0
  // What keeps the loop until it comes round first is the start of the program, and no load.
  let expected = Number.POSITIVE_INFINITY
  const lateness = () => Math.max(0, performance.now() - expected)
  const timer = setInterval(() => {
    average += share * (lateness() - average)
    expected = performance.now() + interval
  }, interval)
  timer.unref()
  return {
    // A timer that is overdue says how long the loop is stuck already.
    delay: () => Math.max(average, share * lateness() + (1 - share) * average),
    close: () => clearInterval(timer),
  }
}

/** What is wrong with the options. */
export function overloadMistakes(options: OverloadOptions | undefined): readonly Mistake[] {
  if (options === undefined || options.maxDelay >= 1) return []
  return [{ place: 'overload', problem: `maxDelay is ${String(options.maxDelay)}`, mend: 'write milliseconds from 1, such as 200' }]
}

/** Turns requests away with 503 and `Retry-After`, before anything is spent on them, while the event loop is late. */
export function loadShedding(options: OverloadOptions | undefined, meter: DelayMeter | undefined): Protection {
  return {
    name: 'overload',
    phase: 'transport',
    compile(route) {
      if (options === undefined || meter === undefined) return undefined
      route.describe('overload', `refused when the event loop is ${options.maxDelay} ms late`)
      // Made once: whoever has no time left must not spend it on a stack.
      const busy = new Unavailable('The server is busy.', { reason: 'overload', headers: ['Retry-After', String(retryAfter)] })
      Object.freeze(busy)
      return function shedLoad() {
        return meter.delay() <= options.maxDelay ? undefined : busy
      }
    },
    document(_route, operation) {
      if (options !== undefined) operation.refusal({ status: 503, code: 'unavailable', headers: { 'Retry-After': retryAfterHeader } })
    },
  }
}
