import type { RecordKind } from './audit-log.js'
import { quote } from './quote.js'
import { Layout, put, recordFields } from './record-layout.js'
import type { Field, Parts, Piece, RecordField } from './record-layout.js'
import { thousandths } from './thousandths.js'
import { timestamps } from './timestamps.js'
import type { EventLevel } from './vocabulary.js'

/** Whose names records are written with: our own, those of the Elastic Common Schema, or those of the Open Cybersecurity Schema Framework. */
export type RecordFormatName = 'portcullis' | 'ecs' | 'ocsf'

/** What became of a request: refused is what the client did wrong or may not, failed is what we could not. */
export type Outcome = 'success' | 'refusal' | 'failure'

/** What is known of a record when it is begun. */
interface RecordFindings {
  readonly kind: RecordKind
  readonly event: string | undefined
  readonly level: EventLevel | undefined
  readonly outcome: Outcome | undefined
  /** Empty outside of requests. */
  readonly method: string
  readonly principalKind: 'user' | 'client' | 'anonymous'
  /** Milliseconds since 1970. */
  readonly time: number
}

/** What stays the same in all records of a route. */
export interface RecordRoute {
  readonly kind: RecordKind
  readonly action: string | undefined
  readonly resource: string | undefined
  /** Undefined outside of requests. */
  readonly path: string | undefined
  /** `OrdersController.create` */
  readonly name: string
}

type Constants = ReadonlyArray<readonly [name: string, json: string]>

/** How records are written. */
export interface RecordFormat {
  readonly layouts: readonly Layout[]
  /** The name of the time, which stands first. */
  readonly time: string
  /** Whether a caller whom nobody knows is `null` rather than left out. */
  readonly showsNobody: boolean
  /** Which of the layouts a record has. */
  choose(kind: RecordKind, event: string | undefined): number
  /** What the format says of every record of a route, by names of the layout. */
  constants(layout: number, route: RecordRoute): Constants
  /** What the format says of one record besides its fields. */
  readonly derive?: (layout: number, parts: Parts, findings: RecordFindings) => void
  duration(microseconds: number): string
}

const own = Object.fromEntries(recordFields.map((name) => [name, name])) as Record<RecordField, string>

const portcullis: RecordFormat = {
  layouts: [new Layout(own)],
  time: 'timestamp',
  showsNobody: true,
  choose: () => 0,
  constants: () => [],
  duration: thousandths,
}

/** Where our fields stand in the Elastic Common Schema. */
export const elastic = {
  timestamp: '@timestamp',
  kind: 'portcullis.kind',
  action: 'event.action',
  resource: 'portcullis.resource.type',
  resource_id: 'portcullis.resource.id',
  route: 'portcullis.route',
  handler: 'portcullis.handler',
  request_id: 'http.request.id',
  stage: 'portcullis.stage',
  trace_id: 'trace.id',
  span_id: 'span.id',
  method: 'http.request.method',
  path: 'url.path',
  status: 'http.response.status_code',
  outcome: 'portcullis.outcome',
  code: 'error.code',
  duration_ms: 'event.duration',
  principal_id: 'user.id',
  principal_kind: 'portcullis.principal.kind',
  issuer: 'portcullis.principal.issuer',
  tenant: 'organization.id',
  authentication: 'portcullis.authentication',
  token_id: 'portcullis.token.id',
  address: 'client.ip',
  params: 'portcullis.params',
  query: 'portcullis.query',
  body: 'portcullis.body',
  detail: 'portcullis.detail',
  changes: 'portcullis.changes',
  decisions: 'portcullis.decisions',
  reason: 'event.reason',
  event: 'event.code',
  level: 'log.level',
  user_agent: 'user_agent.original',
  headers: 'portcullis.headers',
  client_gone: 'portcullis.client_gone',
  sample_rate: 'portcullis.sample_rate',
} as const satisfies Record<RecordField, string>

