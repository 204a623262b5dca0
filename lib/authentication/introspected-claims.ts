import { readClaims } from './claims.js'
import type { ClaimRules, Validity } from './claims.js'
import type { Fields } from './compact-token.js'
import type { Identity } from '../context.js'
import type { TokenRefusal } from './verifier.js'

/** How long an answer without `exp` is good for, in seconds: it is asked for again much sooner. */
const unspokenLifetime = 3_600

/**
 * The identity in what an issuer says of a token (RFC 7662 §2.2). Only `active` must be there: what is left out of issuer and
 * audience is what was asked for, and a token without `sub` speaks of its client.
 */
export function readIntrospection(
  answer: Fields,
  rules: ClaimRules,
  now: number,
): { identity: Identity; validity: Validity } | TokenRefusal {
  const { token_type: type, sub, client_id: clientId, exp, cnf } = answer
  // Bound to a key, and not said to which: nobody can prove to have it.
  if (typeof type === 'string' && type.toLowerCase() === 'dpop' && cnf === undefined) return 'sender-constrained'
  return readClaims(
    Object.freeze({
      ...answer,
      iss: rules.issuer,
      aud: rules.audiences[0],
      sub: sub ?? clientId,
      exp: exp ?? Math.floor(now / 1000) + unspokenLifetime,
    }),
    rules,
  )
}
