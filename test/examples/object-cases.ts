import { expect } from 'chai'
import type { Case } from './case.js'

const nowhere = '11111111-1111-4111-8111-111111111111'
const notFound = { status: 404, code: 'not-found' } as const

export const objectCases: readonly Case[] = [
  { claim: "alice's order, for her", request: 'GET /api/v1/orders/{first}', as: 'alice', status: 200, includes: { owner_id: 'alice', quantity: 3 } },
  { claim: "bob's order, for alice", request: 'GET /api/v1/orders/{bobs}', as: 'alice', ...notFound },
  { claim: 'no order, for alice', request: `GET /api/v1/orders/${nowhere}`, as: 'alice', ...notFound },
  { claim: "alice's order, for a viewer", request: 'GET /api/v1/orders/{first}', as: 'dave', ...notFound },
  { claim: "alice's order, for the warehouse", request: 'GET /api/v1/orders/{first}', as: 'warehouse', ...notFound },
  {
    claim: "alice's order, for carol",
    request: 'GET /api/v1/orders/{first}',
    as: 'carol',
    status: 200,
    includes: { owner_id: 'alice', margin: Math.round((3 * 1_995 + 2 * 250) * 0.3) },
  },
  { claim: 'no order, for carol', request: `GET /api/v1/orders/${nowhere}`, as: 'carol', ...notFound },
  { claim: 'an order, for nobody', request: 'GET /api/v1/orders/{first}', status: 401, code: 'unauthenticated' },
  { claim: 'an id that is none', request: 'GET /api/v1/orders/1', as: 'alice', status: 422, errors: ['/id'] },
  { claim: 'SQL for an id', request: "GET /api/v1/orders/1'%20OR%20'1'='1", as: 'alice', status: 422, errors: ['/id'] },

  {
    claim: 'to change a quantity, and the total with it',
    request: 'PATCH /api/v1/orders/{first}',
    as: 'alice',
    body: { quantity: 5 },
    status: 200,
    includes: { quantity: 5, note: 'ring twice', total: 5 * 1_995 + 2 * 250 },
    check: (json) => expect(json).not.to.have.property('margin'),
  },
  {
    claim: 'to change a note',
    request: 'PATCH /api/v1/orders/{first}',
    as: 'alice',
    body: { note: "'; DROP TABLE orders; --" },
    status: 200,
    includes: { quantity: 5, note: "'; DROP TABLE orders; --" },
  },
  { claim: 'to read the changes', request: 'GET /api/v1/orders/{first}', as: 'alice', status: 200, includes: { quantity: 5, status: 'open' } },
  ...[{ owner_id: 'bob' }, { total: 1 }, { status: 'fulfilled' }, { margin: 1 }, { id: nowhere }, { quantity: null }, { quantity: 0 }].map(
    (change): Case => ({
      claim: `to change ${JSON.stringify(change)}`,
      request: 'PATCH /api/v1/orders/{first}',
      as: 'alice',
      body: { note: 'x', ...change },
      status: 422,
      errors: [`/${Object.keys(change)[0]}`],
    }),
  ),
  { claim: 'to change nothing', request: 'PATCH /api/v1/orders/{first}', as: 'alice', body: {}, status: 422, errors: [''] },
  { claim: "to change bob's order, for alice", request: 'PATCH /api/v1/orders/{bobs}', as: 'alice', body: { note: 'x' }, ...notFound },
  { claim: 'to change no order', request: `PATCH /api/v1/orders/${nowhere}`, as: 'alice', body: { note: 'x' }, ...notFound },
  { claim: "to change alice's order, for carol", request: 'PATCH /api/v1/orders/{first}', as: 'carol', body: { note: 'x' }, ...notFound },
  { claim: 'to change an order, for a viewer', request: 'PATCH /api/v1/orders/{first}', as: 'dave', body: { note: 'x' }, status: 403 },
  { claim: 'to change an order, for nobody', request: 'PATCH /api/v1/orders/{first}', body: { note: 'x' }, status: 401 },

  ...['alice', 'carol', 'dave'].map(
    (as): Case => ({ claim: `to fulfil, for ${as}`, request: 'POST /api/v1/orders/{first}/fulfil', as, status: 403, code: 'permission-denied' }),
  ),
  { claim: 'to fulfil, for nobody', request: 'POST /api/v1/orders/{first}/fulfil', status: 401, code: 'unauthenticated' },
  { claim: 'to fulfil no order', request: `POST /api/v1/orders/${nowhere}/fulfil`, as: 'warehouse', ...notFound },
  {
    claim: 'to fulfil, for the warehouse',
    request: 'POST /api/v1/orders/{first}/fulfil',
    as: 'warehouse',
    status: 200,
    includes: { owner_id: 'alice', status: 'fulfilled' },
    check: (json) => expect(json).not.to.have.property('margin'),
  },
  { claim: 'to fulfil again', request: 'POST /api/v1/orders/{first}/fulfil', as: 'warehouse', status: 409, code: 'conflict' },
  { claim: 'to change what is fulfilled', request: 'PATCH /api/v1/orders/{first}', as: 'alice', body: { quantity: 1 }, status: 409, code: 'conflict' },
  { claim: 'what is fulfilled', request: 'GET /api/v1/orders?status=fulfilled', as: 'alice', status: 200, includes: { total: 1 } },

  { claim: "to delete bob's order, for alice", request: 'DELETE /api/v1/orders/{bobs}', as: 'alice', ...notFound },
  { claim: "to delete bob's order, for carol", request: 'DELETE /api/v1/orders/{bobs}', as: 'carol', ...notFound },
  { claim: "to delete bob's order, for a viewer", request: 'DELETE /api/v1/orders/{bobs}', as: 'dave', status: 403, code: 'permission-denied' },
  { claim: "to delete bob's order, for nobody", request: 'DELETE /api/v1/orders/{bobs}', status: 401, code: 'unauthenticated' },
  { claim: "bob's order, still there", request: 'GET /api/v1/orders/{bobs}', as: 'bob', status: 200 },
  {
    claim: 'to delete an order',
    request: 'DELETE /api/v1/orders/{second}',
    as: 'alice',
    status: 204,
    check: (_, answer) => expect(answer.body).to.equal(''),
  },
  { claim: 'what is deleted', request: 'GET /api/v1/orders/{second}', as: 'alice', ...notFound },
  { claim: 'to delete again', request: 'DELETE /api/v1/orders/{second}', as: 'alice', ...notFound },
]
