import { expect } from 'chai'
import * as fc from 'fast-check'
import { Audit, auditing, auditLogOf, auditMistakes } from '../../lib/audit/audit.js'
import type { AuditOptions } from '../../lib/audit/audit.js'
import { recentRecords } from '../../lib/audit/sinks.js'
import { timestamps } from '../../lib/audit/timestamps.js'
import type { Principal } from '../../lib/context.js'
import { anonymous } from '../../lib/context.js'
import { InvalidToken, NotFound, PermissionDenied, ValidationFailed } from '../../lib/errors.js'
import type { Exchange } from '../../lib/exchange.js'
import { exchangeOf, KeptLog, noon, routeOf } from './fake-exchange.js'
import type { Setup } from './fake-exchange.js'

class OrdersController {
  @Audit('order.create', { resource: 'order', redact: ['gift-note'] })
  create(): void {}

  @Audit('order.quiet', { body: false })
  quiet(): void {}

  @Audit('order.detail', { detail: ({ body }, status) => ({ total: (body as { total: number }).total, status, token: 'x' }) })
  detail(): void {}

  list(): void {}

  @Audit('order.choose', { resource: 'order', id: ({ principal }) => `of ${principal.id}` })
  choose(): void {}

  @Audit('order.choose', {
    id: () => {
      throw new Error('no')
    },
  })
  fail(): void {}

  @Audit('')
  nameless(): void {}

  @Audit('order.wrong', { redact: ['--'] })
  wrong(): void {}
}

@Audit('admin.any')
class AdminController {
  users(): void {}

  @Audit('admin.audit')
  audit(): void {}
}

class Inherited extends AdminController {}

const alice: Principal = { ...anonymous, id: 'alice', kind: 'user', issuer: 'https://auth.example.com/' }

function recorded(route: Setup, exchange: Exchange, status: number, options: AuditOptions = {}): Record<string, unknown> {
  const log = new KeptLog()
  auditing(options, log).compile(route)(exchange, status)
  expect(log.lines).to.have.length(1)
  expect(log.lines[0]).not.to.match(/[\p{Cc}\u2028-\u202e]/u)
  return log.records[0] ?? {}
}

const create = routeOf(OrdersController, 'create')

