import { visible } from './visible.js'

/** One record as one line for people: when, what came of it, what was asked, who, why. */
export function toRow(record: Readonly<Record<string, unknown>>): string {
  const { timestamp, kind, status, method, path, action, stage, event, level, principal_id: principal, address, reason, line } = record
  if (line !== undefined && timestamp === undefined) return visible(line)
  const what = [action ?? (kind === 'access' ? undefined : kind), stage, event, level].filter((one) => one !== undefined && one !== null)
  const parts = [
    visible(timestamp),
    visible(status ?? '---').padEnd(3),
    visible(method ?? '').padEnd(6),
    visible(path ?? ''),
    what.map(visible).join(' '),
    principal === undefined || principal === null ? '' : `by ${visible(principal)}`,
    address === undefined ? '' : `from ${visible(address)}`,
    reason === undefined ? '' : `because ${visible(reason)}`,
  ]
  return parts.filter((part) => part !== '').join('  ')
}
