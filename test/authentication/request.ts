import { Readable } from 'node:stream'
import winston from 'winston'
import type { ApiRequest, Principal } from '../../lib/context.js'
import { Exchange } from '../../lib/exchange.js'
import type { Policy } from '../../lib/policy.js'
import type { RouteSetup } from '../../lib/protection.js'
import { now } from './forge.js'

// One for all: making one costs more than most of the tests that need it.
const silent = winston.createLogger({ silent: true })

/** An exchange as it reaches the identity phase. */
export function exchangeWith(rawHeaders: readonly string[], query = ''): Exchange {
  const headers: Record<string, string> = {}
  for (let index = 0; index < rawHeaders.length; index += 2) {
    // As Node does it: of two Authorization headers the first stays.
    headers[rawHeaders[index]!.toLowerCase()] ??= rawHeaders[index + 1]!
  }
  const request: ApiRequest = {
    method: 'GET',
    target: query === '' ? '/orders' : `/orders?${query}`,
    headers,
    rawHeaders,
    remoteAddress: '127.0.0.1',
    encrypted: false,
    body: Readable.from([]),
    gone: false,
    onGone: () => undefined,
  }
  const route = { name: 'OrdersController.list', method: 'GET', path: '/orders' }
  const runtime = { logger: silent, clock: { now: () => now } }
  return new Exchange(request, route, { path: '/orders', query, params: {} }, { address: '127.0.0.1', secure: false }, 'id', runtime)
}

/** A route at start-up; `facts` is what protections said of themselves. */
export function routeSetup(): RouteSetup & { readonly facts: Map<string, unknown> } {
  const facts = new Map<string, unknown>()
  return {
    policy: { name: 'OrdersController.list' } as Policy,
    name: 'OrdersController.list',
    method: 'GET',
    path: '/orders',
    params: [],
    facts,
    mistake: () => undefined,
    describe: (name, value) => void facts.set(name, value),
  }
}

export function principalOf(identity: Omit<Principal, 'permissions'>): Principal {
  return { ...identity, permissions: new Set<string>() }
}
