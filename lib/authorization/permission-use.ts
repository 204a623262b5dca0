import type { RouteSetup } from '../protection.js'
import type { PermissionCatalogue } from './permissions.js'
import { permissionKind } from './requirements.js'

/** How the permissions of an API and its routes stand to each other. */
export interface PermissionUse {
  /** The names of the routes that ask for each permission; of the catalogue's, those that open nothing too. */
  readonly routes: Readonly<Record<string, readonly string[]>>
  /** Permissions of the catalogue that no route asks for: a typo elsewhere, or granted for nothing. */
  readonly unused: readonly string[]
  /** Routes that share no permission with any other: what they ask for opens nothing else. */
  readonly alone: readonly string[]
  /** Routes that ask for no permission: public ones, and those for whoever has logged in or has a role or scope. */
  readonly without: readonly string[]
}

/** Finds out which routes ask for which permissions. */
export function permissionUse(routes: readonly RouteSetup[], catalogue: PermissionCatalogue | undefined): PermissionUse {
  const byPermission = new Map<string, string[]>([...(catalogue?.names ?? [])].map((name) => [name, []]))
  const asked = routes.map(({ name, policy }) => {
    const permissions = policy.all(permissionKind).flatMap(({ value }) => value.names)
    return { name, permissions: [...new Set(permissions)] }
  })
  for (const { name, permissions } of asked) {
    for (const permission of permissions) byPermission.set(permission, [...(byPermission.get(permission) ?? []), name])
  }
  const isAlone = ({ permissions }: { readonly permissions: readonly string[] }) =>
    permissions.length > 0 && permissions.every((permission) => byPermission.get(permission)?.length === 1)
  return {
    routes: Object.fromEntries(byPermission),
    unused: [...byPermission].flatMap(([permission, names]) => (names.length === 0 ? [permission] : [])),
    alone: asked.filter(isAlone).map(({ name }) => name),
    without: asked.filter(({ permissions }) => permissions.length === 0).map(({ name }) => name),
  }
}
