import type { Context } from '../context.js'
import type { RouteDecorator } from '../decorator.js'
import type { Mistake } from '../errors.js'
import type { Exchange } from '../exchange.js'
import { kind } from '../policy.js'
import type { RouteSetup } from '../protection.js'
import type { TraceContext } from '../traceparent.js'
import type { AuditLog, RecordFacts, Sink } from './audit-log.js'
import { BufferedAuditLog } from './buffered-audit-log.js'
import { readRawQuery } from './raw-query.js'
import { quote, Redactor } from './redact.js'
import type { RedactionOptions } from './secrets.js'
import type { SinkWatch } from './sink-queue.js'
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
   * More to record; synchronous. It is called on refusals too, where parts of the input may be missing: when it
   * throws, the record goes without.
   */
  detail?(context: Context, status: number): object
}

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

/** Writes the record of one request. */
type Recorder = (exchange: Exchange, status: number) => void

/** Makes the recorder of each route: one line of JSON for each request, whatever became of it. */
export function auditing(options: AuditOptions, log: AuditLog): { compile(route: RouteSetup): Recorder } {
  const usual = new Redactor(options.redact)
  const timestamp = timestamps()

  return {
    compile(route) {
      const declared = checked(route.policy.nearest(auditKind), route)
      const redactor = declared?.redact === undefined ? usual : redactorFor(declared.redact, options.redact)
      const constant = constantPart(route, declared)
      const method = quote(route.method)
      const hasParams = route.params.length > 0
      // A secret that is a parameter of the path must not be recorded as a part of the path.
      const fixedPath = route.params.some((name) => redactor.isSecret(name)) ? quote(route.path) : undefined
      const uneventful: RecordFacts = { kind: declared === undefined ? 'access' : 'audit', event: undefined }

      return function record(exchange, status) {
        const { request, refusal, target } = exchange
        const event = refusal?.event ?? exchange.event
        let line = `{"timestamp":"${timestamp(exchange.receivedAt)}",${constant},"request_id":${quote(exchange.requestId)}`
        const trace = exchange.knownTrace
        if (trace !== undefined) line += tracePart(trace)
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
        log.write(`${line}}`, event === undefined ? uneventful : { kind: uneventful.kind, event })
      }
    },
  }
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
  const say = (name: string, problem: string, mend: string) => mistakes.push({ place: `audit.${name}`, problem, mend })
  if (!(delay >= 0 && delay < 2 ** 31)) say('delay', `a delay of ${delay} is none`, 'write milliseconds, such as 250')
  if (!(maxBuffered >= 1)) say('maxBuffered', `${maxBuffered} characters hold no record`, 'write a number of characters, such as 16777216')
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
  route.describe('audit', action)
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

/** Hexadecimal digits, which need no quoting. */
function tracePart({ traceId, spanId }: TraceContext): string {
  return spanId === undefined ? `,"trace_id":"${traceId}"` : `,"trace_id":"${traceId}","span_id":"${spanId}"`
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

function auditPart(declared: AuditDeclaration, exchange: Exchange, status: number, redactor: Redactor): string {
  const body = declared.body === false ? undefined : exchange.provided('body')
  const text = body === undefined ? '' : `,"body":${redactor.json(body)}`
  if (declared.detail === undefined) return text
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
