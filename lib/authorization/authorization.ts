import type { Principal } from '../context.js'
import { PermissionDenied, Unauthenticated } from '../errors.js'
import type { LoginChallenge } from '../login-challenge.js'
import type { OperationDraft } from '../operation.js'
import type { ApiError, ApiErrorOptions } from '../errors.js'
import type { Declared, Policy } from '../policy.js'
import type { Protection, RouteSetup, Step } from '../protection.js'
import { documentLogin, loginCheck, loginOf } from './login.js'
import { nearestName } from './nearest-name.js'
import type { PermissionCatalogue } from './permissions.js'
import { authenticatedKind, permissionKind, publicKind, requirementKinds, roleKind, scopeKind } from './requirements.js'
import type { Requirement } from './requirements.js'

/** What the access of an API rests on. */
export interface AccessOptions {
  readonly permissions: PermissionCatalogue | undefined
  /** Whether callers can be known at all. */
  readonly authentication: boolean
  /** Headers of the 403 for a token that lacks a scope (RFC 6750 §3.1). */
  readonly insufficientScope: (scope: string) => readonly string[]
  /** Headers of the 401 for a login that is too old or too weak (RFC 9470 §3). */
  readonly insufficientAuthentication: (needed: LoginChallenge) => readonly string[]
}

type Check = (principal: Principal, now: number) => ApiError | undefined

/** Whether a route is open: `@Public` on the method, or on its classes with no requirement anywhere. */
export function isPublic(policy: Policy): boolean {
  const open = policy.all(publicKind)
  if (open.some(({ level }) => level === 'method')) return true
  return open.length > 0 && requirementsOf(policy).length === 0
}

/** Checks who may use a route. A route that says nothing does not start. */
export function access(options: AccessOptions): Protection {
  return {
    name: 'access',
    phase: 'access',
    decidesBy: 'caller',
    compile(route) {
      reportContradictions(route)
      const requirements = requirementsOf(route.policy)
      if (isPublic(route.policy)) {
        route.describe('access', 'public')
        return undefined
      }
      if (requirements.length === 0) {
        route.mistake('nothing says who may use it', 'add @RequirePermission(…), @Authenticated() or @Public()')
      } else if (!options.authentication) {
        route.mistake('it needs a caller, and the API knows no way to know one', 'give createApi an authentication: bearer({ … })')
      }
      reportUnknown(route, options.permissions)
      route.describe('access', described(route.policy))
      const login = loginOf(route)
      if (login !== undefined) route.describe('login', login)
      const checks = checksOf(route, options.insufficientScope)
      // Whoever may not is not sent to log in again first.
      return accessStep(login === undefined ? checks : [...checks, loginCheck(login, options.insufficientAuthentication)])
    },
    document(route, operation) {
      if (isPublic(route.policy)) return
      documentAccess(route.policy, operation)
      documentLogin(loginOf(route), operation)
    },
  }
}

function documentAccess(policy: Policy, operation: OperationDraft): void {
  const told = [
    { extension: 'x-permissions', what: 'permission', needs: policy.all(permissionKind) },
    { extension: 'x-roles', what: 'role', needs: policy.all(roleKind) },
    { extension: 'x-scopes', what: 'scope', needs: policy.all(scopeKind) },
  ] as const
  for (const { extension, what, needs } of told.filter(({ needs }) => needs.length > 0)) {
    const values = needs.map(({ value }) => value)
    for (const { names, mode } of values) {
      const words = names.map((name) => `\`${name}\``).join(mode === 'all' ? ' and ' : ' or ')
      operation.note(`It needs the ${what}${names.length > 1 && mode === 'all' ? 's' : ''} ${words}.`)
      operation.needs(what, mode === 'all' ? [names] : names.map((name) => [name]))
    }
    operation.extension(extension, values)
    operation.refusal({ status: 403, code: 'permission-denied' })
  }
}

// Refusals that say the same each time are made once, when first somebody is refused: a stack costs more than all checks together.
const unknown = Object.freeze(new Unauthenticated())

function accessStep(checks: readonly Check[]): Step {
  return function requireAccess({ principal, receivedAt }) {
    if (principal.kind === 'anonymous') return unknown
    for (const check of checks) {
      const refusal = check(principal, receivedAt)
      if (refusal !== undefined) return refusal
    }
    return undefined
  }
}

function requirementsOf(policy: Policy): ReadonlyArray<Declared<unknown>> {
  return requirementKinds.flatMap((kind) => policy.all(kind))
}

