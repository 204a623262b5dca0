import { reply } from './answer.js'
import { MalformedRequest, MethodNotAllowed, NotFound } from './errors.js'
import type { Exchange } from './exchange.js'
import { policyOf } from './policy.js'
import type { CompiledRoute, RouteCompiler } from './pipeline.js'
import type { Finding, Phase, RouteSetup } from './protection.js'
import type { Cors } from './transport/cors.js'

/** What answers when no route does: with the headers, limits and records of every other answer. */
export interface Unmatched {
  readonly malformed: CompiledRoute
  readonly notFound: CompiledRoute
  readonly methodNotAllowed: CompiledRoute
  /** A browser asks whether it may ask; only where CORS is configured. */
  readonly preflight: CompiledRoute
}

/** Made once: whoever looks for what is there asks for much that is not. */
const nothing = Object.freeze(new NotFound())

/** Bears no declarations: where nothing matched there is no policy but the API's own. */
class NoRoute {
  constructor(
    private readonly cors: Cors,
    private readonly allowed: (path: string) => readonly string[],
  ) {}

  malformed({ target }: Exchange): Finding {
    const reason = target.malformed ?? 'malformed-target'
    return new MalformedRequest('The request target is not well-formed.', { event: 'malicious_extraneous', reason })
  }

  notFound(): Finding {
    return nothing
  }

  methodNotAllowed({ target }: Exchange): Finding {
    return new MethodNotAllowed(target.allowed ?? this.allowed(target.path))
  }

  preflight(exchange: Exchange): void {
    exchange.result = reply(204, undefined, this.cors.preflight(exchange.request.headers, this.allowed(exchange.target.path)))
  }
}

/** Makes the answers for requests that no route takes. `allowed` gives the methods that a path answers to. */
export function unmatched(compile: RouteCompiler, cors: Cors, allowed: (path: string) => readonly string[]): Unmatched {
  const noRoute = new NoRoute(cors, allowed)
  const answer = (member: keyof Unmatched, last: Phase) => compile(setup(member), (exchange) => noRoute[member](exchange), last)
  return {
    malformed: answer('malformed', 'network'),
    notFound: answer('notFound', 'network'),
    methodNotAllowed: answer('methodNotAllowed', 'network'),
    preflight: answer('preflight', 'transport'),
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
