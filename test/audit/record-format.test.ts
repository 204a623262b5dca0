import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { Audit, auditing } from '../../lib/audit/audit.js'
import type { AuditOptions } from '../../lib/audit/audit.js'
import { ownFields } from '../../lib/audit/record-reader.js'
import { recordFields } from '../../lib/audit/record-layout.js'
import { recordLevel } from '../../lib/audit/record-level.js'
import { recordFormat } from '../../lib/audit/record-format.js'
import { securityEvents } from '../../lib/audit/security-events.js'
import type { SecurityEvent } from '../../lib/audit/vocabulary.js'
import { anonymous } from '../../lib/context.js'
import { InvalidToken, PermissionDenied } from '../../lib/errors.js'
import type { ApiError } from '../../lib/errors.js'
import { exchangeOf, KeptLog, noon, routeOf } from './fake-exchange.js'

class OrdersController {
  @Audit('order.update', { resource: 'order', detail: () => ({ a: 1 }) })
  update(): void {}

  list(): void {}

  @Audit('order.delete', { critical: true })
  remove(): void {}
}

const update = routeOf(OrdersController, 'update', '/orders/:id', ['id'])
const remove = routeOf(OrdersController, 'remove', '/orders/:id', ['id'])
const list = routeOf(OrdersController, 'list', '/orders/:id', ['id'])

