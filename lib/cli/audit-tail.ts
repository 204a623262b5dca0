import { ownFields } from '../audit/record-reader.js'
import { UsageError, optional } from './command.js'
import type { Command, OptionValues } from './command.js'
import { followLines } from './follow-lines.js'
import { toMilliseconds } from './lifetime.js'
import { toRow } from './record-row.js'

type LogRecord = Readonly<Record<string, unknown>>

/** Shows the newest records of an audit log. */
export const auditTail: Command = {
  name: 'audit-log tail',
  summary: 'Show the newest records of an audit log, and those that come',
  description: [
    'Shows the newest records of a file: as a table on a terminal, as they are where another program reads.',
    'Nothing is checked: for that there is audit-log verify.',
  ].join('\n'),
  examples: ['portcullis audit-log tail audit.log --follow', 'portcullis audit-log tail audit.log --event authn_login_fail --since 12h'],
  arguments: [{ name: 'FILE', description: 'The log' }],
  options: {
    event: { value: '<name>', repeats: true, description: 'Only records of this event or action; give it again for more' },
    principal: { value: '<id>', description: 'Only records of this principal' },
    since: { value: '<time>', description: 'Only records since this time: 2026-11-25T19:00:00Z, or 12h, 90d ago' },
    lines: { value: '<count>', description: 'How many at most, to begin with (default: 10, or all with --since)' },
    follow: { description: 'Go on with what is written from now on' },
  },
  async run(values, [file = ''], { write, isTerminal, signal }) {
    const isWanted = filterOf(values)
    const count = countOf(values)
    let newest: string[] | undefined = []
    const show = (line: string) => write(`${isTerminal ? toRow(recordIn(line)) : line}\n`)
    try {
      for await (const line of followLines(file, { follow: values['follow'] !== undefined, signal })) {
        if (line === undefined) {
          for (const one of newest ?? []) await show(one)
          newest = undefined
        } else if (isWanted(recordIn(line))) {
          if (newest === undefined) await show(line)
          else if (newest.push(line) > count) newest.shift()
        }
      }
    } catch (thrown) {
      if (/^E[A-Z]+$/.test((thrown as NodeJS.ErrnoException).code ?? '')) throw new UsageError((thrown as Error).message)
      throw thrown
    }
    return { output: '', notes: [] }
  },
}

function recordIn(line: string): LogRecord {
  try {
    const value: unknown = JSON.parse(line)
    return typeof value === 'object' && value !== null ? ownFields(value as LogRecord) : { line }
  } catch {
    return { line }
  }
}

function filterOf(values: OptionValues): (record: LogRecord) => boolean {
  const events = values['event'] ?? []
  const principal = optional(values, 'principal')
  const since = sinceOf(optional(values, 'since'))
  return function isWanted({ event, action, principal_id: who, timestamp }) {
    if (events.length > 0 && !events.some((one) => one === event || one === action)) return false
    if (principal !== undefined && who !== principal) return false
    return since === undefined || (typeof timestamp === 'string' && Date.parse(timestamp) >= since)
  }
}

function sinceOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const time = /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : Date.now() - toMilliseconds('since', text)
  if (Number.isNaN(time)) throw new UsageError(`--since ${JSON.stringify(text)} is no time: write such as 2026-11-25T19:00:00Z or 12h`)
  return time
}

function countOf(values: OptionValues): number {
  const text = optional(values, 'lines')
  if (text === undefined) return values['since'] === undefined ? 10 : Infinity
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new UsageError(`--lines ${JSON.stringify(text)} is no number of lines`)
  return Number(text)
}
