import type { AuditLog, RecordFacts } from './audit-log.js'

/**
 * The log itself, and a look at all that is written to it. What the log can do, this can: whoever forgot one of its methods would take
 * it from the API. A record that waits to stay is seen when it is handed in. `see` must not throw.
 */
export function seenLog(log: AuditLog, see: (line: string, facts: RecordFacts) => void): AuditLog {
  const commit = async (line: string, facts: RecordFacts): Promise<void> => {
    see(line, facts)
    await log.commit?.(line, facts)
  }
  return {
    write(line, facts) {
      log.write(line, facts)
      see(line, facts)
    },
    ...(log.commit === undefined ? {} : { commit }),
    get isCrowded() {
      return log.isCrowded === true
    },
    get lost() {
      return log.lost ?? 0
    },
    flush: () => log.flush(),
    close: () => log.close(),
  }
}
