import { Readable } from 'node:stream'
import { createLogger } from '../../lib/audit/logger.js'
import type { AuditLog, RecordFacts } from '../../lib/audit/audit-log.js'
import type { ApiRequest } from '../../lib/context.js'
import { Exchange } from '../../lib/exchange.js'
import type { Target } from '../../lib/exchange.js'
import { policyOf } from '../../lib/policy.js'
import type { Class } from '../../lib/decorator.js'
import type { RouteSetup } from '../../lib/protection.js'

// One for all: making one costs more than most of the tests that need it.
const silent = createLogger({ silent: true })

export const noon = Date.UTC(2024, 1, 29, 12, 0, 0, 7)

/** An audit log that keeps what it is given. */
export class KeptLog implements AuditLog {
  readonly lines: string[] = []
  readonly facts: RecordFacts[] = []

  write(line: string, facts: RecordFacts): void {
    this.lines.push(line)
    this.facts.push(facts)
  }

  get records(): Array<Record<string, unknown>> {
    return this.lines.map((line) => JSON.parse(line) as Record<string, unknown>)
  }

  async flush(): Promise<void> {}
  async close(): Promise<void> {}
}

export interface Setup extends RouteSetup {
  readonly mistakes: string[]
  readonly described: Map<string, unknown>
}

export function routeOf(controller: Class, member: string, path = '/api/v1/orders', params: readonly string[] = []): Setup {
  const mistakes: string[] = []
  const described = new Map<string, unknown>()
  return {
    policy: policyOf(controller, member),
    name: `${controller.name}.${member}`,
    method: 'POST',
    path,
    params,
    mistakes,
    described,
    mistake: (problem, mend) => mistakes.push(`${problem} → ${mend}`),
    describe: (name, value) => described.set(name, value),
  }
}

export function exchangeOf(route: RouteSetup, request: Partial<ApiRequest> = {}, target: Partial<Target> = {}): Exchange {
  return new Exchange(
    {
      method: 'POST',
      target: '/api/v1/orders',
      headers: {},
      rawHeaders: [],
      remoteAddress: '203.0.113.9',
      encrypted: false,
      body: Readable.from([]),
      gone: false,
      onGone: () => undefined,
      ...request,
    },
    { name: route.name, method: route.method, path: route.path },
    { path: '/api/v1/orders', query: '', params: {}, ...target },
    { address: '203.0.113.9', secure: true },
    'request-1',
    { logger: silent, clock: { now: () => noon } },
  )
}
