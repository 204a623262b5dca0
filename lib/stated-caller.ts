import { anonymous } from './context.js'
import type { Identity, Principal } from './context.js'
import { principalWith } from './principal.js'

/** A caller as the verified token would name it; what is left out is as of a user without anything. */
export type StatedCaller = Partial<Identity> & {
  /** Takes the place of what the permission source would say. @default it is asked */
  readonly permissions?: Iterable<string>
}

/** Who is stated to call. */
export function statedIdentity({ permissions: _permissions, ...said }: StatedCaller): Identity {
  return { ...anonymous, kind: 'user', id: 'somebody', ...said }
}

/** What the stated caller may: as stated, or else as `principalOf` says. */
export function statedPrincipal(
  { permissions }: StatedCaller,
  identity: Identity,
  principalOf: (identity: Identity) => Principal | Promise<Principal>,
): Principal | Promise<Principal> {
  return permissions === undefined ? principalOf(identity) : principalWith(identity, permissions)
}
