import { expect } from 'chai'
import { hosts, listen } from '../adapters/hosts.js'
import type { Running } from '../adapters/hosts.js'
import { request, wire } from '../adapters/wire.js'
import type { WireAnswer } from '../adapters/wire.js'
import { docs, ids, makeApi, tokens } from './fixture.js'

interface Attack {
  readonly claim: string
  readonly line: string
  readonly as?: string
  readonly body?: string
  readonly headers?: Readonly<Record<string, string>>
  /** What is answered. */
  readonly status: number | readonly number[]
  /** What must stand in the body of a success. */
  readonly shows?: object
}

const attack = (claim: string, line: string, as: string | undefined, status: Attack['status'], more: Partial<Attack> = {}): Attack => ({
  ...{ claim, line, status, ...more },
  ...(as === undefined ? {} : { as }),
})
const write = (claim: string, body: string, status: Attack['status'], more: Partial<Attack> = {}) =>
  attack(claim, 'POST /docs', 'alice', status, { body, ...more })
const view = { id: ids.alice, title: 'of alice', meta: { stars: 5 } }

/** API1:2023, broken object level authorization. */
const objects: readonly Attack[] = [
  attack('my own object', `GET /docs/${ids.alice}`, 'alice', 200, { shows: view }),
  ...['bob', 'eve', 'none'].map((whose) => attack(`the object of ${whose}`, `GET /docs/${ids[whose as 'bob']}`, 'alice', 404)),
  ...['bob', 'eve'].map((whose) =>
    attack(`to change the object of ${whose}`, `PATCH /docs/${ids[whose as 'bob']}`, 'alice', 404, { body: '{"title":"mine"}' }),
  ),
  attack('an id in capitals', `GET /docs/${ids.bob.toUpperCase()}`, 'alice', 404),
  attack('an id in percent', `GET /docs/%32${ids.bob.slice(1)}`, 'alice', 404),
  attack('a space after an id', `GET /docs/${ids.bob}%20`, 'alice', 422),
  attack('two ids', `GET /docs/${ids.alice},${ids.bob}`, 'alice', 422),
  attack('a slash in an id', `GET /docs/${ids.alice}%2f..%2f${ids.bob}`, 'alice', 400),
  attack('an id that climbs', `GET /docs/${ids.alice}/../${ids.bob}`, 'alice', 400),
  attack('an id that ends early', `GET /docs/${ids.bob}%00${ids.alice}`, 'alice', 400),
  attack('an id that is an object', 'GET /docs/[object%20Object]', 'alice', 422),
  attack('an id that all objects have', 'GET /docs/__proto__', 'alice', [400, 422]),
  attack('another id in the query', `GET /docs/${ids.bob}?id=${ids.alice}`, 'alice', 404),
  attack('another id in the body', `PATCH /docs/${ids.bob}`, 'alice', 422, { body: `{"title":"x","id":"${ids.alice}"}` }),
  attack('an id in a header', `GET /docs/${ids.bob}`, 'alice', 404, { headers: { 'X-Original-URL': `/docs/${ids.alice}` } }),
  attack('another user in a header', `GET /docs/${ids.bob}`, 'alice', 404, { headers: { 'X-User-Id': 'bob', 'X-Forwarded-User': 'bob' } }),
  attack('another method in a header', `GET /docs/${ids.bob}`, 'alice', 404, { headers: { 'X-HTTP-Method-Override': 'PATCH' } }),
  attack('another object by HEAD', `HEAD /docs/${ids.bob}`, 'alice', 404),
  attack('an object with the token of a stranger', `GET /docs/${ids.alice}`, 'nobody', 403),
  attack('an object without a token', `GET /docs/${ids.alice}`, undefined, 401),
  attack('a list', 'GET /docs', 'alice', 200, { shows: { data: [view], total: 1 } }),
  attack('a list of another owner', 'GET /docs?owner=bob', 'alice', 422),
  attack('a list sorted by what is hidden', 'GET /docs?sort=passwordHash', 'alice', 422),
  attack('a list sorted twice', 'GET /docs?sort=id&sort=title', 'alice', 400),
  attack('a list with brackets', 'GET /docs?owner[$ne]=alice', 'alice', 422),
  attack('a list whose query let too much through', 'GET /docs/unfiltered', 'alice', 200, { shows: [view] }),
  attack('the lists of a tenant', 'GET /docs/of/acme', 'alice', 200),
  attack('the lists of another tenant', 'GET /docs/of/evil', 'alice', 404),
  attack('the lists of no tenant', 'GET /docs/of/ghosts', 'alice', 404),
  attack('the lists of a tenant in capitals', 'GET /docs/of/ACME', 'alice', 404),
  attack('the lists of a tenant by somebody of none', 'GET /docs/of/acme', 'nobody', 403),
  attack("another tenant's auditor's look", `GET /docs/${ids.eve}`, 'auditor', 404),
]