describe('the record of a request', () => {
  it('makes no logger where it has nothing to tell', () => {
    const exchange = exchangeOf(create)
    exchange.principal = alice
    Object.defineProperty(exchange, 'log', { get: () => expect.fail('a logger was made') })
    expect(recorded(create, exchange, 201)).to.include({ principal_id: 'alice' })
  })

  it('says who did what, when, from where, and what became of it', () => {
    const exchange = exchangeOf(create, { headers: { 'user-agent': 'curl/8' } }, { query: 'notify=1&notify=2&token=t' })
    exchange.principal = alice
    exchange.provide('body', { sku: 'A', password: 'p', giftNote: 'love', items: [{ qty: 1 }] })
    const { duration_ms: duration, ...record } = recorded(create, exchange, 201)
    expect(record).to.deep.equal({
      timestamp: '2024-02-29T12:00:00.007Z',
      kind: 'audit',
      action: 'order.create',
      resource: 'order',
      route: '/api/v1/orders',
      handler: 'OrdersController.create',
      request_id: 'request-1',
      method: 'POST',
      path: '/api/v1/orders',
      status: 201,
      outcome: 'success',
      principal_id: 'alice',
      principal_kind: 'user',
      issuer: 'https://auth.example.com/',
      address: '203.0.113.9',
      query: { notify: ['1', '2'], token: '[redacted]' },
      body: { sku: 'A', password: '[redacted]', giftNote: '[redacted]', items: [{ qty: 1 }] },
      user_agent: 'curl/8',
    })
    expect(duration).to.be.a('number').within(0, 1_000)
  })

  it('is of access, and without body, where no @Audit stands', () => {
    const list = routeOf(OrdersController, 'list')
    const exchange = exchangeOf(list)
    exchange.provide('body', { sku: 'A' })
    const record = recorded(list, exchange, 200)
    expect(record).to.include({ kind: 'access', principal_id: null, principal_kind: 'anonymous' })
    expect(record).not.to.have.any.keys('body', 'action', 'reason', 'event', 'client_gone', 'headers', 'params', 'query', 'issuer')
  })

  it('leaves the body out on demand, and what no rule has let through always', () => {
    const quiet = routeOf(OrdersController, 'quiet')
    const exchange = exchangeOf(quiet)
    exchange.provide('body', { sku: 'A' })
    expect(recorded(quiet, exchange, 200)).not.to.have.property('body')
    const refused = exchangeOf(create)
    refused.rawBody = { evil: true }
    refused.refusal = new ValidationFailed([])
    expect(recorded(create, refused, 422)).to.not.have.property('body')
  })

  it('gives the reason of a refusal and its event with the level of the vocabulary', () => {
    const exchange = exchangeOf(create)
    exchange.event = 'sensitive_read'
    exchange.refusal = new PermissionDenied('No.', { reason: 'lacks orders:write' })
    expect(recorded(create, exchange, 403)).to.include({
      status: 403,
      reason: 'lacks orders:write',
      event: 'authz_fail',
      level: 'CRITICAL',
    })
    exchange.refusal = new InvalidToken('No.', { reason: 'expired', cause: new Error('secret cause') })
    const record = recorded(create, exchange, 401)
    expect(record).to.include({ reason: 'expired', event: 'authn_login_fail', level: 'WARN' })
    expect(JSON.stringify(record)).not.to.include('secret cause')
    exchange.refusal = new NotFound()
    expect(recorded(create, exchange, 404)).to.include({ reason: 'not-found', event: 'sensitive_read' })
  })

  it('says when the client was gone', () => {
    expect(recorded(create, exchangeOf(create, { gone: true }), 201)).to.include({ client_gone: true })
  })

  it('tells the log its kind and event', () => {
    const log = new KeptLog()
    const exchange = exchangeOf(create)
    const record = auditing({}, log).compile(create)
    record(exchange, 201)
    exchange.event = 'authn_login_success'
    record(exchange, 200)
    expect(log.facts).to.deep.equal([
      { kind: 'audit', event: undefined },
      { kind: 'audit', event: 'authn_login_success' },
    ])
  })

  it('takes validated params and query before raw ones', () => {
    const one = routeOf(OrdersController, 'list', '/orders/:id', ['id'])
    const exchange = exchangeOf(one, {}, { path: '/orders/7', query: 'page=%32', params: { id: '7' } })
    expect(recorded(one, exchange, 200)).to.deep.include({ params: { id: '7' }, query: { page: '2' } })
    exchange.provide('params', { id: 7 })
    exchange.provide('query', { page: 2 })
    expect(recorded(one, exchange, 200)).to.deep.include({ params: { id: 7 }, query: { page: 2 } })
  })

  it('keeps secrets out of the path', () => {
    const reset = routeOf(OrdersController, 'list', '/reset/:token', ['token'])
    const secret = exchangeOf(reset, {}, { path: '/reset/opaque-value', params: { token: 'opaque-value' } })
    expect(JSON.stringify(recorded(reset, secret, 200))).not.to.include('opaque-value')
    const jwt = exchangeOf(create, {}, { path: '/x/eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhIn0.c2ln/y' })
    expect(recorded(create, jwt, 404)).to.include({ path: '/x/[redacted]/y' })
    const id = exchangeOf(create, {}, { path: '/orders/44d0a390-0014-1000-9134-a00000000000' })
    expect(recorded(create, id, 200)).to.include({ path: '/orders/44d0a390-0014-1000-9134-a00000000000' })
  })

  it('shows all headers on demand, with those masked that bear secrets', () => {
    const headers = {
      host: 'a',
      authorization: 'Bearer x',
      cookie: 'a=b',
      'x-api-key': 'k',
      'proxy-authorization': 'p',
      'set-cookie': ['c'],
      'x-auth-token': 't',
      referer: 'https://h/?token=t',
    }
    expect(recorded(create, exchangeOf(create, { headers }), 200, { headers: true })['headers']).to.deep.equal({
      host: 'a',
      authorization: '[redacted]',
      cookie: '[redacted]',
      'x-api-key': '[redacted]',
      'proxy-authorization': '[redacted]',
      'set-cookie': '[redacted]',
      'x-auth-token': '[redacted]',
      referer: 'https://h/?token=[redacted]',
    })
  })

  it('holds the detail that was asked for, redacted, and does without one that throws', () => {
    const detail = routeOf(OrdersController, 'detail')
    const exchange = exchangeOf(detail)
    exchange.provide('body', { total: 12 })
    expect(recorded(detail, exchange, 201)['detail']).to.deep.equal({ total: 12, status: 201, token: '[redacted]' })
    const refused = exchangeOf(detail)
    refused.refusal = new PermissionDenied()
    const record = recorded(detail, refused, 403)
    expect(record).to.include({ reason: 'permission-denied' })
    expect(record).not.to.have.property('detail')
  })

  it('says which thing is acted on: by a function, by the path, by the object that was loaded', () => {
    const idOf = (member: string, params: Readonly<Record<string, string>>, resource?: unknown) => {
      const route = routeOf(OrdersController, member, '/orders', Object.keys(params))
      const exchange = exchangeOf(route, {}, { params })
      exchange.principal = alice
      if (resource !== undefined) exchange.provide('resource', resource)
      return recorded(route, exchange, 200)['resource_id']
    }
    expect(idOf('choose', { id: '7' })).to.equal('of alice')
    expect(idOf('create', { shop: '1', id: '7' }, { id: 8 })).to.equal('7')
    expect(idOf('create', {}, { id: 8 })).to.equal('8')
    expect(idOf('create', {}, null)).to.equal(undefined)
    expect(idOf('create', { token: '7' })).to.equal(undefined)
    expect(idOf('fail', { id: '7' })).to.equal(undefined)
    expect(idOf('list', { id: '7' })).to.equal(undefined)
  })

  it('says how the caller was known, by which token, and of which tenant', () => {
    const by = (
      authentication: string | undefined,
      tokenId: string | undefined,
      authorization: string,
      tenantOf: () => string | undefined,
    ) => {
      const log = new KeptLog()
      const exchange = exchangeOf(create, { headers: { authorization } })
      exchange.principal = { ...alice, tokenId }
      exchange.authentication = authentication
      auditing({}, log, { tenantOf }).compile(create)(exchange, 200)
      return log.records[0] ?? {}
    }
    expect(by('bearer', 'jti-1', 'Bearer a.b.c', () => 'acme')).to.include({ authentication: 'bearer', token_id: 'jti-1', tenant: 'acme' })
    expect(by('api-key', 'k1', '', () => undefined))
      .to.include({ authentication: 'api-key', token_id: 'k1' })
      .and.not.have.property('tenant')
    // Opaque, or its own id: named by a digest that nobody can use.
    const opaque = by('bearer', undefined, 'Bearer opaque-token', () => undefined)['token_id']
    expect(opaque).to.match(/^sha256:[\w-]{22}$/)
    expect(by('bearer', 'opaque-token', 'Bearer opaque-token', () => undefined)['token_id']).to.equal(opaque)
    expect(by('session', undefined, '', () => undefined)).not.to.have.property('token_id')
    const failing = by('bearer', 'jti-1', '', () => {
      throw new Error('no')
    })
    expect(failing).to.include({ principal_id: 'alice' }).and.not.have.property('tenant')
  })

  it('leaves successes of access out by their request id, and nothing else', () => {
    const list = routeOf(OrdersController, 'list')
    const log = new KeptLog()
    const record = auditing({ sample: 0.25 }, log).compile(list)
    const exchanges = Array.from({ length: 2_000 }, (_, index) => Object.assign(exchangeOf(list), { requestId: `request-${index}` }))
    for (const exchange of exchanges) record(exchange, 200)
    const kept = log.records.map((one) => one['request_id'])
    expect(kept.length).to.be.within(400, 600)
    expect(log.records[0]).to.include({ sample_rate: 0.25 })
    for (const exchange of exchanges) record(exchange, 200)
    expect(log.records.slice(kept.length).map((one) => one['request_id'])).to.deep.equal(kept)

    const all = new KeptLog()
    const none = auditing({ sample: 0 }, all)
    none.compile(list)(exchangeOf(list), 404)
    none.compile(list)(Object.assign(exchangeOf(list), { event: 'authn_login_success' }), 200)
    none.compile(create)(exchangeOf(create), 200)
    none.compile(list)(exchangeOf(list), 200)
    expect(all.lines).to.have.length(3)
    expect(all.lines.join()).not.to.include('sample_rate')
  })

  it('masks what the classes of the input call sensitive before there is an object of them', () => {
    const log = new KeptLog()
    const one = routeOf(OrdersController, 'list', '/patients/:name', ['name'])
    const sensitiveNames = (_policy: unknown, part: string) => (part === 'params' ? ['name'] : part === 'query' ? ['ward'] : ['x-ward'])
    const exchange = exchangeOf(
      one,
      { headers: { 'x-ward': 'north-wing', ward: 'kept' } },
      { path: '/patients/carol', query: 'ward=north-wing', params: { name: 'carol' } },
    )
    auditing({ headers: true }, log, { sensitiveNames }).compile(one)(exchange, 422)
    expect(log.lines[0]).not.to.match(/carol|north-wing/)
    expect(log.records[0]).to.deep.include({ path: '/patients/:name', params: { name: '[redacted]' }, query: { ward: '[redacted]' } })
  })

  it('stays one honest line, whatever the client sends', () => {
    const attack = fc.oneof(
      fc.constantFrom('\n{"kind":"audit"}', '\u001b[2J', '\u2028', '\r\n', '"}', '\u202Eevil', '\ud800', '\u0000', '%0a'),
      fc.string({ unit: 'binary', maxLength: 40 }),
    )
    fc.assert(
      fc.property(attack, attack, attack, (one, two, three) => {
        const exchange = exchangeOf(
          create,
          { method: one, headers: { 'user-agent': one, [two]: three } },
          { path: two, query: three, params: { [one]: two } },
        )
        exchange.principal = { ...alice, id: one, issuer: two }
        exchange.provide('body', { [one]: two, list: [three] })
        exchange.refusal = new PermissionDenied('', { reason: one, event: three })
        expect(recorded(create, exchange, 403, { headers: true })).to.include({ kind: 'audit', principal_id: one, status: 403 })
      }),
    )
  })

  it('bounds what it makes of an endless query', () => {
    const log = new KeptLog()
    auditing({}, log).compile(create)(exchangeOf(create, {}, { query: `${'a=b&'.repeat(50_000)}card=4111111111111111` }), 404)
    auditing({}, log).compile(create)(exchangeOf(create, {}, { query: 'a'.repeat(200_000) }), 404)
    auditing({}, log).compile(create)(exchangeOf(create, {}, { query: '__proto__=1&__proto__[x]=2&constructor=3' }), 404)
    expect(Math.max(...log.lines.map((line) => line.length))).to.be.lessThan(3_000)
    expect(Object.keys(log.records[2]?.['query'] as object)).to.deep.equal(['__proto__', '__proto__[x]', 'constructor'])
  })

  it('answers for what no route takes', () => {
    const nowhere = { ...routeOf(OrdersController, 'nothing', ''), name: '', method: '' }
    expect(recorded(nowhere, exchangeOf(nowhere, { method: 'TRACE' }, { path: '/wp-login.php' }), 404)).to.include({
      kind: 'access',
      route: '',
      handler: '',
      method: 'TRACE',
      path: '/wp-login.php',
    })
  })
})

