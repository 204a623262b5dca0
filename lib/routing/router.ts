import findMyWay from 'find-my-way'
import { methods } from './routing.js'
import type { Method } from './routing.js'

type Params = Readonly<Record<string, string | undefined>>

/** A route that a request is for, with the path's parameters, decoded once. */
export interface Match<Route> {
  readonly route: Route
  readonly params: Params
}

/**
 * Finds the route of a request. One matcher for all hosts: case counts, slashes count, the path is percent-decoded
 * once, and static segments win over parameters.
 */
export class Router<Route> {
  readonly #routes = findMyWay({ caseSensitive: true, maxParamLength: 8192 })
  readonly #used = new Set<Method>()

  /** Adds a route; throws where it conflicts with another, which is for the caller to find first. */
  add(method: Method, path: string, route: Route): void {
    this.#used.add(method)
    this.#routes.on(method, path, unused, route)
  }

  /** The route for `method` and the still encoded `path`; HEAD is served by GET's route where it has none of its own. */
  find(method: string, path: string): Match<Route> | undefined {
    return this.#find(method, path) ?? (method === 'HEAD' ? this.#find('GET', path) : undefined)
  }

  /** The methods that `path` answers to, for `Allow`: empty when there is no such path. */
  allowed(path: string): readonly Method[] {
    return methods.filter((method) => this.#used.has(method === 'HEAD' ? 'GET' : method) && this.find(method, path) !== undefined)
  }

  #find(method: string, path: string): Match<Route> | undefined {
    const found = this.#routes.find(method as Method, path)
    if (found === null || hasEmpty(found.params)) return undefined
    return { route: found.store as Route, params: found.params }
  }
}

/** `/orders/` is not an order without a name. */
function hasEmpty(params: Params): boolean {
  for (const name in params) if (params[name] === '') return true
  return false
}

function unused(): void {
  // find-my-way wants a handler; ours is the route in its store.
}
