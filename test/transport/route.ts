import type { ApiRequest } from '../../lib/context.js'
import type { Class } from '../../lib/decorator.js'
import { ApiError } from '../../lib/errors.js'
import type { Exchange } from '../../lib/exchange.js'
import { policyOf } from '../../lib/policy.js'
import type { RouteSetup, Step } from '../../lib/protection.js'
import { take } from '../exchange.js'

class Plain {
  method() {}
}

/** A route as protections see it, with what they said of it. */
export interface HeardRoute extends RouteSetup {
  readonly mistakes: string[]
  readonly facts: Map<string, unknown>
}

/** The route of `method` in `controller`. */
export function routeOf(controller: Class = Plain): HeardRoute {
  const mistakes: string[] = []
  const facts = new Map<string, unknown>()
  return {
    policy: policyOf(controller, 'method'),
    name: `${controller.name}.method`,
    method: 'GET',
    path: '/',
    params: [],
    mistakes,
    facts,
    mistake: (problem) => void mistakes.push(problem),
    describe: (name, value) => void facts.set(name, value),
  }
}

/** What the step refuses an exchange with; undefined where it lets it go on. */
export function refusalOf(step: Step | undefined, exchange: Exchange): ApiError | undefined {
  try {
    void take(step, exchange)
    return undefined
  } catch (error) {
    if (error instanceof ApiError) return error
    throw error
  }
}

/** A request with these headers, names and values in turn, read as node:http reads them: the first of two wins. */
export function sent(...raw: readonly string[]): Partial<ApiRequest> {
  const headers: Record<string, string> = {}
  for (let index = 0; index < raw.length; index += 2) headers[raw[index]!.toLowerCase()] ??= raw[index + 1]!
  return { rawHeaders: raw, headers }
}
