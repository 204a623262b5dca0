import { expect } from 'chai'
import { aGoodOrder } from './case.js'
import type { Case } from './case.js'

const create = { request: 'POST /api/v1/orders', as: 'alice' } as const
const keyed = { ...create, as: 'bob', headers: { 'Idempotency-Key': '"8e03978e"' } } as const
const nowhere = '11111111-1111-4111-8111-111111111111'
const members = ['id', 'owner_id', 'product_id', 'quantity', 'note', 'address', 'items', 'status', 'total', 'created_at']
const { items: _items, note: _note, ...theLeast } = aGoodOrder

/** An order with something changed, and where it must be found wrong. */
const broken: ReadonlyArray<readonly [claim: string, change: object, error: string]> = [
  ['no product', { product_id: undefined }, '/product_id'],
  ['a product in small letters', { product_id: 'gate0001' }, '/product_id'],
  ['a product with a line break', { product_id: 'GATE0001\n' }, '/product_id'],
  ['a product in a list', { product_id: ['GATE0001'] }, '/product_id'],
  ['a quantity of 0', { quantity: 0 }, '/quantity'],
  ['a quantity of 1001', { quantity: 1001 }, '/quantity'],
  ['half a piece', { quantity: 1.5 }, '/quantity'],
  ['a quantity as text', { quantity: '3' }, '/quantity'],
  ['a quantity of null', { quantity: null }, '/quantity'],
  ['a note of 501 characters', { note: 'x'.repeat(501) }, '/note'],
  ['a note of null', { note: null }, '/note'],
  ['a note with NUL', { note: 'a\u0000b' }, '/note'],
  ['a note with half a character', { note: 'a\ud800b' }, '/note'],
  ['no address', { address: undefined }, '/address'],
  ['an address as text', { address: 'Lisbon' }, '/address'],
  ['a ZIP code of letters', { address: { ...aGoodOrder.address, zip: '1234a' } }, '/address/zip'],
  ['a street of 101 characters', { address: { ...aGoodOrder.address, street: 'x'.repeat(101) } }, '/address/street'],
  ['a member too many in the address', { address: { ...aGoodOrder.address, country: 'PT' } }, '/address/country'],
  ['11 items', { items: Array.from({ length: 11 }, () => ({ sku: 'A', qty: 1 })) }, '/items'],
  ['items that are no list', { items: { sku: 'A', qty: 1 } }, '/items'],
  ['an item without a quantity', { items: [{ sku: 'A', qty: 1 }, { sku: 'A' }] }, '/items/1/qty'],
  ['a member too many in an item', { items: [{ sku: 'A', qty: 1, price: 0 }] }, '/items/0/price'],
  ['an owner', { owner_id: 'bob' }, '/owner_id'],
  ['a total', { total: 1 }, '/total'],
  ['a status', { status: 'fulfilled' }, '/status'],
  ['a margin', { margin: 0 }, '/margin'],
  ['an id', { id: nowhere }, '/id'],
]

