import { reply } from './answer.js'
import { MalformedRequest, MethodNotAllowed, NotFound } from './errors.js'
import type { Exchange } from './exchange.js'
import { policyOf } from './policy.js'
import type { CompiledRoute, RouteCompiler } from './pipeline.js'
import type { Phase, RouteSetup } from './protection.js'
import type { Cors } from './transport/cors.js'

/** What answers when no route does: with the headers, limits and records of every other answer. */
export interface Unmatched {
  readonly malformed: CompiledRoute
  readonly notFound: CompiledRoute
  readonly methodNotAllowed: CompiledRoute
  /** A browser asks whether it may ask; only where CORS is configured. */
  readonly preflight: CompiledRoute
}

/** Bears no declarations: what is not matched has no policy but the API's own. */
class NoRoute {}

/** Makes the answers for requests that no route takes. `allowed` gives the methods that a path answers to. */
export function unmatched(compile: RouteCompiler, cors: Cors, allowed: (path: string) => readonly string[]): Unmatched {
  const answer = (member: string, last: Phase, handle: (exchange: Exchange) => void) => compile(setup(member), handle, last)
  return {
    malformed: answer('malformed', 'network', (exchange) => {
      throw new MalformedRequest('The request target is not well-formed.', {
        event: 'malicious_extraneous',
        reason: exchange.target.malformed ?? 'malformed-target',
      })
    }),
    notFound: answer('notFound', 'network', () => {
      throw new NotFound()
    }),
    methodNotAllowed: answer('methodNotAllowed', 'network', (exchange) => {
      throw new MethodNotAllowed(allowed(exchange.target.path))
    }),
    preflight: answer('preflight', 'transport', (exchange) => {
      exchange.result = reply(204, undefined, cors.preflight(exchange.request.headers, allowed(exchange.target.path)))
    }),
  }
}

function setup(member: string): RouteSetup {
  return {
    policy: policyOf(NoRoute, member),
    name: '',
    method: '',
    path: '',
    params: [],
    mistake: () => undefined,
    describe: () => undefined,
  }
}
