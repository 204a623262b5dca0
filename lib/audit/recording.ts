import type { Principal } from '../context.js'
import { millisecondsOf } from '../duration.js'
import type { Duration } from '../duration.js'
import type { Exchange } from '../exchange.js'
import type { Policy } from '../policy.js'
import type { RouteSetup } from '../protection.js'
import { inTime } from '../state/in-time.js'
import type { TraceContext } from '../traceparent.js'
import type { AuditLog, RecordFacts } from './audit-log.js'
import { callerWriter } from './caller.js'
import { changesOf } from './change-reading.js'
import { criticalRecords, longestDeadline } from './critical.js'
import type { Recorder, Stage } from './critical.js'
import { auditOf } from './declaration.js'
import type { AuditDeclaration } from './declaration.js'
import { readRawQuery } from './raw-query.js'
import { beginnings, heads, recordFormat } from './record-format.js'
import type { Outcome, RecordFormat, RecordFormatName } from './record-format.js'
import { put, putPiece, putText } from './record-layout.js'
import type { Layout, Parts, Piece } from './record-layout.js'
import { quote } from './quote.js'
import { Redactor, redactorWith } from './redact.js'
import { attempted, resourceId } from './resource-id.js'
import type { IdOf } from './resource-id.js'
import { sampling } from './sampling.js'
import type { RedactionOptions } from './secrets.js'
import { levelOf } from './vocabulary.js'
import type { EventLevel } from './vocabulary.js'

// Looked up once: the global is a getter, and is asked in each request.
const { performance } = globalThis

/** What of the options records are made by. */
export interface RecordingOptions {
  readonly headers?: boolean
  readonly redact?: RedactionOptions
  readonly format?: RecordFormatName
  readonly sample?: number
  readonly deadline?: Duration
}

type TextPart = 'params' | 'query' | 'headers'

/** What records need of the rest of the API. */
export interface RecordingServices {
  readonly tenantOf?: (principal: Principal) => string | undefined
  /** The names that the classes of a route's input call sensitive: for texts that come before there is an object of the class, and for copies of one. */
  readonly sensitiveNames?: (policy: Policy, part: TextPart | 'body') => readonly string[]
}

type Redactors = Readonly<Record<TextPart | 'all' | 'detail', Redactor>>

/** A route, as far as its records are decided before the first request. */
interface Recorded {
  readonly declared: AuditDeclaration | undefined
  readonly kind: 'audit' | 'access'
  readonly redactors: Redactors
  /** For each layout of the format. */
  readonly beginnings: readonly Piece[]
  readonly method: string
  /** The method as JSON. */
  readonly methodText: string
  /** The path as JSON, where the one that was sent may hold a secret. */
  readonly pathText: string | undefined
  readonly hasParams: boolean
  readonly idOf: IdOf | undefined
  readonly uneventful: RecordFacts
}

/** A record on its way to paper. */
interface Draft {
  readonly exchange: Exchange
  /** Null where the handler is yet to run. */
  readonly status: number | null
  readonly fields: Layout['fields']
  readonly parts: Parts
}

