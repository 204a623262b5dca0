import type { RouteDecorator } from '../decorator.js'
import { isKept } from '../context.js'
import type { Identity, Principal } from '../context.js'
import { principalWith } from '../principal.js'
import { RequirePermission } from './requirements.js'
import type { Names } from './requirements.js'

/** What can be done, by resource: `{ orders: ['read', 'write'] }`. */
export type PermissionDefinition = Readonly<Record<string, readonly string[]>>

/** The names that a definition makes: `'orders:read' | 'orders:write'`. */
export type PermissionName<D extends PermissionDefinition> = {
  [Resource in keyof D & string]: `${Resource}:${D[Resource][number]}`
}[keyof D & string]

/** All permissions that exist. */
export interface PermissionCatalogue {
  readonly names: ReadonlySet<string>
}

/** All permissions that exist, known to the compiler. */
export interface DefinedPermissions<Name extends string> extends PermissionCatalogue {
  readonly names: ReadonlySet<Name>
  /** `@RequirePermission` that knows the names: a typo does not compile. */
  readonly RequirePermission: (...permissions: Names<Name>) => RouteDecorator
}

/** What one role may: names and wildcards (`orders:*`, `*`), or with the roles that it includes. */
export type RoleDefinition<Name extends string = string, Role extends string = string> =
  | ReadonlyArray<Grant<Name>>
  | { readonly inherits?: readonly Role[]; readonly grants?: ReadonlyArray<Grant<Name>> }

type Grant<Name extends string> = Name | '*' | (Name extends `${infer Resource}:${string}` ? `${Resource}:*` : never)

/** What each role may, wildcards and inheritance expanded. */
export type Roles = ReadonlyMap<string, ReadonlySet<string>>

/** Says what an identity may: from its token, from a database, from wherever. A source that throws refuses. */
export interface PermissionSource {
  permissionsOf(identity: Identity): Iterable<string> | Promise<Iterable<string>>
  /** Whether the same token always gets the same answer, so that it is asked once for each. @default false */
  readonly isStable?: boolean
}

const part = /^[A-Za-z0-9_.-]+$/

/**
 * Defines all permissions of an API: `definePermissions({ orders: ['read', 'write'] })` makes `orders:read` and
 * `orders:write`. Give it to `createApi({ permissions })`, and a route that requires another one does not start.
 * Throws a `TypeError` on names that hold anything but letters, digits, `_`, `.` and `-`.
 */
export function definePermissions<const D extends PermissionDefinition>(definition: D): DefinedPermissions<PermissionName<D>> {
  const names = Object.entries(definition).flatMap(([resource, actions]) => actions.map((action) => `${resource}:${action}`))
  const broken = Object.entries(definition)
    .flatMap(([resource, actions]) => [resource, ...actions])
    .filter((one) => !part.test(one))
  if (broken.length > 0) throw new TypeError(`not names of permissions: ${broken.map((one) => JSON.stringify(one)).join(', ')}`)
  return Object.freeze({ names: new Set(names as Array<PermissionName<D>>), RequirePermission })
}

/**
 * Defines what each role may. Wildcards are expanded against the catalogue, so that a permission that is added later is
 * granted to whoever has `orders:*` by a new start only. Throws one `TypeError` for all unknown names and circles.
 */
export function defineRoles<Name extends string, const Role extends string>(
  catalogue: DefinedPermissions<Name>,
  definition: Readonly<Record<Role, RoleDefinition<NoInfer<Name>, NoInfer<Role>>>>,
): Roles {
  const problems: string[] = []
  const roles = new Map(
    (Object.keys(definition) as Role[]).map((role) => [role, new Set(grantsOf(role, definition, catalogue, [], problems))] as const),
  )
  if (problems.length > 0) throw new TypeError(`the roles cannot be: ${[...new Set(problems)].join('; ')}`)
  return roles
}

function grantsOf(
  role: string,
  definition: Readonly<Record<string, RoleDefinition>>,
  catalogue: PermissionCatalogue,
  path: readonly string[],
  problems: string[],
): readonly string[] {
  const own = Object.hasOwn(definition, role) ? definition[role] : undefined
  if (own === undefined) problems.push(`${path.at(-1)} inherits the unknown role ${JSON.stringify(role)}`)
  if (path.includes(role)) problems.push([...path, role].join(' inherits '))
  if (own === undefined || path.includes(role)) return []
  const { inherits = [], grants = [] } = isList(own) ? { grants: own } : own
  return [
    ...inherits.flatMap((parent) => grantsOf(parent, definition, catalogue, [...path, role], problems)),
    ...grants.flatMap((grant) => expand(role, grant, catalogue, problems)),
  ]
}

function isList(definition: RoleDefinition): definition is readonly string[] {
  return Array.isArray(definition)
}

function expand(role: string, grant: string, { names }: PermissionCatalogue, problems: string[]): readonly string[] {
  const found = [...names].filter(
    (name) => grant === '*' || name === grant || (grant.endsWith(':*') && name.startsWith(grant.slice(0, -1))),
  )
  if (found.length === 0) problems.push(`${role} is granted the unknown permission ${JSON.stringify(grant)}`)
  return found
}

/**
 * The source that is used where no other is registered: what the token itself grants, and what its roles may. A client
 * that acts for itself may what its scopes say; a user who lent a client some scopes lends no more than those.
 */
export function claimsAndRoles(roles: Roles = new Map()): PermissionSource {
  return {
    isStable: true,
    permissionsOf(identity) {
      const own = [...(identity.grants ?? [])]
      for (const role of identity.roles) own.push(...(roles.get(role) ?? []))
      if (identity.kind === 'client') return [...own, ...identity.scopes]
      return identity.scopes.length === 0 ? own : own.filter((permission) => identity.scopes.includes(permission))
    },
  }
}

/** Makes principals out of identities: a stable source is asked once for each identity that is kept, any other on each request. */
export function principalBuilder(source: PermissionSource): (identity: Identity) => Principal | Promise<Principal> {
  const known = new WeakMap<Identity, Principal>()
  return function principalOf(identity) {
    const before = known.get(identity)
    if (before !== undefined) return before
    const permissions = source.permissionsOf(identity)
    if (permissions instanceof Promise) return permissions.then((found) => principalWith(identity, found))
    const made = principalWith(identity, permissions)
    if (source.isStable === true && isKept(identity)) known.set(identity, made)
    return made
  }
}
