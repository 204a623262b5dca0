import { createHash } from 'node:crypto'
import type { Finding, Severity } from './finding.js'
import { rules } from './rules.js'
import type { AuditRule } from './rules.js'

const levels: Readonly<Record<Severity, 'error' | 'warning' | 'note'>> = { high: 'error', medium: 'warning', low: 'note', info: 'note' }
/** As code scanning of hosts sorts findings: out of ten. */
const scores: Readonly<Record<Severity, string>> = { high: '8.0', medium: '5.0', low: '2.0', info: '0.1' }

/**
 * Findings as a SARIF 2.1.0 log. `file` is the module that was looked at, as a relative path: findings stand in no line of it, and hosts
 * want a file.
 */
export function toSarif(findings: readonly Finding[], file: string, version: string): object {
  const ids = Object.keys(rules)
  return {
    $schema: 'https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: { driver: { name: 'portcullis audit', version, rules: Object.entries(rules).map(([id, rule]) => toDescriptor(id, rule)) } },
        results: findings.map((finding) => toResult(finding, ids.indexOf(finding.rule), file)),
      },
    ],
  }
}

function toDescriptor(id: string, { title, severity, standard }: AuditRule): object {
  return {
    id,
    shortDescription: { text: title },
    fullDescription: { text: `${title}: ${standard} asks for the contrary.` },
    help: { text: `${title} (${standard}).` },
    defaultConfiguration: { level: levels[severity] },
    properties: { tags: ['security', standard], 'security-severity': scores[severity] },
  }
}

function toResult({ rule, severity, place, problem, mend, standard, accepted }: Finding, ruleIndex: number, file: string): object {
  return {
    ruleId: rule,
    ruleIndex,
    level: levels[severity],
    message: { text: `${place}: ${problem}. To mend it: ${mend}.` },
    locations: [
      {
        physicalLocation: { artifactLocation: { uri: file.split('/').map(encodeURIComponent).join('/') }, region: { startLine: 1 } },
        logicalLocations: [{ fullyQualifiedName: place }],
      },
    ],
    // What makes two findings of two runs the same one. Code scanning looks at this name alone, and would otherwise hash the line: one for all.
    partialFingerprints: { primaryLocationLineHash: createHash('sha256').update(`${rule}:${place}:${problem}`).digest('hex').slice(0, 32) },
    properties: { severity, standard },
    ...(accepted === undefined
      ? {}
      : { suppressions: [{ kind: 'external', justification: `${accepted.reason} (until ${accepted.until})` }] }),
  }
}
