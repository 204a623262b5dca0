import { ProofRefused, proofVerifier } from '../../authentication/dpop.js'
import type { ProofOptions } from '../../authentication/dpop-options.js'
import type { ProofServices } from '../../authentication/dpop.js'
import type { Context } from '../../context.js'
import { OAuthError } from './oauth-error.js'

/** Reads proofs of keys at the token endpoint (RFC 9449 §5). */
export interface ProofOfPossession {
  /** The thumbprint of the key that a request proves; undefined where it brings no proof. */
  thumbprintOf(context: Context): Promise<string | undefined>
}

/** @param url the token endpoint, as clients know it */
export function proofsAt(url: string, options: ProofOptions, services: ProofServices): ProofOfPossession {
  const verifier = proofVerifier(options, services)
  return {
    async thumbprintOf(context) {
      const { request } = context
      if (request.headers['dpop'] === undefined) return undefined
      const nonce = verifier.nonce()
      if (nonce !== undefined) context.setHeader('DPoP-Nonce', nonce)
      try {
        return await verifier.verify({ request, url })
      } catch (thrown) {
        if (!(thrown instanceof ProofRefused)) throw thrown
        if (thrown.reason === 'nonce') throw new OAuthError('use_dpop_nonce', 'The proof needs the nonce of DPoP-Nonce.')
        const event = thrown.reason === 'replayed' ? 'authn_token_reuse' : 'authn_login_fail'
        throw new OAuthError('invalid_dpop_proof', 'The DPoP proof is not valid.', { reason: `proof-${thrown.reason}`, event })
      }
    },
  }
}
