import type { ProtectionFacts } from '../inventory.js'

/** Who may use a route, in one line: `public`, `authenticated`, `orders:write`. */
export function accessText({ access }: ProtectionFacts): string {
  if (access === undefined || typeof access === 'string') return access ?? ''
  return requirementsOf(access).join(', ')
}

/** What a route asks of callers, each with its kind: `permission orders:write`. */
export function requirementsOf(access: ProtectionFacts['access']): readonly string[] {
  if (typeof access !== 'object' || access === null) return []
  return Object.entries(access).flatMap(([kind, names]) => names.map((name) => `${kind.replace(/s$/, '')} ${name}`))
}