function ecs(): RecordFormat {
  const layout = new Layout({
    ...elastic,
    ecs_outcome: 'event.outcome',
    version: 'ecs.version',
    dataset: 'event.dataset',
    event_kind: 'event.kind',
  })
  return {
    layouts: [layout],
    time: elastic.timestamp,
    showsNobody: false,
    choose: () => 0,
    constants: (_layout, { kind }) => [
      ['version', '"8.17.0"'],
      ['event_kind', '"event"'],
      ['dataset', quote(`portcullis.${kind}`)],
    ],
    derive(_layout, parts, { outcome }) {
      if (outcome !== undefined) put(parts, layout.fields.ecs_outcome, outcome === 'success' ? '"success"' : '"failure"')
    },
    // Nanoseconds.
    duration: (microseconds) => String(microseconds * 1_000),
  }
}

/** Where our fields stand in OCSF: names of objects in one another, divided by `/`. */
export const open = {
  timestamp: 'time_dt',
  kind: 'metadata/log_name',
  action: 'api/operation',
  resource: 'resources[]/type',
  resource_id: 'resources[]/uid',
  route: 'unmapped/route',
  handler: 'unmapped/handler',
  request_id: 'http_request/uid',
  stage: 'unmapped/stage',
  trace_id: 'metadata/correlation_uid',
  span_id: 'unmapped/span_id',
  method: 'http_request/http_method',
  path: 'http_request/url/path',
  status: 'http_response/code',
  outcome: 'unmapped/outcome',
  code: 'status_code',
  duration_ms: 'duration',
  principal_id: 'actor/user/uid',
  principal_kind: 'actor/user/type',
  issuer: 'actor/session/issuer',
  tenant: 'metadata/tenant_uid',
  authentication: 'unmapped/authentication',
  token_id: 'actor/user/credential_uid',
  address: 'src_endpoint/ip',
  params: 'unmapped/params',
  query: 'unmapped/query',
  body: 'unmapped/body',
  detail: 'unmapped/detail',
  changes: 'unmapped/changes',
  decisions: 'unmapped/decisions',
  reason: 'status_detail',
  event: 'metadata/event_code',
  level: 'metadata/log_level',
  user_agent: 'http_request/user_agent',
  headers: 'unmapped/headers',
  client_gone: 'unmapped/client_gone',
  sample_rate: 'unmapped/sample_rate',
} as const satisfies Record<RecordField, string>

const lifecycleMoves = { action: 'unmapped/action' } as const
const authenticationMoves = { ...lifecycleMoves, issuer: 'session/issuer' } as const

/** What stands elsewhere in events of the class Authentication. */
export const openAuthentication = { ...authenticationMoves, ...userPlaces('user') } as const

function userPlaces(user: string) {
  return { principal_id: `${user}/uid`, principal_kind: `${user}/type`, token_id: `${user}/credential_uid` }
}

/** What the framework wants to be said of every event. */
const always = {
  class: 'class_uid',
  category: 'category_uid',
  activity: 'activity_id',
  type: 'type_uid',
  time: 'time',
  severity: 'severity_id',
  status_id: 'status_id',
  version: 'metadata/version',
  product: 'metadata/product/name',
  vendor: 'metadata/product/vendor_name',
} as const

/** One class of events: API Activity, Authentication, Application Lifecycle. */
interface EventClass {
  readonly uid: number
  readonly layout: Layout<RecordField | keyof typeof always>
  readonly userType: Field
  /** A name in the place of an id that nobody has. */
  readonly userName: Field
  readonly activityOf: (findings: RecordFindings) => number
}

const methods: ReadonlyMap<string, number> = new Map([
  ['POST', 1],
  ['GET', 2],
  ['HEAD', 2],
  ['PUT', 3],
  ['PATCH', 3],
  ['DELETE', 4],
])
const logins: ReadonlyMap<string, number> = new Map([
  ...(['authn_login_success', 'authn_login_successafterfail', 'authn_login_fail', 'authn_login_fail_max', 'authn_login_lock'] as const).map(
    (event) => [event, 1] as const,
  ),
  ['session_created', 1],
  ['session_logout', 2],
  ['session_expired', 2],
])
const lives: ReadonlyMap<string, number> = new Map([
  ['sys_startup', 3],
  ['sys_shutdown', 4],
])
const otherActivity = 99

/** How grave a level is: informational, medium, critical. */
const severities = { INFO: '1', WARN: '3', CRITICAL: '5' } as const
const userTypes = { anonymous: '0', user: '1', client: '4' } as const
const succeeded = '1'
const failed = '2'