export const creationCases: readonly Case[] = [
  {
    claim: 'an order',
    ...create,
    body: aGoodOrder,
    status: 201,
    saves: 'first',
    check(json, answer) {
      expect(Object.keys(json)).to.deep.equal(members)
      expect(json).to.deep.include({ ...aGoodOrder, owner_id: 'alice', status: 'open', total: 3 * 1_995 + 2 * 250 })
      expect(new Date(json['created_at'] as string).toISOString()).to.equal(json['created_at'])
      expect(answer.header('location')).to.equal(`/api/v1/orders/${String(json['id'])}`)
    },
  },
  { claim: 'the least of an order', ...create, body: theLeast, status: 201, saves: 'second', includes: { note: null, items: [] } },
  { claim: 'an order of bob', ...keyed, body: { ...aGoodOrder, note: '100% of bob_s' }, status: 201, saves: 'bobs' },
  {
    claim: 'the order of bob again, under the key that it was made with',
    ...keyed,
    body: { ...aGoodOrder, note: '100% of bob_s' },
    status: 201,
    check(json, answer, { ids }) {
      expect(json['id']).to.equal(ids.get('bobs'))
      expect(answer.header('idempotency-replayed')).to.equal('true')
    },
  },
  { claim: 'another order under a key of bob', ...keyed, body: theLeast, status: 422, code: 'idempotency-key-reused' },
  {
    claim: 'an order of carol, whose margin she sees',
    ...create,
    as: 'carol',
    body: aGoodOrder,
    status: 201,
    saves: 'carols',
    check: (json) => expect(Object.keys(json)).to.deep.equal([...members, 'margin']),
  },
  { claim: 'a note of 500 characters', ...create, body: { ...aGoodOrder, note: '€'.repeat(500) }, status: 201, saves: 'long' },
  { claim: 'a note of nothing', ...create, body: { ...aGoodOrder, note: '' }, status: 201, saves: 'silent', includes: { note: '' } },
  {
    claim: '10 items',
    ...create,
    body: { ...aGoodOrder, items: Array.from({ length: 10 }, () => ({ sku: 'A', qty: 1000 })) },
    status: 201,
  },
  { claim: 'an order of a viewer', ...create, as: 'dave', body: aGoodOrder, status: 403, code: 'permission-denied' },
  { claim: 'an order of the warehouse', ...create, as: 'warehouse', body: aGoodOrder, status: 403, code: 'permission-denied' },
  { claim: 'an order of nobody', request: create.request, body: aGoodOrder, status: 401, code: 'unauthenticated' },
  { claim: 'an order of a viewer that is none: the permission counts first', ...create, as: 'dave', body: {}, status: 403 },
  ...broken.map(([claim, change, error]): Case => ({ claim, ...create, body: { ...aGoodOrder, ...change }, status: 422, errors: [error] })),
  { claim: 'a poisoned body', ...create, bytes: '{"__proto__":{"status":"fulfilled"}}', status: 400, code: 'malformed-request' },
  { claim: 'no JSON', ...create, bytes: 'quantity: 3', status: 400, code: 'malformed-request' },
  { claim: 'another type', ...create, bytes: '{}', headers: { 'Content-Type': 'text/xml' }, status: 415, code: 'unsupported-media-type' },
  { claim: 'too much', ...create, body: { ...aGoodOrder, note: 'x'.repeat(100_000) }, status: 413, code: 'payload-too-large' },
]

const list = { request: 'GET /api/v1/orders', as: 'alice' } as const
const ownersOf = (json: Readonly<Record<string, unknown>>) =>
  (json['data'] as ReadonlyArray<{ owner_id: string }>).map((one) => one.owner_id)

export const listCases: readonly Case[] = [
  {
    claim: "alice's orders, and nobody else's",
    ...list,
    status: 200,
    includes: { page: 1, limit: 20, total: 5 },
    check(json, answer) {
      expect(Object.keys(json)).to.deep.equal(['data', 'page', 'limit', 'total'])
      expect(ownersOf(json)).to.deep.equal(Array.from({ length: 5 }, () => 'alice'))
      expect(answer.body).not.to.include('margin')
    },
  },
  {
    claim: "carol's orders, with their margin",
    ...list,
    as: 'carol',
    status: 200,
    includes: { total: 1 },
    check: (json, answer) => expect([ownersOf(json), answer.body.includes('"margin":')]).to.deep.equal([['carol'], true]),
  },
  { claim: 'the orders of one who has none', ...list, as: 'dave', status: 200, includes: { data: [], total: 0 } },
  {
    claim: 'a page',
    ...list,
    request: 'GET /api/v1/orders?page=3&limit=2&status=open',
    status: 200,
    includes: { page: 3, limit: 2, total: 5 },
    check: (json) => expect(ownersOf(json)).to.deep.equal(['alice']),
  },
  {
    claim: 'a page after the last',
    ...list,
    request: 'GET /api/v1/orders?page=1000&limit=100',
    status: 200,
    includes: { data: [], total: 5 },
  },
  {
    claim: 'a status that no order has',
    ...list,
    request: 'GET /api/v1/orders?status=cancelled',
    status: 200,
    includes: { data: [], total: 0 },
  },
  ...['page=0', 'page=1001', 'page=1x', 'page=1.5', 'page=', 'limit=0', 'limit=101', 'limit=1e1', 'status=lost', 'sort=id'].map(
    (query): Case => ({
      claim: `the query ${query}`,
      ...list,
      request: `GET /api/v1/orders?${query}`,
      status: 422,
      errors: [`/${query.slice(0, query.indexOf('='))}`],
    }),
  ),
  { claim: 'a query twice', ...list, request: 'GET /api/v1/orders?page=1&page=2', status: 400, code: 'malformed-request' },
  { claim: 'the orders of nobody', request: list.request, status: 401, code: 'unauthenticated' },
]
