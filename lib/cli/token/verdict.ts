import type { TokenRefusal, TokenVerifier } from '../../authentication/verifier.js'
import { TokenRefused } from '../../authentication/verifier.js'
import { CommandError } from '../command.js'

/** What a verification came to. */
export interface Verdict {
  readonly verdict: 'valid' | 'expired' | 'not yet valid' | 'invalid' | 'not verified'
  /** The end of a sentence. */
  readonly because: string
}

const reasons: Readonly<Record<TokenRefusal, string>> = {
  'too-large': 'it is longer than the 8,192 bytes that bearer takes',
  malformed: 'it is no JWT to the letter, or a claim is not in the form that it must have',
  'wrong-type': 'its typ says that it is something else than an access token',
  'unknown-key': 'no key has the name that it bears',
  'wrong-algorithm': 'its algorithm is not the one of the key',
  'unknown-extension': 'its header brings a key along, or an extension that is not known (crit, b64, jwk, jku, x5u, x5c)',
  'bad-signature': 'the key has not made its signature',
  expired: 'the signature is right, and its time is over',
  'not-yet-valid': 'the signature is right, and its time has not come (nbf, iat)',
  'wrong-issuer': 'it is of another issuer, or of none',
  'wrong-audience': 'it is for another audience, or for none',
  'no-subject': 'it has no sub',
  'no-token-id': 'it has no jti',
  'no-client': 'an access token of RFC 9068 (at+jwt) needs client_id, iat and jti',
  inactive: 'its issuer says that it is not active',
  unbound: 'it is not bound to a key',
  'sender-constrained': 'it is bound in a way that is not known',
  revoked: 'the signature is right, and it was revoked',
}

const times: Partial<Readonly<Record<TokenRefusal, Verdict['verdict']>>> = { expired: 'expired', 'not-yet-valid': 'not yet valid' }

/** What a verifier says of a token. Throws a `CommandError` where it cannot say, since its keys cannot be had. */
export async function verdictOf(token: string, verifier: Pick<TokenVerifier, 'verify'>, now: number, proven: string): Promise<Verdict> {
  try {
    const { proofKey } = await verifier.verify(token, now)
    const bound = proofKey === undefined ? '' : '; it is bound to a key, so an API wants a proof of that key besides (DPoP)'
    return { verdict: 'valid', because: `${proven}${bound}` }
  } catch (thrown) {
    if (!(thrown instanceof TokenRefused)) throw new CommandError(`the token cannot be verified: ${messageOf(thrown)}`, { cause: thrown })
    return { verdict: times[thrown.reason] ?? 'invalid', because: reasons[thrown.reason] }
  }
}

function messageOf(thrown: unknown): string {
  const { message, cause } = thrown as { readonly message?: unknown; readonly cause?: unknown }
  return cause instanceof Error ? `${String(message)} (${cause.message})` : String(message)
}
