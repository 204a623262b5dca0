import { recorder } from './decorator.js'
import type { RouteDecorator } from './decorator.js'
import type { Declared, Kind, Policy } from './policy.js'
import type { Context } from './context.js'
import type { ApiError } from './errors.js'
import type { Exchange } from './exchange.js'
import type { OperationDraft } from './operation.js'

/**
 * The order in which every request is checked, on every route and every host. The built-in protections of each phase
 * stand in pipeline.ts; protections of a user's own run after them.
 *
 * - `transport`: is this well-formed, over HTTPS, from an allowed origin?
 * - `network`: limits by address, before anything is spent on the caller
 * - `identity`: who calls?
 * - `caller`: limits by principal
 * - `access`: may this caller use this route?
 * - `input`: is what was sent what the route takes?
 * - `object`: limits that read the input; may this caller touch this object?
 * - `repeat`: was this done before? Protections of your own are asked first, on repeats too
 * - `answer`: the handler has returned; `exchange.result` may still be shaped
 */
export const phases = ['transport', 'network', 'identity', 'caller', 'access', 'input', 'object', 'repeat', 'answer'] as const
/** When a protection runs. Phases come in this order; one that refuses ends the request. */
export type Phase = (typeof phases)[number]

/** What a check says of a request: nothing where it may go on, the refusal where it may not. */
export type Finding = ApiError | undefined | void

/**
 * One check of one request. Gives an `ApiError` to refuse, or throws it, which costs several times as much; whatever else it gives or
 * throws refuses with a 500. Return a promise only when there is something to wait for: the loop awaits nothing else.
 */
export type Step = (exchange: Exchange) => Finding | Promise<Finding>

/** What a protection may know of a route at start-up, and whom it tells. */
export interface RouteSetup {
  readonly policy: Policy
  /** `OrdersController.create` */
  readonly name: string
  readonly method: string
  /** `/api/v1/orders/:id` */
  readonly path: string
  /** The names of the path's parameters. */
  readonly params: readonly string[]
  /** Reports a mistake; all of them come together in the error that `createApi` throws. */
  readonly mistake: (problem: string, mend: string) => void
  /** Adds to the route's row in `api.inventory()`. */
  readonly describe: (name: string, value: unknown) => void
}

/** One protection: at start-up it makes the step of each route, or none where there is nothing to check. */
export interface Protection {
  readonly name: string
  readonly phase: Phase
  /**
   * What its steps decide by, where that is no more than who calls and what is asked for: `api.explain` then runs them. `credentials`
   * finds out who calls.
   */
  readonly decidesBy?: 'caller' | 'credentials' | undefined
  compile(route: RouteSetup): Step | undefined
  /**
   * Writes down what the route's declarations mean for whoever calls it: what to send, and what may be answered. Called after start-up,
   * when somebody asks for a description of the API.
   */
  document?(route: RouteSetup, operation: OperationDraft): void
}

/** What a protection gets; in the phase `answer`, with what the handler returned. */
export interface AnswerContext extends Context {
  /** What the handler returned, to be replaced by what shall leave. Nothing yet in phases before `answer`. */
  result: unknown
}

/** How to make a protection of your own. */
export interface ProtectionDefinition<T> {
  /** The decorator's name: `RequireHeader`. No other protection on the same route may have it. */
  readonly name: string
  readonly phase: Phase
  /**
   * Called once for each route that is decorated, at start-up, with what the decorators said: parent classes first,
   * the method last. Returns the check of that route, which gives an `ApiError`, or throws one, to refuse.
   */
  compile(declared: ReadonlyArray<Declared<T>>, route: RouteSetup): (context: AnswerContext) => Finding | Promise<Finding>
  /** Writes down what it means for whoever calls the route, for `portcullis/openapi`. */
  document?(declared: ReadonlyArray<Declared<T>>, operation: OperationDraft): void
}

interface ProtectionKind<T> extends Kind<T> {
  readonly protection: Protection
}

/**
 * Makes a decorator out of a check:
 * `const RequireHeader = protection<string>({ name: 'RequireHeader', phase: 'transport', compile: … })`, then
 * `@RequireHeader('x-tenant')` on a method or a class. Nothing is registered anywhere: the declaration brings its check along.
 */
export function protection<T>(definition: ProtectionDefinition<T>): (value: T) => RouteDecorator {
  const { name, phase } = definition
  const own: ProtectionKind<T> = {
    // Apart from the built-in kinds: a protection that is called Public must not open a route.
    id: `protection ${name}`,
    name,
    declare: (value) => recorder({ kind: own, value }),
    protection: {
      name,
      phase,
      compile: (route) => definition.compile(route.policy.all(own), route),
      document: (route, operation) => definition.document?.(route.policy.all(own), operation),
    },
  }
  return (value) => own.declare(value)
}

/** The protections that a route's own declarations bring along. Two of one name cannot be told apart, so they are a mistake. */
export function declaredProtections({ policy, mistake }: RouteSetup): readonly Protection[] {
  const protections = policy.kinds().flatMap((one) => ('protection' in one ? [one.protection as Protection] : []))
  const names = protections.map(({ name }) => name)
  for (const name of new Set(names.filter((one, index) => names.indexOf(one) !== index))) {
    mistake(`two protections are both called ${name}`, 'give one of them another name')
  }
  return protections
}
