import type { Finding, Noticed } from './finding.js'
import { toFinding } from './finding.js'

/** A finding that somebody has accepted. */
interface Acceptance {
  readonly rule: string
  /** As the audit names it. */
  readonly place: string
  readonly reason: string
  /** The last day, `2027-01-31`. */
  readonly until: string
}

/**
 * Marks findings that a baseline accepts: `{ "accepted": [{ "rule", "place", "reason", "until" }] }`. An entry without a reason, without a
 * day or past it accepts nothing, and is a finding itself. Throws a `TypeError` for a text that is no baseline.
 */
export function withBaseline(findings: readonly Finding[], text: string, file: string, now: Date): readonly Finding[] {
  const entries = acceptancesIn(text)
  const good = entries.filter((entry) => mistakeIn(entry, now) === undefined)
  const isMeant = ({ rule, place }: Acceptance, finding: Finding) => rule === finding.rule && place === finding.place
  const marked = findings.map((finding) => {
    const entry = good.find((one) => isMeant(one, finding))
    return entry === undefined ? finding : { ...finding, accepted: { reason: entry.reason, until: entry.until } }
  })
  const noticed = entries.flatMap((entry): readonly Noticed[] => {
    const name = `${entry.rule} of ${entry.place}`
    const mistake = mistakeIn(entry, now)
    if (mistake !== undefined)
      return [{ rule: 'baseline-wrong', place: file, problem: `${name}: ${mistake}`, mend: 'mend what was found, or decide anew' }]
    if (findings.some((finding) => isMeant(entry, finding))) return []
    return [{ rule: 'baseline-unused', place: file, problem: `${name} is not found any more`, mend: 'take the entry away' }]
  })
  return [...marked, ...noticed.map(toFinding)]
}

function acceptancesIn(text: string): readonly Acceptance[] {
  const { accepted } = JSON.parse(text) as { readonly accepted?: unknown }
  if (!Array.isArray(accepted)) throw new TypeError('it is no baseline: write { "accepted": [{ "rule", "place", "reason", "until" }] }')
  return (accepted as Array<Partial<Acceptance> | null>).map((entry) => ({ rule: '', place: '', reason: '', until: '', ...entry }))
}

function mistakeIn({ reason, until }: Acceptance, now: Date): string | undefined {
  if (typeof reason !== 'string' || reason.trim() === '') return 'it is accepted without a reason'
  if (typeof until !== 'string' || !isDay(until)) return 'it is accepted without an end: write until, such as "2027-01-31"'
  return until < now.toISOString().slice(0, 10) ? `it was accepted until ${until}` : undefined
}

function isDay(text: string): boolean {
  const date = new Date(`${text}T00:00:00Z`)
  return /^\d{4}-\d\d-\d\d$/.test(text) && !Number.isNaN(date.getTime()) && date.toISOString().startsWith(text)
}
