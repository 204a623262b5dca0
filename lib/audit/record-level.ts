type RecordMembers = Readonly<Record<string, unknown>>

/** The level at which a logger takes a record, whatever its format: by its status, and where it has none by the level of its event. */
export function recordLevel(record: RecordMembers): 'info' | 'warn' | 'error' {
  const status = statusOf(record)
  if (typeof status === 'number') return status >= 500 ? 'error' : status >= 400 ? 'warn' : 'info'
  const level = eventLevelOf(record)
  return level === 'CRITICAL' ? 'error' : level === 'WARN' ? 'warn' : 'info'
}

function statusOf(record: RecordMembers): unknown {
  return record['status'] ?? record['http.response.status_code'] ?? memberOf(record['http_response'], 'code')
}

function eventLevelOf(record: RecordMembers): unknown {
  return record['level'] ?? record['log.level'] ?? memberOf(record['metadata'], 'log_level')
}

function memberOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as RecordMembers)[name] : undefined
}
