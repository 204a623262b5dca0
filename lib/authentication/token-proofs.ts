import type { Identity } from '../context.js'
import { InvalidProof } from '../errors.js'
import type { Exchange } from '../exchange.js'
import type { Challenges } from './challenges.js'
import { ProofRefused } from './dpop.js'
import type { ProofVerifier } from './dpop.js'
import { refused } from './verifier.js'
import type { TokenVerifier, Verdict } from './verifier.js'

/** What tokens that are bound to a key are checked with. */
export interface TokenProofOptions {
  readonly verifier: TokenVerifier
  readonly proofs: ProofVerifier
  readonly challenges: Challenges
  /** Where clients know the API. */
  readonly origin: string
  readonly isRequired: boolean
}

/** Callers who prove to have the key that their token is bound to. */
export interface TokenProofs {
  readonly isRequired: boolean
  /** Who calls, with a token behind the scheme `DPoP` (RFC 9449 §7.1). */
  identify(exchange: Exchange, token: string): Promise<Identity>
}

export function tokenProofs({ verifier, proofs, challenges, origin, isRequired }: TokenProofOptions): TokenProofs {
  return {
    isRequired,
    async identify(exchange, token) {
      const nonce = proofs.nonce()
      if (nonce !== undefined) exchange.setHeader('DPoP-Nonce', nonce)
      const identity: Verdict = await verifier.verify(token, exchange.receivedAt)
      if (identity instanceof Error) throw identity
      // A token without a key proves nothing more in this scheme than as a bearer token.
      if (identity.proofKey === undefined) throw refused('unbound')
      const thumbprint = await proved(exchange, token)
      if (thumbprint !== identity.proofKey) throw refused('sender-constrained')
      return identity
    },
  }

  async function proved({ request, target }: Exchange, accessToken: string): Promise<string> {
    try {
      return await proofs.verify({ request, url: `${origin}${request.mountPath ?? ''}${target.path}`, accessToken })
    } catch (thrown) {
      if (!(thrown instanceof ProofRefused)) throw thrown
      const headers = thrown.reason === 'nonce' ? challenges.useNonce : challenges.invalidProof
      const event = thrown.reason === 'replayed' ? 'authn_token_reuse' : 'authn_login_fail'
      // Unlike a token's, a proof's fault is its maker's to mend.
      throw new InvalidProof(undefined, { headers, reason: `proof-${thrown.reason}`, event })
    }
  }
}
