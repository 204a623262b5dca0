import type { Context } from '../context.js'
import { kind } from '../policy.js'
import { formatLimit, LimitSyntaxError, parseLimits } from './limit.js'
import type { Limit } from './limit.js'

/** Who is counted. */
export type Counted = 'address' | 'principal' | 'tenant' | ((context: Context) => string)

/** What `@RateLimit` said, unchecked. */
export interface RateLimitDeclaration {
  readonly limit: string | readonly Limit[]
  readonly options: {
    readonly by?: Counted
    readonly cost?: number | ((context: Context) => number)
    readonly failureCost?: number
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
  readonly scope: string | undefined
  readonly name: string
}

/** Says what is wrong, and how to mend it. */
export type Report = (problem: string, mend: string) => void

/** Checks a declaration; undefined where its limit is none, and nothing can be counted. */
export function draftOf({ limit, options }: RateLimitDeclaration, report: Report): Draft | undefined {
  const { by = 'address', cost = 1, failureCost, scope, name = scope ?? 'route' } = options
  if (!isCounted(by)) report(`by is ${JSON.stringify(by)}`, "write 'address', 'principal', 'tenant' or a function that returns a text")
  if (scope !== undefined && !isLabel(scope)) report(`scope is ${JSON.stringify(scope)}`, 'write 1 to 64 characters of printable ASCII')
  if (options.name !== undefined && !isLabel(name)) report(`name is ${JSON.stringify(name)}`, 'write 1 to 64 characters of printable ASCII')
  if (failureCost !== undefined && !isCost(failureCost)) report(`failureCost is ${String(failureCost)}`, 'write a whole number from 1')
  if (typeof cost !== 'function' && !isCost(cost))
    report(`cost is ${String(cost)}`, 'write a whole number from 1, or a function that returns one')
  const limits = readLimits(limit, report)
  if (limits === undefined) return undefined
  const smallest = limits.toSorted((a, b) => a.count - b.count)[0]
  if (smallest !== undefined && typeof cost === 'number' && cost > smallest.count) {
    report(
      `a call costs ${cost}, which ${formatLimit(smallest)} never allows`,
      `lower the cost to ${smallest.count} or less, or raise the limit`,
    )
  }
  return { limits, by, cost, failureCost: failureCost ?? 0, scope, name }
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

function textOf(limit: unknown): string {
  if (typeof limit === 'string') return limit
  return Array.isArray(limit) ? limit.map(formatLimit).join('; ') : typeof limit
}

function isCounted(by: unknown): boolean {
  return by === 'address' || by === 'principal' || by === 'tenant' || typeof by === 'function'
}

function isLabel(text: unknown): boolean {
  return typeof text === 'string' && /^[\x20-\x7e]{1,64}$/.test(text)
}

function isCost(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 1
}