/** A record in which every field stands. */
function whole(options: AuditOptions, status = 403, refusal: ApiError = new PermissionDenied('No.', { reason: 'lacks orders:write' })) {
  const log = new KeptLog()
  const exchange = exchangeOf(
    update,
    { method: 'PUT', headers: { 'user-agent': 'curl/8', traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01` }, gone: true },
    { path: '/orders/7', query: 'a=1', params: { id: '7' } },
  )
  exchange.principal = { ...anonymous, id: 'alice', kind: 'user', issuer: 'https://auth.test', tokenId: 'jti-1' }
  exchange.authentication = 'bearer'
  exchange.provide('body', { sku: 'A' })
  exchange.snapshot = (value) => new Map([['sku', { value, text: JSON.stringify(value) }]])
  exchange.audit({ before: 'A', after: 'B' })
  exchange.decisions.push('vip')
  if (status >= 400) exchange.refusal = refusal
  auditing({ headers: true, ...options }, log, { tenantOf: () => 'acme' }).compile(update)(exchange, status)
  return { record: log.records[0] ?? {}, line: log.lines[0] ?? '' }
}

/** The record of something critical that is about to be done. */
async function intent(options: AuditOptions): Promise<Record<string, unknown>> {
  const log = new (class extends KeptLog {
    async commit(line: string): Promise<void> {
      this.lines.push(line)
    }
  })()
  const exchange = exchangeOf(remove)
  await auditing(options, log).compile(remove).critical?.intend(exchange)
  return log.records[0] ?? {}
}

function event(name: SecurityEvent, format: AuditOptions['format']) {
  const log = new KeptLog()
  securityEvents(log, { now: () => noon }, {}, format).record(name, {
    principalId: 'bob',
    address: '203.0.113.9',
    reason: 'why',
    detail: { n: 1 },
  })
  return log.records[0] ?? {}
}

const paths = (value: object, before = ''): readonly string[] =>
  Object.entries(value).flatMap(([name, inner]) => [
    `${before}${name}`,
    ...(typeof inner === 'object' && inner !== null ? paths(inner, `${before}${name}/`) : []),
  ])

describe('the format of records', () => {
  it('is our own by default, with every field under its name', async () => {
    const names = new Set([
      ...Object.keys(await intent({})),
      ...Object.keys(whole({}).record),
      ...Object.keys(whole({}, 200).record),
      'sample_rate',
    ])
    expect([...names]).to.have.members([...recordFields])
  })

  it('maps every field of ours, each to a place of its own, as docs/records.md lists them', async () => {
    const page = readFileSync(fileURLToPath(new URL('../../../docs/records.md', import.meta.url)), 'utf8')
    const rows = new Map(
      [...page.matchAll(/^\| `(\w+)` \| `([^`]+)` \| `([^`]+)` \|$/gm)].map(([, own = '', ...others]) => [own, others] as const),
    )
    expect([...rows.keys()]).to.have.members([...recordFields])
    for (const [index, format] of (['ecs', 'ocsf'] as const).entries()) {
      const written = new Set([
        ...paths(await intent({ format })),
        ...paths(whole({ format }).record),
        ...paths(whole({ format }, 200).record),
      ])
      const places = recordFields.map((field) => rows.get(field)?.[index]?.replaceAll('[]', '/0') ?? '')
      expect(new Set(places).size).to.equal(recordFields.length)
      for (const place of places.filter((one) => !one.endsWith('sample_rate'))) {
        expect([...written], format).to.include(format === 'ecs' ? place : place.replaceAll('.', '/'))
      }
    }
  })

  it('ecs: durations in nanoseconds, outcomes of two kinds, nobody left out', () => {
    const { record, line } = whole({ format: 'ecs' })
    expect(record).to.include({
      '@timestamp': '2024-02-29T12:00:00.007Z',
      'event.outcome': 'failure',
      'portcullis.outcome': 'refusal',
      'user.id': 'alice',
    })
    expect(record).to.include({
      'ecs.version': '8.17.0',
      'event.dataset': 'portcullis.audit',
      'log.level': 'CRITICAL',
      'event.code': 'authz_fail',
    })
    expect(Number.isSafeInteger(record['event.duration'])).to.equal(true)
    expect(line.startsWith('{"@timestamp":')).to.equal(true)
    const log = new KeptLog()
    auditing({ format: 'ecs' }, log).compile(list)(exchangeOf(list), 200)
    expect(log.records[0]).not.to.have.property('user.id')
    expect(log.records[0]).to.include({ 'event.outcome': 'success', 'portcullis.principal.kind': 'anonymous' })
  })

  it('ocsf: API Activity for requests, with what the class requires', () => {
    const { record } = whole({ format: 'ocsf' })
    expect(record).to.include({
      class_uid: 6003,
      category_uid: 6,
      activity_id: 3,
      type_uid: 600303,
      severity_id: 5,
      status_id: 2,
      time: noon,
    })
    expect(record).to.deep.include({
      resources: [{ type: 'order', uid: '7' }],
      src_endpoint: { ip: '203.0.113.9' },
      status_code: 'permission-denied',
    })
    expect(record).to.have.nested.property('actor.user.type_id', 1)
    expect(record).to.have.nested.property('api.operation', 'order.update')
    expect(record).to.have.nested.property('metadata.tenant_uid', 'acme')
    const log = new KeptLog()
    auditing({ format: 'ocsf' }, log).compile(list)(exchangeOf(list, { method: 'DELETE' }), 200)
    expect(log.records[0]).to.include({ activity_id: 4, status_id: 1, severity_id: 1 })
    expect(log.records[0]).to.have.nested.property('api.operation', 'OrdersController.list')
    expect(log.records[0]).to.have.nested.property('actor.user.name', 'anonymous')
  })

  it('ocsf: Authentication for logins and tokens, Application Lifecycle for starting and stopping', () => {
    const refused = whole({ format: 'ocsf' }, 401, new InvalidToken()).record
    expect(refused).to.include({ class_uid: 3002, type_uid: 300201, category_uid: 3, status_id: 2 })
    expect(refused).to.have.nested.property('user.uid', 'alice')
    expect(event('session_logout', 'ocsf')).to.include({ class_uid: 3002, activity_id: 2 })
    expect(event('sys_startup', 'ocsf')).to.include({ class_uid: 6002, activity_id: 3, severity_id: 3 })
    expect(event('sys_shutdown', 'ocsf')).to.deep.include({ activity_id: 4, app: { name: 'portcullis' } })
    expect(event('authz_change', 'ocsf')).to.include({ class_uid: 6003, activity_id: 99 })
  })

  it('gives loggers the same level in all formats', () => {
    for (const format of ['portcullis', 'ecs', 'ocsf'] as const) {
      expect(recordLevel(whole({ format }, 200).record)).to.equal('info')
      expect(recordLevel(whole({ format }).record)).to.equal('warn')
      expect(recordLevel(whole({ format }, 503).record)).to.equal('error')
      expect(recordLevel(event('session_created', format))).to.equal('info')
      expect(recordLevel(event('sys_startup', format))).to.equal('warn')
      expect(recordLevel(event('authz_fail', format))).to.equal('error')
    }
  })

  it('is read back by our own names', async () => {
    const own = (record: object) => ({ ...ownFields(record as Record<string, unknown>), duration_ms: 0 })
    const accessOf = (options: AuditOptions) => {
      const log = new KeptLog()
      auditing(options, log).compile(list)(exchangeOf(list), 404)
      return log.records[0] ?? {}
    }
    for (const format of ['ecs', 'ocsf'] as const) {
      for (const read of [
        (options: AuditOptions) => whole(options).record,
        (options: AuditOptions) => whole(options, 200).record,
        (options: AuditOptions) => whole(options, 401, new InvalidToken()).record,
        (options: AuditOptions) => event('session_logout', options.format),
        (options: AuditOptions) => event('sys_crash', options.format),
        (options: AuditOptions) => event('authz_fail', options.format),
        (options: AuditOptions) => ({ principal_id: null, ...accessOf(options) }),
      ]) {
        expect({ principal_id: null, ...own(read({ format })) }).to.deep.equal({ principal_id: null, ...own(read({})) })
      }
    }
  })

  it('lays records out at start-up: one object for our own and for ecs', () => {
    expect(recordFormat('portcullis').layouts.map(({ empty }) => empty.length)).to.deep.equal([1])
    expect(recordFormat('ecs').layouts.map(({ empty }) => empty.length)).to.deep.equal([1])
    expect(recordFormat('ocsf').layouts).to.have.length(3)
  })
})
