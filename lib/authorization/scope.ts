import type { Context, Principal } from '../context.js'
import type { Class } from '../decorator.js'
import { kind } from '../policy.js'
import type { Protection } from '../protection.js'
import type { Decorated, Expected, Handler } from '../typed-decorator.js'

/** Makes the filter of what the caller may see. */
export type ScopeOf<Filter> = (principal: Principal, context: Context) => Filter | Promise<Filter>

/** Nothing where all is well; otherwise a sentence, which the compiler prints because no target is one. */
type Complaint<Filter, Method> = Method extends Class
  ? unknown
  : Method extends Handler
    ? [Filter] extends [Expected<Method, 'scope'>]
      ? unknown
      : 'The handler expects another scope than this @Scope makes.'
    : 'This is no method and no class.'

/** A decorator for classes, and for methods whose context expects the filter that is made, in both protocols. */
export type ScopeDecorator<Filter> = <Target, Context = undefined, Descriptor = undefined>(
  target: Target & Complaint<Filter, Decorated<Target, Context, Descriptor>>,
  context?: Context,
  descriptor?: Descriptor,
) => void

const scopeKind = kind<ScopeOf<unknown>>('Scope')

/**
 * Makes the filter for a route that lists things: `@Scope(({ id }) => ({ owner_id: id }))`. The handler gets it as `ctx.scope`, in
 * whatever form its query takes: an object, a `sql` fragment, what CASL's `accessibleBy` gives. A handler that has answered without
 * looking at it shows everybody everything, so that its answer is a 500 instead. The nearest counts. Unlike `@AuthorizeEach`, it keeps
 * counts and pages right.
 */
export function Scope<Filter>(of: ScopeOf<Filter>): ScopeDecorator<Filter> {
  return scopeKind.declare(of) as ScopeDecorator<Filter>
}

/** Makes the filter before the handler runs. */
export function scoping(): Protection {
  return {
    name: 'scope',
    phase: 'object',
    compile(route) {
      const of = route.policy.nearest(scopeKind)
      if (of === undefined) return undefined
      route.describe('scope', true)
      return async function makeScope(exchange) {
        exchange.provide('scope', await of(exchange.principal, exchange))
      }
    },
  }
}

/** Lets no answer out that was made without the filter. */
export function scopeUse(): Protection {
  return {
    name: 'scope-use',
    phase: 'answer',
    compile(route) {
      if (route.policy.nearest(scopeKind) === undefined) return undefined
      return function requireScopeUse({ isScopeRead }) {
        if (isScopeRead) return
        throw new TypeError(`${route.name} has answered without looking at ctx.scope: filter its query by it, or take @Scope away`)
      }
    },
  }
}
