import { shortWindow } from './limit.js'
import type { Rule } from './rules.js'
import type { WindowUse } from './store.js'

/** The name of each window of a rule in the RateLimit fields: that of the rule, with the window where it has several. */
export function windowNames({ name, limits }: Rule): readonly string[] {
  return limits.map(({ window }) => (limits.length === 1 ? name : `${name}-${shortWindow(window)}`))
}

/** The value of `RateLimit-Policy`: `"default";q=100;w=60`. */
export function policyField(rules: readonly Rule[]): string {
  return rules
    .flatMap((rule) => {
      const names = windowNames(rule)
      return rule.limits.map(({ count, window }, index) => `${quoted(names[index] ?? '')};q=${count};w=${window / 1_000}`)
    })
    .join(', ')
}

/** The value of `RateLimit`: `"default";r=99;t=60`. `label` is the window's name, quoted. */
export function usageField(label: string, { remaining, reset }: WindowUse): string {
  return `${label};r=${remaining};t=${Math.max(0, Math.ceil(reset / 1_000))}`
}

/** A String of RFC 9651 §3.3.3. Names are printable ASCII, checked when they are read. */
export function quoted(name: string): string {
  return `"${name.replace(/["\\]/g, '\\$&')}"`
}
