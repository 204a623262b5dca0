import type { RouteSetup } from '../protection.js'

/** A path as OpenAPI writes it. */
export interface Template {
  /** `/api/v1/orders/{id}` */
  readonly path: string
  /** Whether its last parameter takes the rest of the path. */
  readonly hasRest: boolean
  /** What a parameter of the route is called there. */
  readonly nameOf: (param: string) => string
}

/**
 * Writes paths with braces. Paths that differ in nothing but the names of parameters are one path to OpenAPI: the first gives the names.
 */
export function pathTemplates(routes: readonly RouteSetup[]): (route: RouteSetup) => Template {
  const names = new Map<string, readonly string[]>()
  for (const { path, params } of routes.toSorted((one, other) => (one.path < other.path ? -1 : 1))) {
    const shape = shapeOf(path)
    if (!names.has(shape))
      names.set(
        shape,
        params.map((param) => (param === '*' ? restName(params) : param)),
      )
  }
  return function templateOf({ path, params }) {
    const own = names.get(shapeOf(path)) ?? params
    const nameOf = (param: string) => own[params.indexOf(param)] ?? param
    const written = path.split('/').map((segment) => (isParam(segment) ? `{${nameOf(segment.replace(/^:/, ''))}}` : segment))
    return { path: written.join('/'), hasRest: params.includes('*'), nameOf }
  }
}

function isParam(segment: string): boolean {
  return segment.startsWith(':') || segment === '*'
}

function shapeOf(path: string): string {
  return path
    .split('/')
    .map((segment) => (isParam(segment) ? ':' : segment))
    .join('/')
}

function restName(params: readonly string[]): string {
  return params.includes('rest') ? 'restOfPath' : 'rest'
}
