import type { Class } from '../decorator.js'
import type { Mistake } from '../errors.js'
import type { Exchange } from '../exchange.js'
import { classDeclaration } from '../policy.js'
import { isPromiseLike } from '../promise.js'
import type { RouteSetup, Step } from '../protection.js'
import { controllerFactory } from './controller.js'
import type { Services } from './controller.js'
import { controllerKind } from './routing.js'

type InstanceOf = (exchange: Exchange) => object
type Handler = (context: Exchange) => unknown

/** Controllers, made when the API starts or for each request, and the steps that call them. */
export interface Handlers {
  /** Gives the controller that serves a request. */
  readonly instance: (route: RouteSetup) => InstanceOf
  /** Calls the route's handler and keeps what it returns. */
  readonly step: (route: RouteSetup) => Step
}

/** A container that can make one for each request. */
export interface ScopedServices extends Services {
  createChildContainer(): Services
}

/** Makes each controller once; what cannot be made is reported. */
export function handlers(services: ScopedServices, report: (mistake: Mistake) => void): Handlers {
  const made = new Map<Class, InstanceOf>()
  const instance = (route: RouteSetup): InstanceOf => {
    const { controller } = route.policy
    const known = made.get(controller)
    if (known !== undefined) return known
    const fresh = instanceOf(controller, services, report)
    made.set(controller, fresh)
    return fresh
  }
  return { instance, step: (route) => handlerStep(route, instance(route)) }
}

function instanceOf(controller: Class, services: ScopedServices, report: (mistake: Mistake) => void): InstanceOf {
  const options = classDeclaration(controller, controllerKind)?.options ?? {}
  try {
    const make = controllerFactory(controller, options)
    if (options.scope === 'request') return (exchange) => (exchange.controller ??= make(services.createChildContainer()))
    const single = make(services)
    return () => single
  } catch (error) {
    report({
      place: controller.name,
      problem: `it cannot be made: ${(error as Error).message}`,
      mend: "name its services, @Controller('/path', { inject: [Orders] }), and register each in the container that createApi is given",
    })
    return () => ({})
  }
}

function handlerStep(route: RouteSetup, instance: InstanceOf): Step {
  const { member } = route.policy
  return function handle(exchange) {
    const controller = instance(exchange) as Readonly<Record<string, Handler | undefined>>
    const handler = controller[member]
    if (handler === undefined) throw new TypeError(`${route.name} is no method of the controller that was made`)
    exchange.hasBegun = true
    const returned = handler.call(controller, exchange)
    if (isPromiseLike(returned)) return settle(exchange, returned)
    exchange.result = returned
    return undefined
  }
}

async function settle(exchange: Exchange, returned: PromiseLike<unknown>): Promise<void> {
  exchange.result = await returned
}
