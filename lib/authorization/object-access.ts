import type { Context, Input, Principal } from '../context.js'
import type { Class } from '../decorator.js'
import { NotFound, PermissionDenied } from '../errors.js'
import type { Exchange } from '../exchange.js'
import { kind } from '../policy.js'
import type { Protection, RouteSetup } from '../protection.js'
import type { Decorated, Expected, Handler } from '../typed-decorator.js'

/** What a refused caller is told: that nothing is there, or that it may not. */
export interface AuthorizeOptions {
  /** @default 404 */
  readonly refusal?: 404 | 403
}

/** Finds the object that a request is about; `undefined` or `null` where there is none. */
export type Load<Controller, Resource, I extends Input> = (
  context: Context<I>,
  controller: Controller,
) => Resource | undefined | null | Promise<Resource | undefined | null>

/** Says whether the caller may; anything but `true` refuses. */
export type Rule<Resource> = (principal: Principal, resource: Resource, context: Context) => boolean | Promise<boolean>

/** Nothing where all is well; otherwise a sentence, which the compiler prints because no target is one. */
type Complaint<Resource, Method> = Method extends Class
  ? unknown
  : Method extends Handler
    ? [Resource] extends [Expected<Method, 'resource'>]
      ? unknown
      : 'The handler expects another resource than this @Authorize loads.'
    : 'This is no method and no class.'

/** A decorator for classes, and for methods whose context expects the object that is loaded, in both protocols. */
export type AuthorizeDecorator<Resource> = <Target, Context = undefined, Descriptor = undefined>(
  target: Target & Complaint<Resource, Decorated<Target, Context, Descriptor>>,
  context?: Context,
  descriptor?: Descriptor,
) => void

interface Authorization {
  readonly load: (context: Context, controller: object) => unknown
  readonly rule: (principal: Principal, resource: unknown, context: Context) => unknown
  readonly refusal: 404 | 403
}

const authorizeKind = kind<Authorization>('Authorize')

/**
 * Decides about the object that is asked for: `load` finds it after input was validated, `rule` says whether the caller may
 * have it. The handler gets the object as `ctx.resource`, so that what was checked is what is used. Several must all
 * allow; the object of the nearest is the resource.
 */
export function Authorize<Resource, Controller extends object = object, I extends Input = Input>(
  load: Load<Controller, Resource, I>,
  rule: Rule<NonNullable<Resource>>,
  options: AuthorizeOptions = {},
): AuthorizeDecorator<NonNullable<Resource>> {
  return authorizeKind.declare({
    load: load as unknown as Authorization['load'],
    rule: rule as unknown as Authorization['rule'],
    refusal: options.refusal ?? 404,
  }) as AuthorizeDecorator<NonNullable<Resource>>
}

/** Loads and decides about objects. `instanceOf` gives the controller that serves a request. */
export function objectAccess(options: { readonly instanceOf: (route: RouteSetup) => (exchange: Exchange) => object }): Protection {
  return {
    name: 'object-access',
    phase: 'object',
    compile(route) {
      const authorizations = route.policy.all(authorizeKind).map(({ value }) => value)
      if (authorizations.length === 0) return undefined
      const instance = options.instanceOf(route)
      route.describe('object', true)
      return async function requireObjectAccess(exchange) {
        for (const authorization of authorizations) await decide(authorization, exchange, instance(exchange))
      }
    },
  }
}

async function decide({ load, rule, refusal }: Authorization, exchange: Exchange, controller: object): Promise<void> {
  const resource = await load(exchange, controller)
  if (resource === undefined || resource === null) throw new NotFound()
  const verdict = await rule(exchange.principal, resource, exchange)
  // Only `true`: a rule that forgets to answer, or answers with the object, refuses.
  if (verdict !== true) throw refusalOf(refusal)
  exchange.provide('resource', resource)
}

/** The same answer for what is not there and what is not the caller's: otherwise ids can be tried. */
function refusalOf(status: 404 | 403): NotFound | PermissionDenied {
  const log = { reason: 'object-denied', event: 'authz_fail' }
  return status === 404 ? new NotFound(undefined, log) : new PermissionDenied(undefined, log)
}
