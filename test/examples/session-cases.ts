import { expect } from 'chai'
import type { Case } from './case.js'
import { tokensOf } from './world.js'

const login = 'POST /api/v1/login'
const challenge = /^Bearer realm="[^"]+"/

export const sessionCases: readonly Case[] = [
  { claim: 'health', request: 'GET /health', status: 200, check: (json) => expect(json).to.deep.equal({ status: 'ok' }) },
  { claim: 'health, with a token that is none', request: 'GET /health', as: 'nobody', status: 200 },
  {
    claim: 'a right name and password',
    request: login,
    body: { username: 'alice', password: 'alice-demo-password' },
    status: 200,
    check(json, answer) {
      expect(Object.keys(json)).to.deep.equal(['access_token', 'token_type', 'expires_in'])
      expect(json).to.include({ token_type: 'Bearer', expires_in: 3600 })
      expect(answer.header('cache-control')).to.equal('no-store')
    },
  },
  {
    claim: 'a wrong password',
    request: login,
    body: { username: 'alice', password: 'alice-demo-passwort' },
    status: 401,
    code: 'unauthenticated',
    check: (_, answer) => expect(answer.header('www-authenticate')).to.match(challenge),
  },
  {
    claim: 'a name that nobody has',
    request: login,
    body: { username: 'mallory', password: 'alice-demo-password' },
    status: 401,
    code: 'unauthenticated',
    check: (_, answer) => expect(answer.header('www-authenticate')).to.match(challenge),
  },
  { claim: "another's password", request: login, body: { username: 'bob', password: 'alice-demo-password' }, status: 401 },
  { claim: 'a name in capitals', request: login, body: { username: 'ALICE', password: 'alice-demo-password' }, status: 401 },
  { claim: 'SQL for a name', request: login, body: { username: "alice' OR 1=1 --", password: 'x' }, status: 401 },
  { claim: 'a name that objects have', request: login, body: { username: 'constructor', password: 'x' }, status: 401 },
  { claim: 'no password', request: login, body: { username: 'alice' }, status: 422, errors: ['/password'] },
  { claim: 'no body', request: login, status: 422, errors: [''] },
  { claim: 'a list', request: login, body: [], status: 422, errors: [''] },
  { claim: 'a password in a list', request: login, body: { username: 'alice', password: ['x'] }, status: 422, errors: ['/password'] },
  { claim: 'an operator for a name', request: login, body: { username: { $ne: '' }, password: 'x' }, status: 422, errors: ['/username'] },
  { claim: 'NUL in a name', request: login, body: { username: 'alice\u0000', password: 'x' }, status: 422, errors: ['/username'] },
  { claim: 'a member too many', request: login, body: { username: 'a', password: 'x', role: 'admin' }, status: 422, errors: ['/role'] },
  { claim: 'half a JSON text', request: login, bytes: '{"username":', status: 400, code: 'malformed-request' },
  {
    claim: 'a form',
    request: login,
    bytes: 'username=alice',
    headers: { 'Content-Type': 'text/plain' },
    status: 415,
    code: 'unsupported-media-type',
  },

  {
    claim: 'who is alice',
    request: 'GET /api/v1/me',
    as: 'alice',
    status: 200,
    check(json) {
      const permissions = ['orders:delete', 'orders:read', 'orders:write']
      expect(json).to.deep.equal({ id: 'alice', kind: 'user', roles: ['customer'], permissions })
    },
  },
  {
    claim: 'who is carol',
    request: 'GET /api/v1/me',
    as: 'carol',
    status: 200,
    check(json) {
      const permissions = [
        'admin:read',
        'audit:read',
        'orders:delete',
        'orders:read',
        'orders:read-margin',
        'orders:write',
        'portcullis:read',
      ]
      expect(json).to.deep.equal({ id: 'carol', kind: 'user', roles: ['admin'], permissions })
    },
  },
  {
    claim: 'who is dave',
    request: 'GET /api/v1/me',
    as: 'dave',
    status: 200,
    includes: { roles: ['viewer'], permissions: ['orders:read'] },
  },
  {
    claim: 'who is the warehouse',
    request: 'GET /api/v1/me',
    as: 'warehouse',
    status: 200,
    check(json) {
      expect(json).to.deep.equal({ id: 'warehouse', kind: 'client', roles: [], permissions: ['orders:fulfil', 'orders:read'] })
    },
  },
  {
    claim: 'who is nobody',
    request: 'GET /api/v1/me',
    status: 401,
    code: 'unauthenticated',
    check: (_, answer) => expect(answer.header('www-authenticate')).to.match(challenge).and.not.include('error='),
  },
  {
    claim: 'a token of nobody',
    request: 'GET /api/v1/me',
    headers: { Authorization: 'Bearer a.b.c' },
    status: 401,
    code: 'invalid-token',
    check: (_, answer) => expect(answer.header('www-authenticate')).to.include('error="invalid_token"'),
  },
  { claim: 'a token in the query', request: 'GET /api/v1/me?access_token=a.b.c', status: 401, code: 'unauthenticated' },
  {
    claim: 'a role that nobody defined grants nothing',
    request: 'GET /api/v1/admin/users',
    headers: { Authorization: `Bearer ${tokensOf.issue({ sub: 'eve', roles: ['root', 'constructor'] }).token}` },
    status: 403,
  },

  { claim: 'to log nobody out', request: 'POST /api/v1/logout', status: 401, code: 'unauthenticated' },
  {
    claim: 'a second login of bob',
    request: login,
    body: { username: 'bob', password: 'bob-demo-password' },
    status: 200,
    check: (json, _, world) => void world.tokens.set('bob-again', String(json['access_token'])),
  },
  { claim: 'the second token of bob', request: 'GET /api/v1/me', as: 'bob-again', status: 200 },
  {
    claim: 'to log bob out',
    request: 'POST /api/v1/logout',
    as: 'bob-again',
    status: 204,
    check: (_, answer) => expect(answer.body).to.equal(''),
  },
  { claim: 'the token that logged out', request: 'GET /api/v1/me', as: 'bob-again', status: 401, code: 'invalid-token' },
  { claim: 'the token that logged out, to log out again', request: 'POST /api/v1/logout', as: 'bob-again', status: 401 },
  { claim: 'the first token of bob, still', request: 'GET /api/v1/me', as: 'bob', status: 200 },

  {
    claim: 'all users, for carol',
    request: 'GET /api/v1/admin/users',
    as: 'carol',
    status: 200,
    check(json, answer) {
      const ids = (json['data'] as ReadonlyArray<{ id: string }>).map(({ id }) => id)
      expect(ids).to.deep.equal(['alice', 'bob', 'carol', 'dave'])
      expect(answer.body).not.to.match(/password|hash|salt|secret/i)
    },
  },
  { claim: 'all users, for alice', request: 'GET /api/v1/admin/users', as: 'alice', status: 403, code: 'permission-denied' },
  { claim: 'all users, for nobody', request: 'GET /api/v1/admin/users', status: 401, code: 'unauthenticated' },
]
