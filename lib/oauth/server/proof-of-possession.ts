import type { Clock, Context } from '../../context.js'
import type { StateStore } from '../../state/state-store.js'

/** Reads proofs of keys at the token endpoint (RFC 9449 §5). */
export interface ProofOfPossession {
  /** The thumbprint of the key that a request proves; undefined where it brings no proof. */
  thumbprintOf(context: Context): Promise<string | undefined>
}

export function proofsAt(_url: string, _services: { readonly state: StateStore; readonly clock: Clock }): ProofOfPossession {
  return { thumbprintOf: () => Promise.resolve(undefined) }
}
