import { setTimeout as pause } from 'node:timers/promises'
import type { Context } from '../context.js'
import type { RouteDecorator } from '../decorator.js'
import { millisecondsOf } from '../duration.js'
import type { Duration } from '../duration.js'
import type { Mistake } from '../errors.js'
import type { Exchange } from '../exchange.js'
import { kind } from '../policy.js'
import type { Protection, RouteSetup } from '../protection.js'
import { inTime } from '../state/in-time.js'
import type { AuditLog, RecordFacts, Sink, SinkWatch } from './audit-log.js'
import { BufferedAuditLog } from './buffered-audit-log.js'
import { criticalRecords } from './critical.js'
import type { Recorder, Stage } from './critical.js'
import { readRawQuery } from './raw-query.js'
import { quote, Redactor } from './redact.js'
import type { RedactionOptions } from './secrets.js'
import { stdoutSink } from './sinks.js'
import { timestamps } from './timestamps.js'
import { levelOf } from './vocabulary.js'

export type { AuditLog, Sink } from './audit-log.js'

/** How requests are recorded. */
export interface AuditOptions {
  /** Where records end up. @default standard output */
  readonly sinks?: readonly Sink[]
  /** Whether all request headers are recorded, those that bear secrets masked. @default false */
  readonly headers?: boolean
  /** What is masked besides what always is. */
  readonly redact?: RedactionOptions
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

/** What an audit record holds besides what every record does. */
export interface AuditDetails {
  /** Whether the validated body is recorded, its secrets masked. @default true */
  readonly body?: boolean
  /** What sort of thing is acted on, such as `order`. Which one, the path's parameters say. */
  readonly resource?: string
  /** Names whose values are masked on this route, besides those that always are. */
  readonly redact?: readonly string[]
  /**
   * Whether nothing may happen that is not recorded. Before the handler runs, a record of the intent is on the disk, and before the answer
   * leaves, that of the outcome; both bear the same request id. Where the first cannot be written in time, nothing happens and the answer
   * is 503; where the second cannot, the answer is 503 and the intent stands. @default false
   */
  readonly critical?: boolean
  /**
   * More to record; synchronous. It is called on refusals too, where parts of the input may be missing: when it
   * throws, the record goes without.
   */
  detail?(context: Context, status: number): object
}

/** Milliseconds that a critical record may take. */
const longestDeadline = 60_000

interface AuditDeclaration extends AuditDetails {
  readonly action: string
}

const auditKind = kind<AuditDeclaration>('Audit')

/**
 * Records every request of this route as `action`, with its validated body: `@Audit('order.create')`. On a class it
 * is the default of its methods; the nearest wins. Requests of other routes are recorded too, more shortly, as access.
 */
export function Audit(action: string, details: AuditDetails = {}): RouteDecorator {
  return auditKind.declare({ ...details, action })
}

/** Makes the recorder of each route: one line of JSON for each request, whatever became of it. */
export function auditing(options: AuditOptions, log: AuditLog): { compile(route: RouteSetup): Recorder } {
  const usual = new Redactor(options.redact)
  const timestamp = timestamps()
  const deadline = millisecondsOf(options.deadline ?? '1 s', longestDeadline) ?? 1_000

  return {
    compile(route) {
      const declared = checked(route.policy.nearest(auditKind), route)
      if (declared?.critical === true && log.commit === undefined) {
        route.mistake('@Audit says critical, and no sink keeps what it takes', "give audit: { sinks: [fileSink('audit.log')] }")
      }
      const redactor = declared?.redact === undefined ? usual : redactorFor(declared.redact, options.redact)
      const constant = constantPart(route, declared)
      const method = quote(route.method)
      const hasParams = route.params.length > 0
      // A secret that is a parameter of the path must not be recorded as a part of the path.
      const fixedPath = route.params.some((name) => redactor.isSecret(name)) ? quote(route.path) : undefined
      const uneventful: RecordFacts = { kind: declared === undefined ? 'access' : 'audit', event: undefined }

      function lineOf(exchange: Exchange, status: number | null, stage?: Stage): string {
        const { request, refusal, target } = exchange
        const event = refusal?.event ?? exchange.event
        let line = `{"timestamp":"${timestamp(exchange.receivedAt)}",${constant},"request_id":${quote(exchange.requestId)}`
        if (stage !== undefined) line += `,"stage":"${stage}"`
        line += `,"method":${request.method === route.method ? method : quote(request.method)}`
        line += `,"path":${fixedPath ?? redactor.text(target.path)},"status":${status},"duration_ms":${elapsed(exchange)}`
        line += `${caller(exchange)},"address":${quote(exchange.address)}`
        line += input(exchange, hasParams, redactor)
        if (declared !== undefined) line += auditPart(declared, exchange, status, redactor)
        if (exchange.hasDecisions) line += `,"decisions":${redactor.json(exchange.decisions)}`
        if (refusal !== undefined) line += `,"reason":${redactor.text(refusal.reason)}`
        if (event !== undefined) line += eventPart(event)
        const agent = request.headers['user-agent']
        if (agent !== undefined) line += `,"user_agent":${redactor.text(agent)}`
        if (options.headers === true) line += `,"headers":${redactor.json(request.headers)}`
        if (request.gone) line += ',"client_gone":true'
        return `${line}}`
      }

      function factsOf(exchange: Exchange): RecordFacts {
        const event = exchange.refusal?.event ?? exchange.event
        return event === undefined ? uneventful : { kind: uneventful.kind, event }
      }

      if (declared?.critical !== true) return (exchange, status) => log.write(lineOf(exchange, status), factsOf(exchange))
      const critical = criticalRecords(async (exchange, status, stage) => {
        const line = lineOf(exchange, status, stage)
        await inTime('the audit log', deadline, async () => log.commit?.(line, factsOf(exchange)))
      })
      const record = (exchange: Exchange, status: number) => {
        log.write(lineOf(exchange, status, critical.isIntended(exchange) ? 'outcome' : undefined), factsOf(exchange))
      }
      return Object.assign(record, { critical })
    },
  }
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
  const { sinks = [], delay = 0, maxBuffered = 1, redact = {} } = options
  const mistakes: Mistake[] = []
  const { whenFull = 'drop', deadline = 1_000 } = options
  const say = (name: string, problem: string, mend: string) => mistakes.push({ place: `audit.${name}`, problem, mend })
  if (!(delay >= 0 && delay < 2 ** 31)) say('delay', `a delay of ${delay} is none`, 'write milliseconds, such as 250')
  if (!(maxBuffered >= 1)) say('maxBuffered', `${maxBuffered} characters hold no record`, 'write a number of characters, such as 16777216')
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

function checked(declared: AuditDeclaration | undefined, route: RouteSetup): AuditDeclaration | undefined {
  if (declared === undefined) return undefined
  const { action, redact = [] } = declared
  if (typeof action !== 'string' || action.trim() === '') {
    route.mistake('@Audit names no action', "say what is done: @Audit('order.create')")
    return undefined
  }
  if (!redact.every((name) => typeof name === 'string' && /[\p{L}\p{N}]/u.test(name))) {
    route.mistake("a name in @Audit's redact names nothing", "list names of members: redact: ['email']")
    return undefined
  }
  if (!['undefined', 'function'].includes(typeof declared.detail)) {
    route.mistake("@Audit's detail is no function", 'write detail: (context, status) => ({ … })')
  }
  if (!['undefined', 'boolean'].includes(typeof declared.critical)) {
    route.mistake("@Audit's critical is neither true nor false", 'write critical: true')
  }
  route.describe('audit', declared.critical === true ? `${action} (critical)` : action)
  return declared
}

function redactorFor(names: readonly string[], options: RedactionOptions = {}): Redactor {
  return new Redactor({ ...options, keys: [...(options.keys ?? []), ...names] })
}

function constantPart(route: RouteSetup, declared: AuditDeclaration | undefined): string {
  const action = declared === undefined ? '' : `,"action":${quote(declared.action)}`
  const resource = declared?.resource === undefined ? '' : `,"resource":${quote(declared.resource)}`
  return `"kind":"${declared === undefined ? 'access' : 'audit'}"${action}${resource},"route":${quote(route.path)},"handler":${quote(route.name)}`
}

/** Milliseconds, to the microsecond. */
function elapsed(exchange: Exchange): number {
  return Math.round((performance.now() - exchange.startedAt) * 1_000) / 1_000
}

function caller({ principal }: Exchange): string {
  if (principal.kind === 'anonymous') return ',"principal_id":null,"principal_kind":"anonymous"'
  const issuer = principal.issuer === undefined ? '' : `,"issuer":${quote(principal.issuer)}`
  return `,"principal_id":${quote(principal.id)},"principal_kind":"${principal.kind}"${issuer}`
}

/** Parameters and query: as they were validated, or else as they came. */
function input(exchange: Exchange, hasParams: boolean, redactor: Redactor): string {
  const { params, query } = exchange.target
  const text = hasParams ? `,"params":${redactor.json(exchange.provided('params') ?? params)}` : ''
  const validated = exchange.provided('query')
  if (validated !== undefined) return `${text},"query":${redactor.json(validated)}`
  return query === '' ? text : `${text},"query":${redactor.json(readRawQuery(query))}`
}

function auditPart(declared: AuditDeclaration, exchange: Exchange, status: number | null, redactor: Redactor): string {
  const body = declared.body === false ? undefined : exchange.provided('body')
  const text = body === undefined ? '' : `,"body":${redactor.json(body)}`
  // Of what has not happened yet there is nothing to tell.
  if (declared.detail === undefined || status === null) return text
  try {
    return `${text},"detail":${redactor.json(declared.detail(exchange, status))}`
  } catch (error) {
    exchange.log.warn('the detail of an audit record could not be made', { error })
    return text
  }
}

function eventPart(event: string): string {
  const level = levelOf(event)
  return level === undefined ? `,"event":${quote(event)}` : `,"event":${quote(event)},"level":"${level}"`
}
