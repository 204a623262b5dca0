import { brand } from '../brand.js'
import type { Identity } from '../context.js'
import type { CacheUse } from '../monitor.js'
import { isPromiseLike } from '../promise.js'

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
   * request as an error of ours (503 for `Unavailable`, else 500). The principal of handlers has the fields of `Identity` and
   * no others: what else is known of the caller belongs in `claims`. Where it gives one object for many requests, it freezes it.
   *
   * @param token what stood behind `Bearer` in the header: unchecked input
   * @param now milliseconds since 1970
   */
  verify(token: string, now: number): Identity | Promise<Identity>
  /** How often it knew a token already, since it was made. @default it remembers none */
  readonly cacheUse?: CacheUse
}

/** What comes of a token: whom it speaks of, or why it is refused. */
export type Verdict = Identity | TokenRefused

/** A verifier of ours. It can give its refusals: to throw one costs several times as much as to find it. */
export interface TokenJudge extends TokenVerifier {
  /** As `verify`, giving what that throws of a token. */
  judge(token: string, now: number): Verdict | Promise<Verdict>
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

/** What `verify` makes of a verdict: the identity, or a throw. */
export function admitted(verdict: Verdict | Promise<Verdict>): Identity | Promise<Identity> {
  return isPromiseLike(verdict) ? verdict.then(identityIn) : identityIn(verdict)
}

function identityIn(verdict: Verdict): Identity {
  if (verdict instanceof Error) throw verdict
  return verdict
}

const refusals = new Map<TokenRefusal, TokenRefused>()

/** The refusal for a reason, made once: a stack costs more than the check, and whoever forges tokens would have one made for each. */
export function refused(reason: TokenRefusal): TokenRefused {
  const known = refusals.get(reason)
  if (known !== undefined) return known
  const made = Object.freeze(new TokenRefused(reason))
  refusals.set(reason, made)
  return made
}
