import { millisecondsOf } from '../duration.js'
import type { Duration } from '../duration.js'
import type { Mistake } from '../errors.js'
import { kind } from '../policy.js'
import type { RouteDecorator } from '../decorator.js'
import type { RouteSetup } from '../protection.js'

const timeoutKind = kind<Duration>('Timeout')

/** The longest a timer of Node's can wait. */
const longest = 2 ** 31 - 1

/**
 * How long a request may take from where it first waits for something to the answer. Past it the client gets 408 while its body is still
 * arriving, 503 while the handler runs, and `ctx.signal` aborts. Nearest wins. @default the API's, 30 s
 */
export function Timeout(limit: Duration): RouteDecorator {
  return timeoutKind.declare(limit)
}

const usual = 30_000
const mend = "write milliseconds from 1 to 2147483647, or such as '30 s'"

/** The deadline of the API's routes, in milliseconds. */
export function apiDeadline(duration: Duration | undefined, report: (mistake: Mistake) => void): number {
  if (duration === undefined) return usual
  const milliseconds = millisecondsOf(duration, longest)
  if (milliseconds === undefined) report({ place: 'timeout', problem: `the timeout ${JSON.stringify(duration)} is none`, mend })
  return milliseconds ?? usual
}

/** The deadline of a route, in milliseconds. */
export function deadlineOf(route: RouteSetup, fallback: number): number {
  const declared = route.policy.nearest(timeoutKind)
  if (declared === undefined) return fallback
  const milliseconds = millisecondsOf(declared, longest)
  if (milliseconds === undefined) route.mistake(`the timeout ${JSON.stringify(declared)} is none`, mend)
  else route.describe('timeout', milliseconds)
  return milliseconds ?? fallback
}
