import type { Class } from '../decorator.js'
import { classDeclaration } from '../policy.js'
import { controllerKind } from './routing.js'

/** What finds a service in the container: its class, or whatever else it is registered under, such as one of `tokens`. */
export type ServiceToken = object | symbol | string

/** Where services come from: the part of a tsyringe container that controllers need. */
export interface Services {
  resolve(token: ServiceToken): unknown
  isRegistered(token: ServiceToken): boolean
}

/** How a controller is made. */
export interface ControllerOptions {
  /** The constructor's arguments, in order, as tokens of the container. Needs no compiler metadata. */
  readonly inject?: readonly ServiceToken[]
  /** Makes the controller, instead of `inject`. */
  readonly factory?: (services: Services) => object
  /** `api`: one instance, made at start-up. `request`: one for each request. @default 'api' */
  readonly scope?: 'api' | 'request'
}

type Constructor = new (...args: readonly unknown[]) => object

/**
 * Finds out once how `controller` is made: by its factory, by `inject`, by its registration in the container, by the
 * parameter types that the compiler emitted, or with no arguments. Throws a `TypeError` that says the mend where none of
 * them works.
 */
export function controllerFactory(controller: Class, options: ControllerOptions): (services: Services) => object {
  const { factory, inject } = options
  const Target = controller as unknown as Constructor
  if (factory !== undefined) return factory
  if (inject !== undefined) {
    if (inject.length < controller.length)
      throw new TypeError(`its constructor takes ${controller.length} services, and inject names ${inject.length}`)
    return (services) => new Target(...inject.map((token) => serviceOf(services, token)))
  }
  return (services) => {
    if (services.isRegistered(controller)) return services.resolve(controller) as object
    return new Target(...emittedTypes(controller).map((token) => serviceOf(services, token)))
  }
}

/** What the controllers that are made once are given by `inject`. */
export function injectedInto(controllers: readonly Class[], services: Services): readonly unknown[] {
  const options = controllers.map((controller) => classDeclaration(controller, controllerKind)?.options ?? {})
  const named = options.flatMap(({ inject = [], scope }) => (scope === 'request' ? [] : inject))
  return [...new Set(named)].map((token) => serviceOf(services, token))
}

function serviceOf(services: Services, token: ServiceToken): unknown {
  try {
    return services.resolve(token)
  } catch (cause) {
    const name = typeof token === 'function' ? token.name : typeof token === 'object' ? 'such service' : String(token)
    throw new TypeError(`the container has no ${name}`, { cause })
  }
}

function emittedTypes(controller: Class): readonly ServiceToken[] {
  const emitted: unknown = Reflect.getMetadata('design:paramtypes', controller)
  const types = Array.isArray(emitted) ? (emitted as unknown[]) : []
  if (types.length >= controller.length && types.every(isService)) return types
  throw new TypeError(
    `its constructor takes ${controller.length} ${controller.length === 1 ? 'argument' : 'arguments'} and nothing says which services they are`,
  )
}

function isService(type: unknown): type is Class {
  return typeof type === 'function' && type !== Object && type !== String && type !== Number && type !== Boolean && type !== Array
}