/** Makes the recorder of each route: one line of JSON for each request, whatever became of it. */
export function auditing(
  options: RecordingOptions,
  log: AuditLog,
  services: RecordingServices = {},
): { compile(route: RouteSetup): Recorder } {
  const usual = new Redactor(options.redact)
  const format = recordFormat(options.format)
  const headOf = heads(format)
  const callers = format.layouts.map((layout) => callerWriter(layout, format.showsNobody))
  const isChosen = sampling(options.sample)
  const rate = String(options.sample)
  const { tenantOf = () => undefined } = services
  const deadline = millisecondsOf(options.deadline ?? '1 s', longestDeadline) ?? 1_000

  return {
    compile(route) {
      const recorded = recordedOf(route, usual, format, options, services)
      const { declared, kind, redactors, uneventful } = recorded
      const isSampled = isChosen !== undefined && declared === undefined

      function lineOf(exchange: Exchange, status: number | null, stage: Stage | undefined, isOne: boolean): string {
        const { refusal } = exchange
        const event = refusal?.event ?? exchange.event
        const outcome = status === null ? undefined : outcomeOf(status)
        const which = format.choose(kind, event)
        const layout = format.layouts[which] as Layout
        const { fields } = layout
        const parts = layout.begin(headOf(exchange.receivedAt))
        putPiece(parts, recorded.beginnings[which] as Piece)
        const draft = { exchange, status, fields, parts }
        requestPart(draft, recorded)
        if (stage !== undefined) put(parts, fields.stage, `"${stage}"`)
        const trace = exchange.knownTrace
        if (trace !== undefined) tracePart(draft, trace)
        if (outcome !== undefined) put(parts, fields.outcome, outcomeTexts[outcome])
        put(parts, fields.duration_ms, format.duration(elapsed(exchange)))
        callers[which]?.(parts, exchange)
        if (exchange.principal.kind !== 'anonymous') tenantPart(draft, redactors.all, tenantOf)
        if (exchange.address !== '') putText(parts, fields.address, exchange.address)
        inputPart(draft, recorded)
        if (declared !== undefined) auditPart(draft, declared, recorded)
        if (exchange.hasDecisions) put(parts, fields.decisions, redactors.all.json(exchange.decisions))
        if (refusal !== undefined) {
          put(parts, fields.code, redactors.all.text(refusal.code))
          put(parts, fields.reason, redactors.all.text(refusal.reason))
        }
        const level = event === undefined ? undefined : eventPart(draft, event)
        clientPart(draft, redactors, options.headers === true)
        if (isOne) put(parts, fields.sample_rate, rate)
        if (format.derive !== undefined) {
          const { receivedAt: time, request, principal } = exchange
          format.derive(which, parts, { kind, event, level, outcome, method: request.method, principalKind: principal.kind, time })
        }
        return layout.close(parts)
      }

      function factsOf({ refusal, event: noticed }: Exchange): RecordFacts {
        const event = refusal?.event ?? noticed
        return event === undefined ? uneventful : { kind, event }
      }

      function record(exchange: Exchange, status: number): void {
        const facts = factsOf(exchange)
        const isOne = isSampled && facts.event === undefined && outcomeOf(status) === 'success'
        if (isOne && !isChosen(exchange.requestId)) return
        log.write(lineOf(exchange, status, undefined, isOne), facts)
      }

      const hidesPath = recorded.pathText !== undefined
      if (declared?.critical !== true) return Object.assign(record, { hidesPath })
      if (log.commit === undefined) {
        route.mistake('@Audit says critical, and no sink keeps what it takes', "give audit: { sinks: [fileSink('audit.log')] }")
      }
      const critical = criticalRecords(async (exchange, status, stage) => {
        const line = lineOf(exchange, status, stage, false)
        await inTime('the audit log', deadline, async () => log.commit?.(line, factsOf(exchange)))
      })
      const recordOutcome = (exchange: Exchange, status: number) => {
        const stage = critical.isIntended(exchange) ? 'outcome' : undefined
        log.write(lineOf(exchange, status, stage, false), factsOf(exchange))
      }
      return Object.assign(recordOutcome, { hidesPath, critical })
    },
  }
}

function recordedOf(
  route: RouteSetup,
  usual: Redactor,
  format: RecordFormat,
  { redact }: RecordingOptions,
  { sensitiveNames = () => [] }: RecordingServices,
): Recorded {
  const declared = auditOf(route)
  const { params, policy, path, name } = route
  const all = declared?.redact === undefined ? usual : redactorWith({ keys: declared.redact }, redact)
  const redactorOf = (part: TextPart) => {
    const paths = sensitiveNames(policy, part)
    return paths.length === 0 ? all : redactorWith({ keys: declared?.redact ?? [], paths }, redact)
  }
  const ofBody = sensitiveNames(policy, 'body')
  const detail = ofBody.length === 0 ? all : redactorWith({ keys: [...(declared?.redact ?? []), ...ofBody] }, redact)
  const isSecret = (param: string) => all.isSecret(param) || sensitiveNames(policy, 'params').includes(param)
  const kind = declared === undefined ? 'access' : 'audit'
  return {
    declared,
    kind,
    redactors: { all, detail, params: redactorOf('params'), query: redactorOf('query'), headers: redactorOf('headers') },
    beginnings: beginnings(format, { kind, action: declared?.action, resource: declared?.resource, path, name }),
    method: route.method,
    methodText: quote(route.method),
    // A secret that is a parameter of the path must not be recorded as a part of the path.
    pathText: params.some(isSecret) ? quote(path) : undefined,
    hasParams: params.length > 0,
    idOf: declared === undefined ? undefined : resourceId(declared, params.at(-1), isSecret),
    uneventful: { kind, event: undefined },
  }
}

