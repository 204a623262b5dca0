import type { SentRequest } from './wire.js'

/** What adapters and their hosts may get wrong in a request: hosts that cannot tell are not asked in the same way. */
export type Trait = 'target' | 'slashes' | 'host' | 'twice' | 'method'

/** One request, and the status and code that it is answered with. */
export interface ExchangeRow {
  readonly claim: string
  readonly request: SentRequest
  readonly status: number
  readonly code?: string | undefined
  readonly trait?: Trait
}

type Headers = Readonly<Record<string, string>> | ReadonlyArray<readonly [string, string]>

/** A request in its usual form: `Host` first, and the length of its body. */
export function requestOf(line: string, headers: Headers = {}, body: string | Uint8Array = ''): SentRequest {
  const [method = '', target = ''] = line.split(' ')
  const bytes = Buffer.from(body as string)
  const named: ReadonlyArray<readonly [string, string]> = Array.isArray(headers) ? headers : Object.entries(headers)
  const isAnnounced = named.some(([name]) => /^(?:content-length|transfer-encoding)$/i.test(name))
  return {
    method,
    target,
    headers: [
      ...(named.some(([name]) => name.toLowerCase() === 'host') ? [] : [['Host', 'api.test'] as const]),
      ...named,
      ...(bytes.length > 0 && !isAnnounced ? [['Content-Length', String(bytes.length)] as const] : []),
    ],
    body: bytes,
  }
}

export const json = { 'Content-Type': 'application/json' }
const form = { 'Content-Type': 'application/x-www-form-urlencoded' }

function row(claim: string, request: SentRequest, status: number, code?: string): ExchangeRow {
  return { claim, request, status, code }
}

/** Rows of one topic, which are tried on one server. */
export interface ExchangeGroup {
  readonly claim: string
  readonly rows: readonly ExchangeRow[]
}

const routes: readonly ExchangeRow[] = [
  row('a route', requestOf('GET /things'), 200),
  row('its query', requestOf('GET /things?page=3'), 200),
  row('an empty query', requestOf('GET /things?'), 200),
  row('a query whose value is encoded', requestOf('GET /things?page=%33'), 200),
  row('a query that is none of the route', requestOf('GET /things?pages=3'), 422, 'validation-failed'),
  row('a query twice', requestOf('GET /things?page=3&page=4'), 422, 'validation-failed'),
  row('a query with a plus for a space', requestOf('GET /things?page=+3'), 422, 'validation-failed'),
  row('a path parameter', requestOf('GET /things/a%20b'), 200),
  row('a path parameter beyond ASCII', requestOf('GET /things/%C3%BC'), 200),
  row('a double encoding, as data', requestOf('GET /things/%2561'), 200),
  row('a double-encoded slash, as data', requestOf('GET /things/a%252fb'), 200),
  row('a semicolon, as data', requestOf('GET /things/a;b=c'), 200),
  row('an encoded letter', requestOf('GET /%74hings'), 200),
  row('a path in capitals', requestOf('GET /THINGS'), 404, 'not-found'),
  { ...row('a slash too many at the end', requestOf('GET /things/'), 404, 'not-found'), trait: 'slashes' },
  { ...row('a slash too many at the start', requestOf('GET //things'), 404, 'not-found'), trait: 'slashes' },
  { ...row('a slash too many within', requestOf('GET /things//where'), 404, 'not-found'), trait: 'slashes' },
  row('a path that is none', requestOf('GET /nothing'), 404, 'not-found'),
]

