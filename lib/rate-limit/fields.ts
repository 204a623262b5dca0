import type { HeaderDraft } from '../operation.js'
import { capacityOf, shortWindow } from './limit.js'
import type { Limit } from './limit.js'
import type { Rule } from './rules.js'
import type { WindowUse } from './store.js'

/**
 * How answers speak of limits: `draft` as draft-ietf-httpapi-ratelimit-headers-10 has it, `triple` as its drafts up to 06 had it
 * (`RateLimit-Limit`, `RateLimit-Remaining`, `RateLimit-Reset`), `x-triple` the same with `X-` before it, as many clients know it.
 */
export type HeaderStyle = 'draft' | 'triple' | 'x-triple'

export const headerStyles: readonly HeaderStyle[] = ['draft', 'triple', 'x-triple']

/** One window, as the fields speak of it. */
export interface NamedWindow {
  /** Quoted. */
  readonly label: string
  /** The most that it can ever have left. */
  readonly count: number
}

/** The windows of a rule. */
export function namedWindows(rule: Rule): readonly NamedWindow[] {
  const names = windowNames(rule)
  return rule.limits.map((limit, index) => ({ label: quoted(names[index] ?? ''), count: capacityOf(limit) }))
}

/** The fields that change with each answer, names and values in turn. The triple's reset is in seconds from now. */
export function usageFields(styles: readonly HeaderStyle[], { label, count }: NamedWindow, use: WindowUse): readonly string[] {
  return styles.flatMap((style) => {
    if (style === 'draft') return ['RateLimit', usageField(label, use)]
    const prefix = style === 'triple' ? 'RateLimit' : 'X-RateLimit'
    const said = [`${prefix}-Limit`, String(count), `${prefix}-Remaining`, String(use.remaining)]
    return [...said, `${prefix}-Reset`, String(seconds(use))]
  })
}

/** Says when to come again. */
export const retryAfterHeader: HeaderDraft = {
  description: 'Whole seconds until it may be tried again (RFC 9110 §10.2.3).',
  schema: { type: 'integer', format: 'int64', minimum: 1, maximum: Number.MAX_SAFE_INTEGER },
}

/** The fields of answers of limited routes, for whoever describes them. */
export function describedFields(styles: readonly HeaderStyle[]): Readonly<Record<string, HeaderDraft>> {
  const text = (description: string): HeaderDraft => ({ description, schema: { type: 'string' } })
  const count = (description: string): HeaderDraft => ({
    description,
    schema: { type: 'integer', format: 'int64', minimum: 0, maximum: Number.MAX_SAFE_INTEGER },
  })
  const told = styles.flatMap((style): ReadonlyArray<readonly [string, HeaderDraft]> => {
    if (style === 'draft') {
      return [
        ['RateLimit-Policy', text('The limits of this route: q calls in w seconds (draft-ietf-httpapi-ratelimit-headers-10).')],
        ['RateLimit', text('What is left of the limit that has least left: r calls for t seconds.')],
      ]
    }
    const prefix = style === 'triple' ? 'RateLimit' : 'X-RateLimit'
    return [
      [`${prefix}-Limit`, count('How many calls the limit allows that has least left.')],
      [`${prefix}-Remaining`, count('How many calls are left of it.')],
      [`${prefix}-Reset`, count('Seconds until it begins anew.')],
    ]
  })
  return Object.fromEntries(told)
}

/** The name of each window of a rule in the RateLimit fields: that of the rule, with the window where it has several. */
export function windowNames({ name, limits }: Rule): readonly string[] {
  return limits.map(({ window }) => (limits.length === 1 ? name : `${name}-${shortWindow(window)}`))
}

/**
 * The value of `RateLimit-Policy`: `"default";q=100;w=60`. Of a bucket what it holds, and in how many seconds that flows in: `10 per
 * second burst 20` is `q=20;w=2`, as many calls in the long run, and never less than what is left.
 */
export function policyField(rules: readonly Rule[]): string {
  return rules
    .flatMap((rule) => {
      const names = windowNames(rule)
      return rule.limits.map((limit, index) => `${quoted(names[index] ?? '')};q=${capacityOf(limit)};w=${secondsToFill(limit)}`)
    })
    .join(', ')
}

function secondsToFill(limit: Limit): number {
  return Math.ceil((capacityOf(limit) * limit.window) / limit.count / 1_000)
}

/** The value of `RateLimit`: `"default";r=99;t=60`. `label` is the window's name, quoted. */
function usageField(label: string, use: WindowUse): string {
  return `${label};r=${use.remaining};t=${seconds(use)}`
}

function seconds({ reset }: WindowUse): number {
  return Math.max(0, Math.ceil(reset / 1_000))
}

/** A String of RFC 9651 §3.3.3. Names are printable ASCII, checked when they are read. */
function quoted(name: string): string {
  return `"${name.replace(/["\\]/g, '\\$&')}"`
}
