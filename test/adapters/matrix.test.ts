import { expect } from 'chai'
import { fixture, issue, longText } from './fixture.js'
import { hosts, listen } from './hosts.js'
import type { Running } from './hosts.js'
import { request, wire } from './wire.js'
import type { WireAnswer } from './wire.js'

const json = { 'Content-Type': 'application/json' }
const { token } = issue.issue({ sub: 'u1' })
const { token: deleter } = issue.issue({ sub: 'u2', permissions: ['things:delete'] })

/** What is sent, and what every host must answer: the status, and the code of the problem. */
const cases: ReadonlyArray<readonly [claim: string, bytes: string, status: number, code?: string]> = [
  ['a route', request('GET /things'), 200],
  ['its query', request('GET /things?page=3'), 200],
  ['a query that is no number', request('GET /things?page=3x'), 422, 'validation-failed'],
  ['a query twice', request('GET /things?page=3&page=4'), 400, 'malformed-request'],
  ['an unknown query', request('GET /things?pages=3'), 422, 'validation-failed'],
  ['a path parameter', request('GET /things/a%20b'), 200],
  ['a double encoding, as data', request('GET /things/%2561'), 200],
  ['an encoded letter', request('GET /%74hings'), 200],
  ['HEAD of a GET route', request('HEAD /things'), 200],
  ['a string as it is', request('GET /things/text'), 203],
  ['a stream', request('GET /things/stream'), 200],
  ['a long answer', request('GET /things/long'), 200],
  ['a body', request('POST /things', json, '{"name":"a"}'), 201],
  ['a body in chunks', request('POST /things', { ...json, 'Transfer-Encoding': 'chunked' }, 'c\r\n{"name":"a"}\r\n0\r\n\r\n'), 201],
  ['a body with a property too many', request('POST /things', json, '{"name":"a","owner":"me"}'), 422, 'validation-failed'],
  ['a poisoned body', request('POST /things', json, '{"name":"a","__proto__":{"x":1}}'), 400, 'malformed-request'],
  ['a broken body', request('POST /things', json, '{"name":'), 400, 'malformed-request'],
  ['a body of another type', request('POST /things', { 'Content-Type': 'text/plain' }, '{"name":"a"}'), 415, 'unsupported-media-type'],
  ['no body', request('POST /things', json), 422, 'validation-failed'],
  ['a body over the limit', request('POST /things', json, JSON.stringify({ name: 'a'.repeat(300) })), 413, 'payload-too-large'],
  ['a path that is none', request('GET /nothing'), 404, 'not-found'],
  ['a path in capitals', request('GET /THINGS'), 404, 'not-found'],
  ['a slash too many at the end', request('GET /things/'), 404, 'not-found'],
  ['a slash too many at the start', request('GET //things'), 404, 'not-found'],
  ['a method that is none', request('PUT /things'), 405, 'method-not-allowed'],
  ['TRACE', request('TRACE /things'), 405, 'method-not-allowed'],
  ['OPTIONS', request('OPTIONS /things'), 405, 'method-not-allowed'],
  ['an encoded slash', request('GET /things/a%2fb'), 400, 'malformed-request'],
  ['an encoded backslash', request('GET /things/a%5cb'), 400, 'malformed-request'],
  ['a NUL', request('GET /things/a%00'), 400, 'malformed-request'],
  ['dot segments', request('GET /x/../things'), 400, 'malformed-request'],
  ['encoded dot segments', request('GET /x/%2e%2e/things'), 400, 'malformed-request'],
  ['half a percent sign', request('GET /things/%zz'), 400, 'malformed-request'],
  ['a percent sequence that is no UTF-8', request('GET /things/%ff'), 400, 'malformed-request'],
  ['an absolute target for this host', request('GET http://api.test/things'), 200],
  ['an absolute target for another host', request('GET http://evil.test/things'), 400, 'malformed-request'],
  ['two Host headers', 'GET /things HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n', 400, 'malformed-request'],
  [
    'two Authorization headers',
    request('GET /things/me', { Authorization: 'Bearer a', authorization: 'Bearer b' }),
    400,
    'malformed-request',
  ],
  ['no token', request('GET /things/me'), 401, 'unauthenticated'],
  ['a bad token', request('GET /things/me', { Authorization: 'Bearer a.b.c' }), 401, 'invalid-token'],
  ['a token in the query', request(`GET /things/me?access_token=${token}`), 401, 'unauthenticated'],
  ['a good token', request('GET /things/me', { Authorization: `Bearer ${token}` }), 200],
  ['a caller without the permission', request('DELETE /things/1', { Authorization: `Bearer ${token}` }), 403, 'permission-denied'],
  ['a caller with the permission', request('DELETE /things/1', { Authorization: `Bearer ${deleter}` }), 204],
  ['a handler that throws', request('GET /things/broken'), 500, 'internal-error'],
]

describe('every host gives the same answer', () => {
  const running: Array<{ name: string; host: Running; records: () => unknown[]; close: () => Promise<void> }> = []

  before(async () => {
    for (const { name, listener } of hosts) {
      const { api, records } = fixture()
      const host = await listen(listener(api))
      running.push({
        name,
        host,
        records: () => [...records.newest(1)],
        close: async () => {
          await host.close()
          await api.close()
        },
      })
    }
  })

  after(async () => {
    for (const { close } of running) await close()
  })

  for (const [claim, bytes, status, code] of cases) {
    it(`to ${claim}: ${status}${code === undefined ? '' : ` ${code}`}`, async () => {
      const answers: Array<readonly [string, WireAnswer]> = []
      for (const { name, host } of running) answers.push([name, await wire(host.port, bytes)])
      const [first] = answers
      for (const [name, answer] of answers) {
        expect(answer.status, `${name}: ${answer.body}`).to.equal(status)
        expect(answer.header('x-request-id'), name).to.match(/^[\w-]{8,}$/)
        expect(answer.header('x-content-type-options'), name).to.equal('nosniff')
        expect(answer.header('x-powered-by'), name).to.equal(undefined)
        if (code !== undefined) {
          expect(answer.header('content-type'), name).to.equal('application/problem+json')
          const problem = JSON.parse(answer.body) as Record<string, unknown>
          expect(problem, name).to.include({ status, code, instance: answer.header('x-request-id') })
        }
        expect(comparable(answer), `${name} differs from ${first![0]}`).to.deep.equal(comparable(first![1]))
      }
    })
  }

  it('says nothing of what went wrong inside', async () => {
    for (const { host } of running) {
      const { body } = await wire(host.port, request('GET /things/broken'))
      expect(body).not.to.match(/hunter2|password|Error|at /)
    }
  })

  it('with the whole text, and with 200 requests at once on few connections', async () => {
    for (const { host, name } of running) {
      const long = (await (await fetch(`${host.url}/things/long`)).json()) as { text: string }
      expect(long.text, name).to.equal(longText)
      const statuses = await Promise.all(Array.from({ length: 200 }, async () => (await fetch(`${host.url}/things`)).status))
      expect(new Set(statuses), name).to.deep.equal(new Set([200]))
    }
  }).timeout(20_000)
})

/** What two hosts must agree on: all but the time and the request id. */
function comparable({ status, headers, body }: WireAnswer): unknown {
  const id = headers.find(([name]) => name === 'X-Request-Id')?.[1] ?? 'none'
  const kept = headers
    .filter(([name]) => !/^(?:date|keep-alive|connection)$/i.test(name))
    .map(([name, value]) => `${name.toLowerCase()}: ${value.replaceAll(id, 'ID')}`)
  return { status, headers: kept.toSorted(), body: body.replaceAll(id, 'ID') }
}