const answers: readonly ExchangeRow[] = [
  row('HEAD of a route', requestOf('HEAD /things'), 200),
  row('HEAD of bytes', requestOf('HEAD /things/bytes'), 200),
  row('HEAD of a stream', requestOf('HEAD /things/stream'), 200),
  row('HEAD of what is refused', requestOf('HEAD /things/me'), 401),
  row('OPTIONS', requestOf('OPTIONS /things'), 405, 'method-not-allowed'),
  row('a method that the path has not', requestOf('PUT /things'), 405, 'method-not-allowed'),
  row('a method that another header names', requestOf('GET /things/1', { 'X-HTTP-Method-Override': 'DELETE' }), 200),
  row('a text as it is', requestOf('GET /things/text'), 203),
  row('bytes as they are', requestOf('GET /things/bytes'), 200),
  row('a stream', requestOf('GET /things/stream'), 200),
  row('204 without a body', requestOf('GET /things/nothing'), 204),
  row('204 of a DELETE', requestOf('DELETE /things/1'), 204),
  row('304 without a body', requestOf('GET /things/unchanged'), 304),
  ...[204, 205, 304].flatMap((status) => [
    row(`${status} with a value, which is not sent`, requestOf(`GET /things/empty/${status}`), status),
    row(`${status} with a stream, which is not sent`, requestOf(`GET /things/empty/${status}/stream`), status),
    row(`a failure with ${status}`, requestOf(`GET /things/empty/${status}/failure`), status),
  ]),
  row('cookies and other headers that are set twice', requestOf('GET /things/headers'), 200),
  row('a type and a tag that are set', requestOf('GET /things/renamed'), 200),
  row('the headers of another server', requestOf('GET /things/passed-on'), 200),
  row('a failure that names a type', requestOf('GET /things/misnamed'), 409, 'conflict'),
  row('a place that is beyond ASCII', requestOf('GET /things/located'), 201),
  row('a header that is beyond ASCII', requestOf('GET /things/beyond-ascii'), 500, 'internal-error'),
  row('a failure with a header that cannot be sent', requestOf('GET /things/split'), 500, 'internal-error'),
  row('a handler that throws', requestOf('GET /things/broken'), 500, 'internal-error'),
]

const bodies: readonly ExchangeRow[] = [
  row('a body', requestOf('POST /things', json, '{"name":"a"}'), 201),
  row('a body beyond ASCII', requestOf('POST /things', json, '{"name":"ü€😀"}'), 201),
  row('a form', requestOf('POST /things/form', form, 'name=a+b%21'), 200),
  row('a body with a property too many', requestOf('POST /things', json, '{"name":"a","owner":"me"}'), 422, 'validation-failed'),
  row('a poisoned body', requestOf('POST /things', json, '{"name":"a","__proto__":{"x":1}}'), 400, 'malformed-request'),
  row('a broken body', requestOf('POST /things', json, '{"name":'), 400, 'malformed-request'),
  row('a body that is no UTF-8', requestOf('POST /things', json, Buffer.from('{"name":"\u00ff"}', 'latin1')), 400, 'malformed-request'),
  row('a body of another type', requestOf('POST /things', { 'Content-Type': 'text/plain' }, '{"name":"a"}'), 415, 'unsupported-media-type'),
  row('a body without a type', requestOf('POST /things', {}, '{"name":"a"}'), 415, 'unsupported-media-type'),
  row('no body', requestOf('POST /things', { ...json, 'Content-Length': '0' }), 422, 'validation-failed'),
  row('no body, and nothing that says so', requestOf('POST /things'), 422, 'validation-failed'),
  row('a body over the limit', requestOf('POST /things', json, JSON.stringify({ name: 'a'.repeat(300) })), 413, 'payload-too-large'),
  row('a body that nobody wants', requestOf('DELETE /things/1', json, '{"name":"a"}'), 204),
  row('a body that the host might parse, and no route takes', requestOf('POST /nothing', json, '{"name":'), 404, 'not-found'),
]

const credentials: readonly ExchangeRow[] = [
  row('no token', requestOf('GET /things/me'), 401, 'unauthenticated'),
  row('a bad token', requestOf('GET /things/me', { Authorization: 'Bearer a.b.c' }), 401, 'invalid-token'),
  row('a token in the query', requestOf('GET /things/me?access_token=a.b.c'), 401, 'unauthenticated'),
]

