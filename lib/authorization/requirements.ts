import type { RouteDecorator } from '../decorator.js'
import type { Duration } from '../duration.js'
import { kind } from '../policy.js'
import type { Kind } from '../policy.js'

/** Whether all of the names must be granted, or one is enough. */
export type Mode = 'all' | 'any'

/** Options that stand after the names. */
export interface RequirementOptions {
  readonly mode?: Mode
}

/** Names, and options after them. */
export type Names<Name extends string> = readonly [...Name[], Name | RequirementOptions]

/** What a decorator of access asks for. */
export interface Requirement {
  readonly names: readonly string[]
  readonly mode: Mode
}

/** What a route asks of the login behind a token, by its claims (OpenID Connect Core §2). What is left out is not asked for. */
export interface LoginRequirement {
  /** Accepted values of the claim `acr`, how somebody logged in; of several one is enough, and clients are told the first first. */
  readonly acr?: string | readonly string[]
  /** Methods that must all stand in the claim `amr`, such as `otp` and `hwk` (RFC 8176). */
  readonly amr?: string | readonly string[]
  /** The longest that the login may be ago, by the claim `auth_time`: whole seconds, up to 365 days. */
  readonly maxAge?: Duration
}

export const publicKind = kind<true>('Public')
export const authenticatedKind = kind<LoginRequirement>('Authenticated')
export const permissionKind = kind<Requirement>('RequirePermission')
export const roleKind = kind<Requirement>('RequireRole')
export const scopeKind = kind<Requirement>('RequireScope')

/** The kinds that close a route. */
export const requirementKinds: ReadonlyArray<Kind<unknown>> = Object.freeze([
  authenticatedKind,
  permissionKind,
  roleKind,
  scopeKind,
] as unknown as ReadonlyArray<Kind<unknown>>)

/**
 * Opens a route to everyone. On a method it is an exception from what its classes require; beside a requirement on the
 * same level, or against one on a method that it overrides, it contradicts, and the API does not start.
 */
export function Public(): RouteDecorator {
  return publicKind.declare(true)
}

/**
 * Requires a caller with a valid token, whoever it is; and with options a login that is strong and recent enough, in the manner of RFC 9470:
 * `@Authenticated({ acr: 'urn:example:mfa', maxAge: '5 min' })`. Parent classes, class and method add up. Whoever lacks it is answered 401 with
 * what to ask the authorization server for; claims that are missing or malformed are lacking.
 */
export function Authenticated(login: LoginRequirement = {}): RouteDecorator {
  return authenticatedKind.declare(login)
}

/** Requires permissions: all of them, or one with `{ mode: 'any' }` after the names. */
export function RequirePermission(...permissions: Names<string>): RouteDecorator {
  return permissionKind.declare(requirement(permissions, 'all'))
}

/** Requires a role: one of them, or all with `{ mode: 'all' }` after the names. Prefer permissions: roles change. */
export function RequireRole(...roles: Names<string>): RouteDecorator {
  return roleKind.declare(requirement(roles, 'any'))
}

/** Requires scopes of the token (RFC 6749 §3.3): all of them, or one with `{ mode: 'any' }` after the names. */
export function RequireScope(...scopes: Names<string>): RouteDecorator {
  return scopeKind.declare(requirement(scopes, 'all'))
}

function requirement(given: ReadonlyArray<string | RequirementOptions>, mode: Mode): Requirement {
  const names = given.filter((one) => typeof one === 'string')
  const options = given.find((one) => typeof one !== 'string')
  return { names, mode: options?.mode ?? mode }
}