function reportContradictions({ policy, mistake }: RouteSetup): void {
  const open = policy.all(publicKind)
  const closed = requirementsOf(policy)
  const same = open.find(({ place }) => closed.some((other) => other.place === place))
  if (same !== undefined) {
    mistake(`${same.place} is @Public() and closed at once`, 'take one of the two away')
    return
  }
  const opened = open.find(({ level }) => level === 'method')
  const inherited = closed.find(({ level }) => level === 'method')
  if (opened !== undefined && inherited !== undefined) {
    mistake(`${opened.place} opens what ${inherited.place} closes`, 'a subclass may close what its parent opens, never open what it closes')
  }
  const classes = open.find(({ level }) => level === 'class')
  const closedClass = closed.find(({ level }) => level === 'class')
  if (classes !== undefined && closedClass !== undefined) {
    mistake(`the class ${classes.place} is @Public(), the class ${closedClass.place} is closed`, 'take one of the two away')
  }
}

function reportUnknown({ policy, mistake }: RouteSetup, catalogue: PermissionCatalogue | undefined): void {
  for (const kind of [permissionKind, roleKind, scopeKind]) {
    for (const { value } of policy.all(kind)) {
      if (value.names.length === 0) mistake(`@${kind.name}() names nothing`, 'name what is required, or say @Authenticated()')
    }
  }
  if (catalogue === undefined) return
  for (const name of policy.all(permissionKind).flatMap(({ value }) => value.names)) {
    if (catalogue.names.has(name)) continue
    const near = nearestName(name, catalogue.names)
    mistake(
      `the permission ${JSON.stringify(name)} does not exist`,
      near === undefined ? 'add it to definePermissions({ … })' : `did you mean ${JSON.stringify(near)}?`,
    )
  }
}

function described(policy: Policy): unknown {
  const named = (declared: ReadonlyArray<Declared<Requirement>>) =>
    declared.length === 0 ? undefined : declared.map(({ value }) => value.names.join(value.mode === 'all' ? ' and ' : ' or '))
  const rules = {
    permissions: named(policy.all(permissionKind)),
    roles: named(policy.all(roleKind)),
    scopes: named(policy.all(scopeKind)),
  }
  const declared = Object.entries(rules).filter(([, names]) => names !== undefined)
  return declared.length === 0 && policy.all(authenticatedKind).length > 0 ? 'authenticated' : Object.fromEntries(declared)
}

function checksOf({ policy }: RouteSetup, insufficientScope: AccessOptions['insufficientScope']): readonly Check[] {
  return [
    ...policy.all(permissionKind).map(({ value }) => permissionCheck(value, insufficientScope)),
    ...policy.all(roleKind).map(({ value }) => roleCheck(value)),
    ...policy.all(scopeKind).map(({ value }) => scopeCheck(value, insufficientScope)),
  ]
}

function permissionCheck(requirement: Requirement, insufficientScope: AccessOptions['insufficientScope']): Check {
  const scope = requirement.names.join(' ')
  const reason = `missing-permission ${scope}`
  const missing = denied(() => ({ reason }))
  const restricted = denied(() => ({ reason, headers: insufficientScope(scope) }))
  return function requirePermission({ permissions, scopes }) {
    if (isGranted(requirement, (name) => permissions.has(name))) return undefined
    // Where the token is restricted to scopes, another one may do: a client is told what to ask for.
    const isRestricted = scopes.length > 0 && !isGranted(requirement, (name) => scopes.includes(name))
    return isRestricted ? restricted() : missing()
  }
}

function roleCheck(requirement: Requirement): Check {
  const missing = denied(() => ({ reason: `missing-role ${requirement.names.join(' ')}` }))
  return function requireRole({ roles }) {
    return isGranted(requirement, (name) => roles.includes(name)) ? undefined : missing()
  }
}

/** A token without the scope is told which scope it lacks. */
function scopeCheck(requirement: Requirement, insufficientScope: AccessOptions['insufficientScope']): Check {
  const scope = requirement.names.join(' ')
  const missing = denied(() => ({ reason: `missing-scope ${scope}`, headers: insufficientScope(scope) }))
  return function requireScope({ scopes }) {
    return isGranted(requirement, (name) => scopes.includes(name)) ? undefined : missing()
  }
}

function denied(options: () => ApiErrorOptions): () => PermissionDenied {
  let made: PermissionDenied | undefined
  return () => (made ??= Object.freeze(new PermissionDenied(undefined, options())))
}

function isGranted({ names, mode }: Requirement, has: (name: string) => boolean): boolean {
  return names.length > 0 && (mode === 'all' ? names.every(has) : names.some(has))
}
