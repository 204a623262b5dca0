import { heldBack } from './held-back.js'
import type { Outcome } from './npm.js'

/** What one check came to. `unanswered` is no success: whoever reads it must know that nobody has looked. */
export interface Finding {
  readonly state: 'clean' | 'found' | 'unanswered'
  readonly text: string
}

interface Advisories {
  readonly metadata?: { readonly vulnerabilities: Readonly<Record<string, number>> }
  readonly vulnerabilities?: Readonly<Record<string, { readonly severity: string }>>
  readonly message?: string
}

interface Signatures {
  readonly invalid: readonly unknown[]
  readonly missing: readonly unknown[]
}

type Versions = Readonly<Record<string, { readonly current?: string; readonly latest?: string }>>

/** What `npm audit --json` says. */
export function advisoriesIn({ output }: Outcome): Finding {
  const report = parsed<Advisories>(output)
  if (report?.metadata === undefined)
    return { state: 'unanswered', text: `the registry gave no advisories: ${report?.message ?? firstLine(output)}` }
  const named = Object.entries(report.vulnerabilities ?? {}).map(([name, { severity }]) => `${name} (${severity})`)
  return named.length === 0 ? { state: 'clean', text: 'no known vulnerability' } : { state: 'found', text: named.join(', ') }
}

/** What `npm audit signatures --json` says. */
export function signaturesIn({ output }: Outcome): Finding {
  const report = parsed<Signatures>(output)
  if (report?.invalid === undefined || report.missing === undefined) {
    return { state: 'unanswered', text: `the registry gave no keys to check signatures with: ${firstLine(output)}` }
  }
  const wrong = report.invalid.length + report.missing.length
  return wrong === 0
    ? { state: 'clean', text: 'every package is signed' }
    : { state: 'found', text: `${wrong} packages without a good signature` }
}

/** What `npm outdated --json` says, without what is held back for a reason. */
export function outdatedIn({ output }: Outcome): Finding {
  const report = parsed<Versions>(output)
  if (report === undefined || 'error' in report)
    return { state: 'unanswered', text: `the registry named no versions: ${firstLine(output)}` }
  // An alias is named with what it stands for: express4:express@^4.
  const entries = Object.entries(report).map(([name, versions]) => ({ name: name.split(':')[0] ?? name, ...versions }))
  const behind = entries.filter(({ name, current, latest }) => current !== latest && heldBack[name] === undefined)
  const text = behind.map(({ name, current = 'none', latest = 'none' }) => `${name} ${current} → ${latest}`).join(', ')
  return behind.length === 0 ? { state: 'clean', text: 'up to date, but for what is held back' } : { state: 'found', text }
}

function parsed<T extends object>(text: string): Partial<T> | undefined {
  if (text.trim() === '') return {}
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? value : undefined
  } catch {
    return undefined
  }
}

/** The first words of an answer in JSON or in text. */
function firstLine(text: string): string {
  return /[^\s{}"].*/.exec(text)?.[0] ?? ''
}
