import type { Context } from '../context.js'
import { millisecondsOf } from '../duration.js'
import type { Duration } from '../duration.js'
import { kind } from '../policy.js'
import { capacityOf, formatLimit, LimitSyntaxError, parseLimits } from './limit.js'
import type { Limit } from './limit.js'
import type { Penalty } from './store.js'

/** Who is counted. */
export type Counted = 'address' | 'principal' | 'tenant' | 'apiKey' | ((context: Context) => string)

/** How long who breaks a limit is kept out: longer each time. */
export interface PenaltyOptions {
  /** After the first breach. Each further one keeps out for twice as long as the last. */
  readonly first: Duration
  /** The longest. @default '1 d' */
  readonly most?: Duration
  /** How long after the end of a penalty a breach still counts as a further one. @default '1 d' */
  readonly memory?: Duration
}

/** What `@RateLimit` said, unchecked. */
export interface RateLimitDeclaration {
  readonly limit: string | readonly Limit[]
  readonly options: {
    readonly by?: Counted
    readonly cost?: number | ((context: Context) => number)
    readonly failureCost?: number
    readonly refundOnSuccess?: true
    readonly penalty?: Duration | PenaltyOptions
    readonly scope?: string
    readonly name?: string
    readonly overrides?: true
  }
}

export const rateLimitKind = kind<RateLimitDeclaration>('RateLimit')

/** What `@RateLimit` said, checked and with defaults. */
export interface Draft {
  readonly limits: readonly Limit[]
  readonly by: Counted
  readonly cost: number | ((context: Context) => number)
  readonly failureCost: number
  readonly refundOnSuccess: boolean
  readonly penalty: Penalty | undefined
  readonly scope: string | undefined
  readonly name: string
}

/** Says what is wrong, and how to mend it. */
export type Report = (problem: string, mend: string) => void

/** Checks a declaration; undefined where its limit is none, and nothing can be counted. */
export function draftOf({ limit, options }: RateLimitDeclaration, report: Report): Draft | undefined {
  const { by = 'address', cost = 1, failureCost, scope, name = scope ?? 'route' } = options
  if (!isCounted(by)) report(`by is ${JSON.stringify(by)}`, `write ${countedWords} or a function that returns a text`)
  if (scope !== undefined && !isLabel(scope)) report(`scope is ${JSON.stringify(scope)}`, 'write 1 to 64 characters of printable ASCII')
  if (options.name !== undefined && !isLabel(name)) report(`name is ${JSON.stringify(name)}`, 'write 1 to 64 characters of printable ASCII')
  if (failureCost !== undefined && !isCost(failureCost)) report(`failureCost is ${String(failureCost)}`, 'write a whole number from 1')
  if (typeof cost !== 'function' && !isCost(cost))
    report(`cost is ${String(cost)}`, 'write a whole number from 1, or a function that returns one')
  const penalty = options.penalty === undefined ? undefined : readPenalty(options.penalty, report)
  const limits = readLimits(limit, report)
  if (limits === undefined) return undefined
  const smallest = limits.toSorted((a, b) => capacityOf(a) - capacityOf(b))[0]
  if (smallest !== undefined && typeof cost === 'number' && cost > capacityOf(smallest)) {
    report(
      `a call costs ${cost}, which ${formatLimit(smallest)} never allows`,
      `lower the cost to ${capacityOf(smallest)} or less, or raise the limit`,
    )
  }
  return { limits, by, cost, failureCost: failureCost ?? 0, refundOnSuccess: options.refundOnSuccess === true, penalty, scope, name }
}

/** The limits of a text or of parsed limits, which may have been made by hand; undefined, and a report, where they are none. */
export function readLimits(limit: string | readonly Limit[], report: Report): readonly Limit[] | undefined {
  try {
    return parseLimits(textOf(limit))
  } catch (error) {
    if (!(error instanceof LimitSyntaxError)) throw error
    report(`the limit ${JSON.stringify(error.text)} is none: at column ${error.position + 1} ${error.problem}`, error.mend)
    return undefined
  }
}

const ways: readonly string[] = ['address', 'principal', 'tenant', 'apiKey']

/** `'address', 'principal', 'tenant', 'apiKey'` */
export const countedWords = ways.map((way) => `'${way}'`).join(', ')

const day = 86_400_000
const longestPenalty = 365 * day

function readPenalty(penalty: Duration | PenaltyOptions, report: Report): Penalty | undefined {
  const options = typeof penalty === 'object' ? penalty : { first: penalty }
  const read = (name: string, duration: Duration) => {
    const milliseconds = millisecondsOf(duration, longestPenalty)
    if (milliseconds === undefined || milliseconds < 1_000) {
      report(`the ${name} of its penalty is ${JSON.stringify(duration)}`, "write such as '1 min', from a second to 365 days")
      return undefined
    }
    return Math.ceil(milliseconds)
  }
  const first = read('length', options.first)
  const most = read('longest', options.most ?? '1 d')
  const memory = read('memory', options.memory ?? '1 d')
  if (first === undefined || most === undefined || memory === undefined) return undefined
  return { first, most: options.most === undefined ? Math.max(first, most) : most, memory }
}

function textOf(limit: unknown): string {
  if (typeof limit === 'string') return limit
  return Array.isArray(limit) ? limit.map(formatLimit).join('; ') : typeof limit
}

export function isCounted(by: unknown): boolean {
  return typeof by === 'function' || ways.includes(by as string)
}

function isLabel(text: unknown): boolean {
  return typeof text === 'string' && /^[\x20-\x7e]{1,64}$/.test(text)
}

function isCost(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 1
}
