import { ownFields } from '../audit/record-reader.js'
import type { ShownEvent } from './shape.js'

/** The fields of a record that the console shows. Bodies, queries and claims that records hold too stay where they are. */
const shownFields = [
  ...['timestamp', 'event', 'level', 'action', 'request_id', 'method', 'path', 'route', 'status'],
  ...['principal_id', 'principal_kind', 'address', 'reason', 'user_agent'],
] as const satisfies ReadonlyArray<keyof ShownEvent>

/** Characters of one field. */
const longest = 300

/** What is shown of a record; undefined where the line is none. */
export function shownEvent(line: string): ShownEvent | undefined {
  const record = recordIn(line)
  if (record === undefined) return undefined
  const shown: Record<string, string | number> = {}
  for (const field of shownFields) {
    const value = record[field]
    if (typeof value === 'string') shown[field] = clipped(value)
    else if (typeof value === 'number') shown[field] = value
  }
  if (record['kind'] === 'event' && record['detail'] !== undefined) shown['detail'] = clipped(JSON.stringify(record['detail']))
  return shown
}

function recordIn(line: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(line)
    return typeof value === 'object' && value !== null ? ownFields(value as Readonly<Record<string, unknown>>) : undefined
  } catch {
    return undefined
  }
}

function clipped(text: string): string {
  return text.length <= longest ? text : `${text.slice(0, longest)}…`
}