/** API3:2023, broken object property level authorization. */
const properties: readonly Attack[] = [
  write('what may be written', '{"title":"new"}', 201, { shows: { title: 'new', owner: 'alice' } }),
  ...['owner', 'tenant', 'id', 'margin', 'isAdmin', 'permissions', 'passwordHash', 'constructor_', 'Title', 'title '].map((name) =>
    write(`to write ${name}`, JSON.stringify({ title: 'new', [name]: 'mine' }), 422),
  ),
  write('to write through a nested object', '{"title":"new","tags":[{"name":"a","owner":"bob"}]}', 422),
  write('to write through a list in a list', '{"title":"new","tags":[[{"name":"a"}]]}', 422),
  write('one object where a list stands', '{"title":"new","tags":{"name":"a","0":{"name":"b"},"length":1}}', 422),
  write('an object where a text stands', '{"title":{"$gt":""}}', 422),
  write('a list where a text stands', '{"title":["new"]}', 422),
  write('a number where a text stands', '{"title":1}', 422),
  write('__proto__', '{"title":"new","__proto__":{"owner":"bob"}}', 400),
  write('constructor.prototype', '{"title":"new","constructor":{"prototype":{"owner":"bob"}}}', 400),
  write('a poisoned name deep down', '{"title":"new","tags":[{"name":"a","__proto__":{"x":1}}]}', 400),
  write('a poisoned name in escapes', '{"title":"new","__pr\\u006fto__":{"owner":"bob"}}', 400),
  write('the same name twice', '{"title":"first","title":"second"}', 201, { shows: { title: 'second', owner: 'alice' } }),
  write('a form instead of JSON', 'title=new&owner=bob', 415, { headers: { 'Content-Type': 'application/x-www-form-urlencoded' } }),
  write('a list instead of an object', '[{"title":"new"}]', 422),
  attack('to change what is read only', `PATCH /docs/${ids.alice}`, 'alice', 422, { body: '{"title":"x","owner":"bob"}' }),
  attack('to change a nested value that is read only', `PATCH /docs/${ids.alice}`, 'alice', 422, {
    body: '{"title":"x","meta":{"stars":9}}',
  }),
  attack('the answer to a change', `PATCH /docs/${ids.alice}`, 'alice', 200, { body: '{"title":"x"}', shows: { ...view, title: 'x' } }),
  attack('what only auditors see, as one', `GET /docs/${ids.bob}`, 'auditor', 200, {
    shows: { id: ids.bob, title: 'of bob', meta: { stars: 5 }, margin: 40 },
  }),
  attack('to ask for a hidden property', `GET /docs/${ids.alice}?fields=passwordHash`, 'alice', 200, { shows: view }),
  attack('an answer that does not fit its view', 'GET /docs/leaky', 'alice', 500),
]