function eventClass(
  uid: number,
  user: string,
  moved: Partial<Record<RecordField, string>>,
  activityOf: EventClass['activityOf'],
): EventClass {
  const places = {
    ...open,
    ...userPlaces(user),
    ...moved,
  }
  const layout = new Layout({
    ...places,
    ...always,
    user_type: `${user}/type_id`,
    user_name: `${user}/name`,
    service: 'service/name',
    app: 'app/name',
  })
  return { uid, layout, userType: layout.fields.user_type, userName: layout.fields.user_name, activityOf }
}

function ocsf(): RecordFormat {
  const api = eventClass(6003, 'actor/user', {}, ({ method }) => methods.get(method) ?? otherActivity)
  const authentication = eventClass(3002, 'user', authenticationMoves, ({ event = '' }) => logins.get(event) ?? otherActivity)
  const lifecycle = eventClass(6002, 'actor/user', lifecycleMoves, ({ event = '' }) => lives.get(event) ?? otherActivity)
  const classes = [api, authentication, lifecycle] as const
  const named: Constants = [
    ['version', '"1.3.0"'],
    ['product', '"portcullis"'],
    ['vendor', '"portcullis"'],
  ]
  return {
    layouts: classes.map(({ layout }) => layout),
    time: open.timestamp,
    showsNobody: false,
    choose(kind, event) {
      if (event === undefined) return 0
      if (event.startsWith('authn_') || event.startsWith('session_')) return 1
      return kind === 'event' && event.startsWith('sys_') ? 2 : 0
    },
    constants(index, { action, name }) {
      const uid = (classes[index] ?? api).uid
      const said: Constants = [['class', String(uid)], ['category', String(Math.floor(uid / 1_000))], ...named]
      if (index === 1) return [...said, ['service', '"portcullis"']]
      if (index === 2) return [...said, ['app', '"portcullis"']]
      return action === undefined ? [...said, ['action', quote(name)]] : said
    },
    derive(index, parts, findings) {
      const one = classes[index] ?? api
      const { fields } = one.layout
      const activity = one.activityOf(findings)
      put(parts, fields.activity, String(activity))
      put(parts, fields.type, String(one.uid * 100 + activity))
      put(parts, fields.time, String(Math.floor(findings.time)))
      put(parts, fields.severity, severities[findings.level ?? 'INFO'])
      put(parts, one.userType, userTypes[findings.principalKind])
      if (findings.principalKind === 'anonymous') put(parts, one.userName, '"anonymous"')
      if (findings.outcome !== undefined) put(parts, fields.status_id, findings.outcome === 'success' ? succeeded : failed)
    },
    duration: (microseconds) => String(Math.round(microseconds / 1_000)),
  }
}

const formats = { portcullis: () => portcullis, ecs, ocsf } as const

/** Whether there is a format of this name. */
export function isRecordFormat(name: unknown): name is RecordFormatName {
  return typeof name === 'string' && Object.hasOwn(formats, name)
}

/** The format of a name; our own for any that there is not, which `createApi` reports. */
export function recordFormat(name: RecordFormatName = 'portcullis'): RecordFormat {
  return isRecordFormat(name) ? formats[name]() : portcullis
}

/** Makes the function that begins a record: with the time, in milliseconds since 1970. */
export function heads({ time }: RecordFormat): (milliseconds: number) => string {
  return timestamps(`{"${time}":"`, '"')
}

/** What is the same in all records of a route, for each layout. */
export function beginnings(format: RecordFormat, route: RecordRoute): readonly Piece[] {
  return format.layouts.map((layout, index) =>
    layout.piece((parts) => {
      const fields = layout.fields as Readonly<Record<string, Field>>
      const { kind, action, resource, path, name } = route
      const values = { kind, action, resource, route: path, handler: path === undefined ? undefined : name }
      for (const [field, value] of Object.entries(values)) {
        if (value !== undefined) put(parts, fields[field] as Field, quote(value))
      }
      for (const [field, json] of format.constants(index, route)) put(parts, fields[field] as Field, json)
    }),
  )
}
