import type { Context, Input } from '../context.js'
import type { Class } from '../decorator.js'
import { NotFound, PermissionDenied } from '../errors.js'
import type { Exchange } from '../exchange.js'
import { kind } from '../policy.js'
import type { Protection, RouteSetup } from '../protection.js'
import type { Decorated, Expected, Handler } from '../typed-decorator.js'
import { decisionOf } from './access-policy.js'
import type { Rule } from './access-policy.js'

/** What a refused caller is told: that nothing is there, or that it may not. */
export interface AuthorizeOptions {
  /** @default 404 */
  readonly refusal?: 404 | 403
  /**
   * `observe` lets through what the rule refuses, and records that it would have been refused: to try a rule on the traffic that
   * there is. What is not there stays a 404. @default 'enforce'
   */
  readonly mode?: 'enforce' | 'observe'
}

/** Finds the object that a request is about; `undefined` or `null` where there is none. */
export type Load<Controller, Resource, I extends Input> = (
  context: Context<I>,
  controller: Controller,
) => Resource | undefined | null | Promise<Resource | undefined | null>

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

/** What one `@Authorize` says. */
export interface Authorization {
  readonly load: (context: Context, controller: object) => unknown
  readonly rule: Rule<unknown>
  readonly refusal: 404 | 403
  readonly mode: 'enforce' | 'observe'
}

export const authorizeKind = kind<Authorization>('Authorize')

/**
 * Decides about the object that is asked for: `load` finds it after input was validated, `rule` says whether the caller may
 * have it. The handler gets the object as `ctx.resource`, so that what was checked is what is used. Several must all
 * allow; the object of the nearest is the resource, and one loader that several name is called once for a request.
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
    mode: options.mode ?? 'enforce',
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
      if (authorizations.some(({ mode }) => mode === 'observe')) route.describe('observed', true)
      return async function requireObjectAccess(exchange) {
        for (const authorization of authorizations) await decide(authorization, exchange, instance(exchange))
      }
    },
    document({ policy }, operation) {
      for (const { value } of policy.all(authorizeKind)) {
        operation.refusal({ status: 404, code: 'not-found' })
        if (value.refusal === 403 && value.mode === 'enforce') operation.refusal({ status: 403, code: 'permission-denied' })
      }
    },
  }
}

async function decide({ load, rule, refusal, mode }: Authorization, exchange: Exchange, controller: object): Promise<void> {
  // Several may decide about one object: it is loaded once.
  const resource = await exchange.once(load, () => load(exchange, controller))
  if (resource === undefined || resource === null) throw new NotFound()
  const { isAllowed, reason } = await decisionOf(rule, exchange.principal, resource, exchange)
  if (!isAllowed && mode === 'enforce') throw refusalOf(refusal, reason)
  if (!isAllowed) {
    exchange.event ??= 'authz_fail'
    exchange.decisions.push(`observed: ${reason === '' ? 'refused' : reason}`)
  } else if (reason !== '') exchange.decisions.push(reason)
  exchange.provide('resource', resource)
}

/** The same answer for what is not there and what is not the caller's: otherwise ids can be tried. */
function refusalOf(status: 404 | 403, reason: string): NotFound | PermissionDenied {
  const log = { reason: reason === '' ? 'object-denied' : `object-denied, ${reason}`, event: 'authz_fail' }
  return status === 404 ? new NotFound(undefined, log) : new PermissionDenied(undefined, log)
}
