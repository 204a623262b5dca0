import type { Mistake } from '../errors.js'
import type { AuditLog, Sink } from './audit-log.js'
import { BufferedAuditLog } from './buffered-audit-log.js'
import { isMaskPath } from './mask-paths.js'
import { isRecordFormat } from './record-format.js'
import type { RecordFormatName } from './record-format.js'
import type { RedactionOptions } from './secrets.js'
import type { SinkWatch } from './sink-queue.js'
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
  const say = (name: string, problem: string, mend: string) => mistakes.push({ place: `audit.${name}`, problem, mend })
  if (!(delay >= 0 && delay < 2 ** 31)) say('delay', `a delay of ${delay} is none`, 'write milliseconds, such as 250')
  if (!(maxBuffered >= 1)) say('maxBuffered', `${maxBuffered} characters hold no record`, 'write a number of characters, such as 16777216')
  if (!isRecordFormat(format)) say('format', `${JSON.stringify(format)} is no format`, "write 'portcullis', 'ecs' or 'ocsf'")
  if (!(sample >= 0 && sample <= 1)) say('sample', `${sample} is no share`, 'write a number from 0 to 1, such as 0.1')
  redact.paths?.forEach((path, index) => {
    if (!isMaskPath(path)) say(`redact.paths[${index}]`, 'this is no path', "write such as 'address.street' or 'items[*].sku'")
  })
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
