import { PassThrough } from 'node:stream'
import type { Logger } from 'winston'
import type { ApiRequest, Clock, RouteInfo } from '../lib/context.js'
import { Exchange } from '../lib/exchange.js'
import type { Client, Target } from '../lib/exchange.js'
import { createLogger } from '../lib/audit/logger.js'
import { isPromiseLike } from '../lib/promise.js'
import type { Finding, Step } from '../lib/protection.js'

/** What a test wants to be different from a plain GET by a stranger. */
export interface ExchangeParts {
  readonly request?: Partial<ApiRequest>
  readonly route?: Partial<RouteInfo>
  readonly target?: Partial<Target>
  readonly client?: Partial<Client>
  readonly clock?: Clock
  readonly logger?: Logger
}

// One for all: making one costs more than most of the tests that need it.
const silent = createLogger({ silent: true })

/** An exchange for a step under test. */
export function exchangeOf({ request, route, target, client, clock, logger }: ExchangeParts = {}): Exchange {
  const apiRequest: ApiRequest = {
    method: 'GET',
    target: '/things',
    headers: {},
    rawHeaders: [],
    remoteAddress: '192.0.2.1',
    encrypted: false,
    body: new PassThrough(),
    gone: false,
    onGone: () => undefined,
    ...request,
  }
  return new Exchange(
    apiRequest,
    { name: 'Things.get', method: 'GET', path: '/things', ...route },
    { path: '/things', query: '', params: {}, ...target },
    { address: '192.0.2.1', secure: false, ...client },
    'request-1',
    { logger: logger ?? silent, clock: clock ?? { now: () => 1_700_000_000_000 } },
  )
}

/** Takes a step as the pipeline does: a refusal that it gives counts as much as one that it throws. */
export function take(step: Step | undefined, exchange: Exchange): void | Promise<void> {
  const found = step?.(exchange)
  return isPromiseLike(found) ? found.then(requireNone) : requireNone(found)
}

function requireNone(found: Finding): void {
  if (found !== undefined) throw found
}