const outcomeTexts = { success: '"success"', refusal: '"refusal"', failure: '"failure"' } as const

/** A client's fault is a refusal, our own a failure. */
function outcomeOf(status: number): Outcome {
  return status < 400 ? 'success' : status < 500 ? 'refusal' : 'failure'
}

/** Microseconds. */
function elapsed(exchange: Exchange): number {
  return Math.round((performance.now() - exchange.startedAt) * 1_000)
}

function requestPart({ exchange, status, fields, parts }: Draft, { method, methodText, pathText, redactors }: Recorded): void {
  const { request, target, requestId } = exchange
  putText(parts, fields.request_id, requestId)
  put(parts, fields.method, request.method === method ? methodText : quote(request.method))
  put(parts, fields.path, pathText ?? redactors.all.text(target.shown ?? target.path))
  put(parts, fields.status, String(status))
}

/** Hexadecimal digits, which need no quoting. */
function tracePart({ fields, parts }: Draft, { traceId, spanId }: TraceContext): void {
  put(parts, fields.trace_id, `"${traceId}"`)
  if (spanId !== undefined) put(parts, fields.span_id, `"${spanId}"`)
}

function tenantPart({ exchange, fields, parts }: Draft, redactor: Redactor, tenantOf: (principal: Principal) => string | undefined): void {
  const tenant: unknown = attempted(() => tenantOf(exchange.principal), 'the tenant in a record', exchange)
  if (typeof tenant === 'string') put(parts, fields.tenant, redactor.text(tenant))
}

/** Parameters and query: as they were validated, or else as they came. */
function inputPart({ exchange, fields, parts }: Draft, { hasParams, redactors }: Recorded): void {
  const { params, query } = exchange.target
  if (hasParams) put(parts, fields.params, redactors.params.json(exchange.provided('params') ?? params))
  const validated = exchange.provided('query')
  if (validated !== undefined) put(parts, fields.query, redactors.query.json(validated))
  else if (query !== '') put(parts, fields.query, redactors.query.json(readRawQuery(query)))
}

function auditPart(
  { exchange, status, fields, parts }: Draft,
  declared: AuditDeclaration,
  { idOf, redactors: { all, detail: ofDetail } }: Recorded,
): void {
  // Of what has not happened yet an application's own functions are not asked.
  const id = status === null && declared.id !== undefined ? undefined : idOf?.(exchange, status ?? 0)
  if (id !== undefined) put(parts, fields.resource_id, all.text(id))
  const body = declared.body === false ? undefined : exchange.provided('body')
  if (body !== undefined) put(parts, fields.body, all.json(body))
  if (status === null) return
  const changes = status < 400 ? changesOf(exchange, all) : undefined
  if (changes !== undefined) put(parts, fields.changes, changes)
  if (declared.detail === undefined) return
  const detail = attempted(() => declared.detail?.(exchange, status), 'the detail of an audit record', exchange)
  if (detail !== undefined) put(parts, fields.detail, ofDetail.json(detail))
}

function eventPart({ fields, parts }: Draft, event: string): EventLevel | undefined {
  const level = levelOf(event)
  putText(parts, fields.event, event)
  if (level !== undefined) put(parts, fields.level, `"${level}"`)
  return level
}

function clientPart({ exchange: { request }, fields, parts }: Draft, redactors: Redactors, showsHeaders: boolean): void {
  const agent = request.headers['user-agent']
  if (agent !== undefined) put(parts, fields.user_agent, redactors.all.text(agent))
  if (showsHeaders) put(parts, fields.headers, redactors.headers.json(request.headers))
  if (request.gone) put(parts, fields.client_gone, 'true')
}
