import type { Mistake } from '../errors.js'
import { kind } from '../policy.js'
import type { RouteDecorator } from '../decorator.js'
import type { RouteSetup } from '../protection.js'

/** A length of time: milliseconds, or words such as `'500 ms'`, `'30 s'` and `'2 min'`. */
export type Duration = number | `${number} ${'ms' | 's' | 'min'}`

const timeoutKind = kind<Duration>('Timeout')

/** The longest a timer of Node's can wait. */
const longest = 2 ** 31 - 1

const units: ReadonlyMap<string, number> = new Map([
  ['ms', 1],
  ['s', 1_000],
  ['min', 60_000],
])

/**
 * How long a request may take from the first check to the answer. Past it the client gets 408 while its body is still
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
  const milliseconds = toMilliseconds(duration)
  if (milliseconds === undefined) report({ place: 'timeout', problem: `the timeout ${JSON.stringify(duration)} is none`, mend })
  return milliseconds ?? usual
}

/** The deadline of a route, in milliseconds. */
export function deadlineOf(route: RouteSetup, fallback: number): number {
  const declared = route.policy.nearest(timeoutKind)
  if (declared === undefined) return fallback
  const milliseconds = toMilliseconds(declared)
  if (milliseconds === undefined) route.mistake(`the timeout ${JSON.stringify(declared)} is none`, mend)
  else route.describe('timeout', milliseconds)
  return milliseconds ?? fallback
}

function toMilliseconds(duration: Duration): number | undefined {
  const words = typeof duration === 'string' ? /^(\d+(?:\.\d+)?) (ms|s|min)$/.exec(duration) : undefined
  const milliseconds = typeof duration === 'number' ? duration : Number(words?.[1]) * (units.get(words?.[2] ?? '') ?? Number.NaN)
  return milliseconds >= 1 && milliseconds <= longest ? milliseconds : undefined
}
