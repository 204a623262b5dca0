import type { Colour, Paint } from '../paint.js'
import { severities } from './finding.js'
import type { Finding, Severity } from './finding.js'

/** How the report is printed. */
export interface ReportStyle {
  readonly paint: Paint
  /** Characters in a line. */
  readonly width: number
}

const colours: Readonly<Record<Severity, Colour>> = { high: 'red', medium: 'yellow', low: 'cyan', info: 'dim' }
const indent = '        '

/** Findings for people to read, the worst first, and how many there are. */
export function report(findings: readonly Finding[], { paint, width }: ReportStyle): string {
  const open = findings.filter(({ accepted }) => accepted === undefined)
  const accepted = findings.filter((finding) => finding.accepted !== undefined)
  const block = (finding: Finding) => {
    const { severity, place, rule, problem, mend, standard } = finding
    const end = finding.accepted === undefined ? [] : [`accepted until ${finding.accepted.until}: ${finding.accepted.reason}`]
    return [
      `${paint(colours[severity], severity.toUpperCase().padEnd(indent.length))}${paint('bold', printable(place))}  ${paint('dim', `${rule}, ${standard}`)}`,
      ...[problem, `→ ${mend}`, ...end].flatMap((text) => wrapped(text, width)),
    ].join('\n')
  }
  return [...open.map(block), ...accepted.map(block), summary(open, accepted.length)].join('\n\n')
}

function summary(open: readonly Finding[], accepted: number): string {
  const counts = severities.map((severity) => `${open.filter((one) => one.severity === severity).length} ${severity}`)
  return `${counts.join(', ')}${accepted === 0 ? '' : `, ${accepted} accepted`}`
}

/** A text in lines that fit, between words. */
function wrapped(text: string, width: number): readonly string[] {
  const room = Math.max(30, width - indent.length)
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > room) {
      lines.push(line)
      line = word
    } else line = line === '' ? word : `${line} ${word}`
  }
  return [...lines, line].map((one) => `${indent}${printable(one)}`)
}

/** Places and problems hold words of the project: none of them may steer a terminal. */
function printable(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '�')
}