/** Requests that some hosts have made something else of before the adapter sees them. */
const peculiar: ReadonlyArray<readonly [Trait, ExchangeRow]> = [
  ['method', row('TRACE', requestOf('TRACE /things'), 405, 'method-not-allowed')],
  ['method', row('a method that nobody has', requestOf('PROPFIND /things'), 405, 'method-not-allowed')],
  ['target', row('an encoded slash', requestOf('GET /things/a%2fb'), 400, 'malformed-request')],
  ['target', row('an encoded backslash', requestOf('GET /things/a%5cb'), 400, 'malformed-request')],
  ['target', row('a backslash', requestOf('GET /x\\..\\things'), 400, 'malformed-request')],
  ['target', row('a NUL', requestOf('GET /things/a%00'), 400, 'malformed-request')],
  ['target', row('dot segments', requestOf('GET /x/../things'), 400, 'malformed-request')],
  ['target', row('one dot', requestOf('GET /./things'), 400, 'malformed-request')],
  ['target', row('encoded dot segments', requestOf('GET /x/%2e%2e/things'), 400, 'malformed-request')],
  ['target', row('half-encoded dot segments', requestOf('GET /x/.%2E/things'), 400, 'malformed-request')],
  ['target', row('half a percent sign', requestOf('GET /things/%zz'), 400, 'malformed-request')],
  ['target', row('a percent sequence that is no UTF-8', requestOf('GET /things/%ff'), 400, 'malformed-request')],
  ['target', row('a fragment', requestOf('GET /things#/../x'), 400, 'malformed-request')],
  ['target', row('a target of 10,000 characters', requestOf(`GET /things/${'a'.repeat(10_000)}`), 400, 'malformed-request')],
  ['target', row('an absolute target for this host', requestOf('GET http://api.test/things'), 200)],
  ['target', row('an absolute target for another host', requestOf('GET http://evil.test/things'), 400, 'malformed-request')],
  ['host', row('a host that is none', requestOf('GET /things', { Host: 'a b' }), 400, 'malformed-request')],
  ['host', row('a host with a path', requestOf('GET /things', { Host: 'api.test/things' }), 400, 'malformed-request')],
  ['host', row('a host with credentials', requestOf('GET /things', { Host: 'a@api.test' }), 400, 'malformed-request')],
  ['twice', row('two hosts', requestOf('GET /things', twice('Host', 'api.test', 'evil.test')), 400, 'malformed-request')],
  ['twice', row('two credentials', requestOf('GET /things/me', twice('Authorization', 'Bearer a', 'Bearer b')), 400, 'malformed-request')],
  [
    'twice',
    row(
      'two types',
      requestOf('POST /things', twice('Content-Type', 'application/json', 'text/plain'), '{"name":"a"}'),
      400,
      'malformed-request',
    ),
  ],
]

function twice(name: string, first: string, second: string): ReadonlyArray<readonly [string, string]> {
  return [
    [name, first],
    [name.toLowerCase(), second],
  ]
}

/** Everything that is sent and answered once. */
export const exchangeGroups: readonly ExchangeGroup[] = [
  { claim: 'answers requests for its routes, and for none of them, as it would without a host', rows: routes },
  { claim: 'answers with every kind of answer, and with every header of it', rows: answers },
  { claim: 'reads bodies, and refuses them, as they were sent', rows: bodies },
  { claim: 'asks for credentials', rows: credentials },
  { claim: 'refuses targets that servers read in different ways', rows: peculiarOf('target') },
  { claim: 'refuses hosts that are none', rows: peculiarOf('host') },
  { claim: 'refuses headers of which there may be one', rows: peculiarOf('twice') },
  { claim: 'answers methods that no route has', rows: peculiarOf('method') },
]

function peculiarOf(wanted: Trait): readonly ExchangeRow[] {
  return peculiar.flatMap(([trait, one]) => (trait === wanted ? [{ ...one, trait }] : []))
}
