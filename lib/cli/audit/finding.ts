import { rules } from './rules.js'
import type { RuleId } from './rules.js'

/** How bad a finding is, the worst first. */
export const severities = ['high', 'medium', 'low', 'info'] as const
export type Severity = (typeof severities)[number]

/** Something that a check has noticed. */
export interface Noticed {
  readonly rule: RuleId
  /** `OrdersController.create`, an option of `createApi`, or a file. */
  readonly place: string
  readonly problem: string
  readonly mend: string
  /** Where it is not as bad as the rule says, or worse. */
  readonly severity?: Severity
}

/** What the audit reports. */
export interface Finding extends Required<Noticed> {
  /** `ASVS 8.2.2` or `API1:2023`. */
  readonly standard: string
  /** Why it was accepted, and until when; undefined where it was not. */
  readonly accepted: { readonly reason: string; readonly until: string } | undefined
}

/** What was noticed, with what its rule says. */
export function toFinding(noticed: Noticed): Finding {
  const { severity, standard } = rules[noticed.rule]
  return { severity, standard, accepted: undefined, ...noticed }
}

/** The worst first; among equals, by place. */
export function sorted(findings: readonly Finding[]): readonly Finding[] {
  const key = ({ severity, place, rule }: Finding) => `${severities.indexOf(severity)} ${place} ${rule}`
  return findings.toSorted((a, b) => (key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0))
}
