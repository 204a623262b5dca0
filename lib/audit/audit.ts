import { setTimeout as pause } from 'node:timers/promises'
import { millisecondsOf } from '../duration.js'
import type { Duration } from '../duration.js'
import type { Mistake } from '../errors.js'
import type { Exchange } from '../exchange.js'
import type { Protection } from '../protection.js'
import type { AuditLog, Sink, SinkWatch } from './audit-log.js'
import { BufferedAuditLog } from './buffered-audit-log.js'
import { longestDeadline } from './critical.js'
import { isMaskPath } from './mask-paths.js'
import { isRecordFormat } from './record-format.js'
import type { RecordFormatName } from './record-format.js'
import type { RedactionOptions } from './secrets.js'
import { stdoutSink } from './sinks.js'

export type { AuditLog, Sink } from './audit-log.js'
export { changeReading } from './change-reading.js'
export { Audit } from './declaration.js'
export type { AuditDetails } from './declaration.js'
export { auditing } from './recording.js'

/** How requests are recorded. */
export interface AuditOptions {
  /** Where records end up. @default standard output */
  readonly sinks?: readonly Sink[]
  /** Whether all request headers are recorded, those that bear secrets masked. @default false */
  readonly headers?: boolean
  /** What is masked besides what always is. */
  readonly redact?: RedactionOptions
  /** Whose names fields have: our own, those of the Elastic Common Schema (`ecs`) or of OCSF (`ocsf`). @default 'portcullis' */
  readonly format?: RecordFormatName
  /**
   * The share of successful accesses that is recorded, from 0 to 1; records say it as `sample_rate`. Which ones, the request id
   * decides. Audited actions, refusals, failures and events are always recorded. @default 1
   */
  readonly sample?: number
  /** How long a record may wait to be written together with others, in milliseconds. @default 250 */
  readonly delay?: number
  /** Characters that may wait for one sink; past that, new records are lost, counted and reported. @default 16,777,216 */
  readonly maxBuffered?: number
  /**
   * What becomes of requests while a sink is so far behind that three quarters of `maxBuffered` wait. `drop`: they are served, and records
   * that find no room are lost and counted. `block`: new requests wait for room, until their time is up (503).
   * @default 'drop'
   */
  readonly whenFull?: 'drop' | 'block'
  /** How long a critical record may take to stay. @default '1 s' */
  readonly deadline?: Duration
}

/** Has new requests wait while too many records do, where the options say so. */
export function auditRoom({ whenFull = 'drop' }: AuditOptions, log: AuditLog): Protection {
  return {
    name: 'audit',
    phase: 'transport',
    compile: () => (whenFull === 'block' ? (exchange) => (log.isCrowded === true ? roomFor(exchange, log) : undefined) : undefined),
  }
}

/** How often a request that waits looks again, in milliseconds. */
const glance = 20

/** Waits for room, or until nobody waits for the answer any more: who waits for a promise of the log would be kept until the log has room. */
async function roomFor(exchange: Exchange, log: AuditLog): Promise<void> {
  while (log.isCrowded === true && !exchange.ended) await pause(glance)
}

/** The audit log that the options describe. */
export function auditLogOf(options: AuditOptions, logger: SinkWatch): AuditLog {
  const { sinks = [stdoutSink()], delay = 250, maxBuffered = 2 ** 24 } = options
  return new BufferedAuditLog(sinks, { delay, maxBuffered, logger })
}

/** What is wrong with the options. */
export function auditMistakes(options: AuditOptions): readonly Mistake[] {
  const { sinks = [], delay = 0, maxBuffered = 1, redact = {}, format = 'portcullis', sample = 1 } = options
  const mistakes: Mistake[] = []
  const { whenFull = 'drop', deadline = 1_000 } = options
  const say = (name: string, problem: string, mend: string) => mistakes.push({ place: `audit.${name}`, problem, mend })
  if (!(delay >= 0 && delay < 2 ** 31)) say('delay', `a delay of ${delay} is none`, 'write milliseconds, such as 250')
  if (!(maxBuffered >= 1)) say('maxBuffered', `${maxBuffered} characters hold no record`, 'write a number of characters, such as 16777216')
  if (!isRecordFormat(format)) say('format', `${JSON.stringify(format)} is no format`, "write 'portcullis', 'ecs' or 'ocsf'")
  if (!(sample >= 0 && sample <= 1)) say('sample', `${sample} is no share`, 'write a number from 0 to 1, such as 0.1')
  redact.paths?.forEach((path, index) => {
    if (!isMaskPath(path)) say(`redact.paths[${index}]`, 'this is no path', "write such as 'address.street' or 'items[*].sku'")
  })
  if (whenFull !== 'drop' && whenFull !== 'block') say('whenFull', `${JSON.stringify(whenFull)} is unknown`, "write 'drop' or 'block'")
  if (millisecondsOf(deadline, longestDeadline) === undefined) {
    say('deadline', `the deadline ${JSON.stringify(deadline)} is none`, "write from 1 ms to 1 min, such as '1 s'")
  }
  sinks.forEach((sink, index) => {
    if (typeof sink?.write !== 'function')
      say(`sinks[${index}]`, 'this is no sink', "give an object with write(lines), such as fileSink('audit.log')")
  })
  redact.keys?.forEach((key, index) => {
    if (typeof key !== 'string' || !/[\p{L}\p{N}]/u.test(key))
      say(`redact.keys[${index}]`, 'this names nothing', "write a name, such as 'email'")
  })
  redact.patterns?.forEach((pattern, index) => {
    if (!(pattern instanceof RegExp) || new RegExp(pattern.source, pattern.flags).test('')) {
      say(
        `redact.patterns[${index}]`,
        'this is no pattern, or matches the empty text',
        'write a RegExp that matches at least one character',
      )
    }
  })
  return mistakes
}
