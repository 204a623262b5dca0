import type { ClassDecorator, MethodDecorator } from '../decorator.js'
import { kind } from '../policy.js'
import type { ControllerOptions } from './controller.js'

/** The methods that a route can answer to. TRACE and CONNECT are answered to by none. */
export const methods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS'] as const
/** A method that a route can answer to. */
export type Method = (typeof methods)[number]

/** What `@Controller` says. */
export interface ControllerDeclaration {
  readonly prefix: string
  readonly options: ControllerOptions
}

/** What `@Get` and its like say. */
export interface RouteDeclaration {
  readonly method: Method
  readonly path: string
}

export const controllerKind = kind<ControllerDeclaration>('Controller')
/** `@Get` and its like say the same sort of thing, under their own names. */
export const routeKind = kind<RouteDeclaration>('Route')

/**
 * Makes a class a controller: its methods with `@Get`, `@Post`, … become routes under `prefix`.
 * Paths are compared exactly: case counts, and `/orders/` is not `/orders`.
 */
export function Controller(prefix = '/', options: ControllerOptions = {}): ClassDecorator {
  return controllerKind.declare({ prefix, options })
}

/** Answers GET, and HEAD where no `@Head` route does. `:name` takes one segment of the path, a final `*` takes the rest. */
export function Get(path = '/'): MethodDecorator {
  return routeDecorator('Get', 'GET', path)
}

/** Answers POST. */
export function Post(path = '/'): MethodDecorator {
  return routeDecorator('Post', 'POST', path)
}

/** Answers PUT. */
export function Put(path = '/'): MethodDecorator {
  return routeDecorator('Put', 'PUT', path)
}

/** Answers PATCH. */
export function Patch(path = '/'): MethodDecorator {
  return routeDecorator('Patch', 'PATCH', path)
}

/** Answers DELETE. */
export function Delete(path = '/'): MethodDecorator {
  return routeDecorator('Delete', 'DELETE', path)
}

/** Answers HEAD with a handler of its own. */
export function Head(path = '/'): MethodDecorator {
  return routeDecorator('Head', 'HEAD', path)
}

/** Answers OPTIONS. CORS preflights never get here: `createApi({ cors })` answers them. */
export function Options(path = '/'): MethodDecorator {
  return routeDecorator('Options', 'OPTIONS', path)
}

function routeDecorator(name: string, method: Method, path: string): MethodDecorator {
  return kind<RouteDeclaration>(name, routeKind.id).declare({ method, path })
}