/** API5:2023, broken function level authorization. */
const functions: readonly Attack[] = [
  attack('an admin function, as an admin', 'GET /admin/users', 'admin', 200),
  ...['alice', 'auditor', 'nobody', 'lent', 'invented'].map((as) => attack(`an admin function, as ${as}`, 'GET /admin/users', as, 403)),
  attack('an admin function, as nobody', 'GET /admin/users', undefined, 401),
  attack('an admin function by HEAD', 'HEAD /admin/users', 'alice', 403),
  attack('another method of an admin function', 'DELETE /admin/users/alice', 'alice', 403),
  attack('a method that is none', 'PUT /admin/users', 'alice', 405),
  attack('a method in another case', 'get /admin/users', 'admin', [400, 405]),
  attack('a method that is overridden', 'GET /docs', 'alice', 200, {
    headers: { 'X-HTTP-Method-Override': 'DELETE', 'X-Method': 'DELETE' },
  }),
  ...['//admin/users', '/admin//users', '/admin/users/', '/ADMIN/users', '/Admin/Users', '/admin/users;x=1', '/admin/users.json'].map(
    (path) => attack(`an admin function as ${path}`, `GET ${path}`, 'admin', 404),
  ),
  ...['/docs/../admin/users', '/./admin/users', '/docs/%2e%2e/admin/users', '/docs/..%2fadmin/users', '\\admin\\users'].map((path) =>
    attack(`an admin function as ${path}`, `GET ${path}`, 'alice', 400),
  ),
  attack('an admin function in percent', 'GET /%61dmin/users', 'alice', 403),
  attack('an admin function in an absolute target', 'GET http://api.test/admin/users', 'alice', 403),
  attack('an admin function by another host', 'GET http://localhost/admin/users', 'admin', 400),
  attack('an admin function by a rewriting header', 'GET /docs', 'alice', 200, { headers: { 'X-Rewrite-URL': '/admin/users' } }),
  attack('what a subclass overrides', 'GET /reports/users', 'alice', 403),
  attack('what a subclass adds', 'GET /reports/sums', 'alice', 403),
  attack('what a subclass inherits', 'DELETE /reports/users/alice', 'alice', 403),
  attack('what a subclass adds, as an admin', 'GET /reports/sums', 'admin', 200),
  attack('to write with a token that was lent for reading', 'POST /docs', 'lent', 403, { body: '{"title":"new"}' }),
  attack('to read with a token that was lent for reading', 'GET /docs', 'lent', 200),
  attack('roles that nobody has defined', 'GET /docs', 'invented', 403),
]

function bytesOf({ line, as, body = '', headers = {} }: Attack): string {
  const own: Record<string, string> = body === '' ? {} : { 'Content-Type': 'application/json' }
  return request(line, { ...own, ...(as === undefined ? {} : { Authorization: `Bearer ${tokens[as]}` }), ...headers }, body)
}

/** An answer without what is new each time. */
function comparable({ status, headers, body }: WireAnswer): unknown {
  const changing = new Set(['date', 'x-request-id', 'connection', 'keep-alive', 'ratelimit', 'ratelimit-policy'])
  return {
    status,
    headers: headers.map(([name, value]) => [name.toLowerCase(), value]).filter(([name]) => !changing.has(name ?? '')),
    body: body.replaceAll(/[0-9a-f]{32}/g, 'ID'),
  }
}

for (const { name, listener } of hosts) {
  describe(`the OWASP API Security Top 10, behind ${name}`, () => {
    let running: Running

    before(async () => {
      running = await listen(listener(makeApi()))
    })

    after(() => running.close())

    for (const [group, attacks] of Object.entries({ API1: objects, API3: properties, API5: functions })) {
      for (const one of attacks) {
        it(`${group}: ${one.claim}`, async () => {
          const answer = await wire(running.port, bytesOf(one))
          expect(answer.status, answer.body).to.be.oneOf([one.status].flat())
          expect(answer.body).not.to.contain('TOP-SECRET')
          if (answer.status < 300) expect(answer.body).not.to.match(/"(?:passwordHash|internal)"/)
          if (one.shows !== undefined) expect(JSON.parse(answer.body)).to.deep.equal(one.shows)
        })
      }
    }

    it("API1: cannot be asked which of others' objects exist", async () => {
      const answers = await Promise.all(
        [ids.bob, ids.eve, ids.none].map(async (id) =>
          comparable(await wire(running.port, bytesOf(attack('', `GET /docs/${id}`, 'alice', 404)))),
        ),
      )
      expect(answers[1]).to.deep.equal(answers[0])
      expect(answers[2]).to.deep.equal(answers[0])
    })

    it('is the same whatever has been tried before', () => {
      expect(docs.map(({ title }) => title)).to.deep.equal(['of alice', 'of bob', 'of eve'])
    })
  })
}
