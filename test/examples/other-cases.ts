import { expect } from 'chai'
import type { Case, Json } from './case.js'

const idsIn = (json: Json) => (json['data'] as ReadonlyArray<{ id: string }>).map(({ id }) => id)

/** What a search by someone finds. */
function search(claim: string, as: string, q: string, found: readonly string[]): Case {
  return {
    claim: `to search for ${claim}`,
    request: `GET /api/v1/search?q=${encodeURIComponent(q)}`,
    as,
    status: 200,
    check: (json, _, world) => expect(idsIn(json)).to.have.same.members(found.map((name) => world.ids.get(name))),
  }
}

export const searchCases: readonly Case[] = [
  search('a part of a note', 'alice', 'drop table', ['first']),
  search('what stands in an order of bob', 'alice', '100%', []),
  search('a percent sign, as text', 'bob', '0% of', ['bobs']),
  search('an underscore, as text', 'bob', 'b_s', ['bobs']),
  search('a percent sign alone, as text', 'bob', '%', ['bobs']),
  search('the escape, as text', 'bob', '!', []),
  search('a product', 'bob', 'gate0001', ['bobs']),
  search('any letter but %', 'bob', 'o%b', []),
  search('SQL', 'alice', "' OR 1=1 --", []),
  search('more SQL', 'alice', "x%' UNION SELECT id FROM orders --", []),
  {
    claim: 'to search among all orders, for carol',
    request: 'GET /api/v1/search?q=bob_s',
    as: 'carol',
    status: 200,
    check(json, answer, world) {
      expect(idsIn(json)).to.deep.equal([world.ids.get('bobs')])
      expect(answer.body).to.include('"margin":')
    },
  },
  search('100 characters', 'alice', 'x'.repeat(100), []),
  { claim: 'to search for nothing', request: 'GET /api/v1/search?q=', as: 'alice', status: 422, errors: ['/q'] },
  { claim: 'to search without a text', request: 'GET /api/v1/search', as: 'alice', status: 422, errors: ['/q'] },
  { claim: 'to search for 101 characters', request: `GET /api/v1/search?q=${'x'.repeat(101)}`, as: 'alice', status: 422, errors: ['/q'] },
  { claim: 'to search for NUL', request: 'GET /api/v1/search?q=%00', as: 'alice', status: 422, errors: ['/q'] },
  { claim: 'to search twice at once', request: 'GET /api/v1/search?q=a&q=b', as: 'alice', status: 400, code: 'malformed-request' },
  { claim: 'to search, for nobody', request: 'GET /api/v1/search?q=a', status: 401, code: 'unauthenticated' },
]

export const auditCases: readonly Case[] = [
  {
    claim: 'the newest records, for carol',
    request: 'GET /api/v1/admin/audit?limit=1000',
    as: 'carol',
    status: 200,
    varies: true,
    check(json, answer) {
      const records = json['data'] as readonly Json[]
      const times = records.map(({ timestamp }) => String(timestamp))
      expect(times).to.deep.equal(times.toSorted().toReversed())
      expect(records.find(({ action }) => action === 'order.create')).to.include({ kind: 'audit', method: 'POST', route: '/api/v1/orders' })
      expect(records.filter(({ event }) => event === 'authn_login_fail')).to.have.length.at.least(1)
      expect(answer.body).not.to.match(/demo-password|eyJ[\w-]+\.[\w-]+\.[\w-]{8}/)
    },
  },
  {
    claim: 'one record',
    request: 'GET /api/v1/admin/audit?limit=1',
    as: 'carol',
    status: 200,
    varies: true,
    check: (json) => expect(json['data']).to.have.length(1),
  },
  { claim: 'no records', request: 'GET /api/v1/admin/audit?limit=0', as: 'carol', status: 422, errors: ['/limit'] },
  { claim: '1001 records', request: 'GET /api/v1/admin/audit?limit=1001', as: 'carol', status: 422, errors: ['/limit'] },
  { claim: 'records, for alice', request: 'GET /api/v1/admin/audit', as: 'alice', status: 403, code: 'permission-denied' },
  { claim: 'records, for nobody', request: 'GET /api/v1/admin/audit', status: 401, code: 'unauthenticated' },
]

/** A path with other methods, and the methods that it answers to. */
function other(line: string, allowed: string): Case {
  return {
    claim: line,
    request: line,
    status: 405,
    code: 'method-not-allowed',
    check: (_, answer) => expect(answer.header('allow')?.split(', ').toSorted().join(', ')).to.equal(allowed),
  }
}

export const pathCases: readonly Case[] = [
  ...['/', '/nothing', '/Health', '/health/', '//health', '/api/v1', '/api/v1/ORDERS', '/api/v1/orders/', '/api/v2/orders'].map(
    (path): Case => ({ claim: path, request: `GET ${path}`, status: 404, code: 'not-found' }),
  ),
  ...['/api/v1/orders/../admin/users', '/api/v1/%2e%2e/health', '/api/v1/orders/a%2fb', '/api/v1/orders/%zz'].map((path): Case => ({
    claim: path,
    request: `GET ${path}`,
    as: 'alice',
    status: 400,
    code: 'malformed-request',
  })),
  other('POST /health', 'GET, HEAD'),
  other('GET /api/v1/login', 'POST'),
  other('PUT /api/v1/orders', 'GET, HEAD, POST'),
  other('POST /api/v1/orders/11111111-1111-4111-8111-111111111111', 'DELETE, GET, HEAD, PATCH'),
  { claim: 'HEAD of health', request: 'HEAD /health', status: 200, check: (_, answer) => expect(answer.body).to.equal('') },
]
