import { brand } from '../brand.js'
import type { Identity } from '../context.js'
import type { CacheUse } from '../monitor.js'

/** Why a token was refused. For the log alone: every refusal answers alike. */
export type TokenRefusal =
  | 'too-large'
  | 'malformed'
  | 'wrong-type'
  | 'unknown-key'
  | 'wrong-algorithm'
  | 'unknown-extension'
  | 'bad-signature'
  | 'expired'
  | 'not-yet-valid'
  | 'wrong-issuer'
  | 'wrong-audience'
  | 'no-subject'
  | 'no-token-id'
  | 'no-client'
  | 'inactive'
  | 'unbound'
  | 'sender-constrained'
  | 'revoked'

/**
 * Proves access tokens. Register another one under `tokens.tokenVerifier` to take tokens that `bearer` does not know;
 * its answers are trusted, and revocation is asked after it, each time.
 */
export interface TokenVerifier {
  /**
   * The identity that a valid token speaks of. Throws `TokenRefused` for any other; whatever else it throws ends the
   * request as an error of ours (503 for `Unavailable`, else 500).
   *
   * @param token what stood behind `Bearer` in the header: unchecked input
   * @param now milliseconds since 1970
   */
  verify(token: string, now: number): Identity | Promise<Identity>
  /** How often it knew a token already, since it was made. @default it remembers none */
  readonly cacheUse?: CacheUse
}

/** Thrown by a `TokenVerifier`. The client gets the same 401 whatever the reason is. */
export class TokenRefused extends Error {
  static {
    brand(this, 'TokenRefused')
  }

  constructor(readonly reason: TokenRefusal) {
    super(`the access token is refused: ${reason}`)
    this.name = 'TokenRefused'
  }
}
