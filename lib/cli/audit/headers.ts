import type { ApiDescription } from '../../api-facts.js'
import type { SecurityHeaderOptions } from '../../transport/security-headers.js'
import type { Noticed } from './finding.js'

/** Those whose loss shows: the others are defaults of browsers by now. */
const needed: ReadonlySet<string> = new Set([
  ...['strict-transport-security', 'x-content-type-options', 'content-security-policy', 'x-frame-options'],
  ...['referrer-policy', 'cache-control', 'cross-origin-resource-policy'],
])

/** A year, in seconds. */
const year = 31_536_000

/** What was said of security headers, for all routes and for some. */
export function headerFindings({ options, routes }: ApiDescription): readonly Noticed[] {
  const declared = routes.flatMap(({ name, facts }) => ofPlace(name, (facts['securityHeaders'] ?? {}) as SecurityHeaderOptions))
  return [...ofPlace('headers', options.headers ?? {}), ...declared]
}

function ofPlace(place: string, headers: SecurityHeaderOptions): readonly Noticed[] {
  return Object.entries(headers).flatMap(([name, value]): readonly Noticed[] => {
    const lower = name.toLowerCase()
    if (value === false) {
      if (!needed.has(lower)) return []
      return [{ rule: 'header-removed', place, problem: `${name} is not sent`, mend: 'leave it, or replace its value' }]
    }
    if (value === undefined) return []
    if (lower === 'content-security-policy') return policyFindings(place, name, value)
    const [, age] = lower === 'strict-transport-security' ? (/max-age=(\d+)/.exec(value) ?? []) : []
    if (age === undefined || Number(age) >= year) return []
    return [{ rule: 'hsts-short', place, problem: `${name} is forgotten after ${age} s`, mend: `write max-age=${year} or more` }]
  })
}

/** Where a directive of a policy decides which programs run. */
const ofPrograms: ReadonlySet<string> = new Set(['default-src', 'script-src', 'script-src-elem', 'script-src-attr', 'object-src'])

/** Sources that anybody can serve from. */
const anybody = /^(?:\*|https?:|data:|blob:)$/

/** What a policy lets run that a stranger can write. Keywords and schemes are read without their case (CSP 3 §2.3.1). */
function policyFindings(place: string, name: string, policy: string): readonly Noticed[] {
  const unsafe = /'?unsafe-[a-z-]+'?/i.exec(policy)?.[0]
  const directives = policy
    .toLowerCase()
    .split(';')
    .map((directive) => directive.trim().split(/\s+/))
  const wide = directives.find(
    ([directive = '', ...sources]) => ofPrograms.has(directive) && sources.some((source) => anybody.test(source)),
  )
  const said = [
    ...(unsafe === undefined ? [] : [`allows ${unsafe}`]),
    ...(wide === undefined ? [] : [`lets programs of everybody run: ${wide.join(' ')}`]),
  ]
  if (said.length === 0) return []
  const mend = "allow scripts and styles by nonce or hash, and programs of 'self' or of exact origins"
  return [{ rule: 'policy-unsafe', place, problem: `${name} ${said.join(', and ')}`, mend }]
}