describe('@Audit', () => {
  it('is a default on a class, also of one that inherits; the nearest wins', () => {
    const action = (route: Setup) => recorded(route, exchangeOf(route), 200)['action']
    expect(action(routeOf(AdminController, 'users'))).to.equal('admin.any')
    expect(action(routeOf(AdminController, 'audit'))).to.equal('admin.audit')
    expect(action(routeOf(Inherited, 'users'))).to.equal('admin.any')
  })

  it('stands in the inventory', () => {
    auditing({}, new KeptLog()).compile(create)
    expect(create.described.get('audit')).to.equal('order.create')
  })

  it('reports an action that names nothing, and names that name nothing', () => {
    for (const member of ['nameless', 'wrong']) {
      const route = routeOf(OrdersController, member)
      auditing({}, new KeptLog()).compile(route)
      expect(route.mistakes).to.have.length(1)
    }
  })
})

describe('the audit options', () => {
  it('are told what is wrong with them, all at once', () => {
    const options = {
      delay: -1,
      maxBuffered: Number.NaN,
      sinks: [{} as never],
      format: 'xml' as never,
      sample: 2,
      redact: { keys: ['-'], paths: ['a..b', 'a[x]'], patterns: [/a*/, 'x' as never] },
    }
    expect(auditMistakes(options).map(({ place }) => place)).to.deep.equal([
      'audit.delay',
      'audit.maxBuffered',
      'audit.format',
      'audit.sample',
      'audit.redact.paths[0]',
      'audit.redact.paths[1]',
      'audit.sinks[0]',
      'audit.redact.keys[0]',
      'audit.redact.patterns[0]',
      'audit.redact.patterns[1]',
    ])
    expect(auditMistakes({})).to.deep.equal([])
    expect(
      auditMistakes({
        delay: 0,
        sinks: [recentRecords()],
        format: 'ocsf',
        sample: 0,
        redact: { keys: ['e-mail'], paths: ['a.b[0][*].*'], patterns: [/a/g] },
      }),
    ).to.deep.equal([])
  })

  it('make a log with their sinks', async () => {
    const recent = recentRecords()
    const log = auditLogOf({ sinks: [recent] }, { error: () => undefined, warn: () => undefined })
    auditing({}, log).compile(create)(exchangeOf(create), 200)
    await log.close()
    expect(recent.newest()).to.have.nested.property('[0].action', 'order.create')
  })
})

describe('timestamps', () => {
  it('are those of Date, in any order', () => {
    const timestamp = timestamps()
    fc.assert(
      fc.property(
        fc.integer({ min: -62_000_000_000_000, max: 8_640_000_000_000_000 }),
        fc.integer({ min: 0, max: 1_500 }),
        (time, more) => {
          expect(timestamp(time)).to.equal(new Date(time).toISOString())
          const later = Math.min(time + more, 8_640_000_000_000_000)
          expect(timestamp(later + 0.4)).to.equal(new Date(later).toISOString())
        },
      ),
    )
    expect(timestamp(noon)).to.equal('2024-02-29T12:00:00.007Z')
  })
})
