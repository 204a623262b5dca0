import type { Class } from '../decorator.js'
import type { Mistake } from '../errors.js'
import { classDeclaration, declaredMembers, lineage, ownMemberDeclarations, policyOf } from '../policy.js'
import type { RouteSetup } from '../protection.js'
import { routePath } from './path.js'
import type { RoutePath } from './path.js'
import { controllerKind, routeKind } from './routing.js'
import type { ControllerDeclaration, Method } from './routing.js'

/** A route as its decorators declare it, with a place to collect what protects it. */
export interface DeclaredRoute {
  readonly setup: RouteSetup & { readonly method: Method }
  /** The row that protections describe themselves in. */
  readonly facts: Record<string, unknown>
}

type Report = (mistake: Mistake) => void

/** Reads the routes of `controllers` off their decorators, and reports what cannot be right. */
export function declaredRoutes(controllers: readonly Class[], report: Report): readonly DeclaredRoute[] {
  const routes = controllers.flatMap((controller) => routesOf(controller, report))
  reportConflicts(routes, report)
  return routes
}

function routesOf(controller: Class, report: Report): readonly DeclaredRoute[] {
  reportMisplaced(controller, report)
  const declaration = classDeclaration(controller, controllerKind)
  if (declaration === undefined) {
    report({ place: controller.name, problem: 'it is no controller', mend: "put @Controller('/path') on the class" })
    return []
  }
  const members = declaredMembers(controller)
  if (!members.some((member) => ownMemberDeclarations(controller, member, routeKind).length > 0)) {
    report({ place: controller.name, problem: 'it has no routes', mend: 'put @Get(path), @Post(path) … on its methods' })
  }
  // Said once, of the class: each of its routes would say it again.
  if (pathOf(controller.name, declaration.prefix, '', report) === undefined) return []
  return members.flatMap((member) => routesOfMember(controller, declaration, member, report))
}

function routesOfMember(controller: Class, declared: ControllerDeclaration, member: string, report: Report): readonly DeclaredRoute[] {
  const place = `${controller.name}.${member}`
  const declarations = ownMemberDeclarations(controller, member, routeKind)
  if (declarations.length === 0) {
    report({ place, problem: 'it has decorators but is no route', mend: 'add @Get(path), @Post(path) …, or take the decorators away' })
  }
  return declarations.flatMap((declaration) => {
    const path = pathOf(place, declared.prefix, declaration.path, report)
    return path === undefined ? [] : [declaredRoute(controller, member, declaration.method, path, report)]
  })
}

function pathOf(place: string, prefix: string, path: string, report: Report): RoutePath | undefined {
  try {
    return routePath(prefix, path)
  } catch (error) {
    report({ place, problem: (error as Error).message, mend: "write it as '/orders/:id'" })
    return undefined
  }
}

function declaredRoute(controller: Class, member: string, method: Method, { path, params }: RoutePath, report: Report): DeclaredRoute {
  const policy = policyOf(controller, member)
  const facts: Record<string, unknown> = {}
  const setup = {
    policy,
    name: policy.name,
    method,
    path,
    params,
    mistake: (problem: string, mend: string) => report({ place: policy.name, problem, mend }),
    describe: (name: string, value: unknown) => {
      facts[name] = value
    },
  }
  return { setup, facts }
}

function reportMisplaced(controller: Class, report: Report): void {
  for (const { target, declarations } of lineage(controller)) {
    for (const { kind, member, on } of declarations.misplaced) {
      report({
        place: `${target.name}.${member}`,
        problem: `@${kind} stands on ${on}, where it protects nothing`,
        mend: 'put it on a public method of the class',
      })
    }
  }
}

function reportConflicts(routes: readonly DeclaredRoute[], report: Report): void {
  const seen = new Map<string, DeclaredRoute>()
  for (const route of routes) {
    const { method, path, name } = route.setup
    const shape = `${method} ${path.replaceAll(/:[^/]+/g, ':')}`
    const first = seen.get(shape)
    if (first === undefined) seen.set(shape, route)
    else {
      report({
        place: name,
        problem: `${method} ${path} is taken already by ${first.setup.name} (${first.setup.path})`,
        mend: 'give one of the two another path',
      })
    }
  }
}
