import { randomUUID } from 'node:crypto'
import { audience, issuer, openOrders } from '../../examples/orders/app.js'
import { createLogger } from '../../lib/index.js'
import type { StatedCaller } from '../../lib/stated-caller.js'
import { inject, securityTests, testIssuer } from '../../lib/testing.js'
import type { ObjectCalls, SecurityTestOptions } from '../../lib/testing.js'
import { aGoodOrder } from './case.js'

const key = { algorithm: 'HS256', secret: 'ruq8Vb2LwZ0nXk5TcY7sJm4GdHf9Pe1A' } as const
const app = await openOrders({ url: 'https://orders.test', key: key.secret, logger: createLogger({ silent: true }) })

const callers: Record<string, StatedCaller> = {
  alice: { id: 'alice', issuer, roles: ['customer'] },
  carol: { id: 'carol', issuer, roles: ['admin'] },
  dave: { id: 'dave', issuer, roles: ['viewer'] },
  warehouse: { id: 'warehouse', kind: 'client', scopes: ['orders:read', 'orders:fulfil'] },
}

async function newOrder(as: StatedCaller): Promise<string> {
  const reply = await inject(app.api, { method: 'POST', path: '/api/v1/orders', as, body: aGoodOrder, address: randomAddress() })
  return (reply.json() as { id: string }).id
}

function randomAddress(): string {
  return `2001:db8:${randomUUID().slice(0, 4)}:${randomUUID().slice(0, 4)}::1`
}

/** An order of a customer that nobody knows, and somebody with the same permissions to ask for it. */
function orders(permission: string, body?: object): ObjectCalls {
  const asked = (id: string) => ({ params: { id }, ...(body === undefined ? {} : { body }) })
  const customer = () => ({ id: randomUUID(), issuer, permissions: ['orders:write', permission] })
  return {
    own: async () => {
      const as = customer()
      return { as, ...asked(await newOrder(as)) }
    },
    foreign: async () => ({ as: customer(), ...asked(await newOrder(customer())) }),
  }
}

export const securityOptions: SecurityTestOptions = {
  issuer: testIssuer({ issuer, audience, key }),
  samples: { 'SessionController.login': { body: { username: randomUUID(), password: 'wrong' } } },
  objects: {
    'OrdersController.get': orders('orders:read'),
    'OrdersController.change': orders('orders:write', { quantity: 2 }),
    'OrdersController.remove': orders('orders:delete'),
    'OrdersController.fulfil': orders('orders:fulfil'),
  },
  callers,
  mayUse: {
    'OrdersController.create': ['alice', 'carol'],
    'OrdersController.list': ['alice', 'carol', 'dave', 'warehouse'],
    'OrdersController.get': ['alice', 'carol', 'dave', 'warehouse'],
    'OrdersController.change': ['alice', 'carol'],
    'OrdersController.remove': ['alice', 'carol'],
    'OrdersController.fulfil': ['warehouse'],
    'SearchController.search': ['alice', 'carol', 'dave', 'warehouse'],
    'AdminController.users': ['carol'],
    'AdminController.audit': ['carol'],
    'SessionController.logout': ['alice', 'carol', 'dave', 'warehouse'],
    'SessionController.me': ['alice', 'carol', 'dave', 'warehouse'],
    'SecurityConsole.state': ['carol'],
    'SecurityConsole.events': ['carol'],
  },
  accepted: {
    'OrdersController.fulfil: keeps an object from whom it does not belong to': 'whoever may fulfil orders fulfils those of all',
    'AuthorizationServer.submit: refuses what is counted by its input past the limit, and not before (429)':
      'what a try of a password costs, its own tests know',
  },
}

describe('the orders API keeps what its declarations promise', () => {
  after(() => app.close())

  for (const { name, run } of securityTests(app.api, securityOptions)) it(name, run)
})
