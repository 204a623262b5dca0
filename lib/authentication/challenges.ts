import type { LoginChallenge } from '../login-challenge.js'

/** What stands in every challenge of an API (RFC 9110 §11.6.1). */
export interface ChallengeOptions {
  /** Names what is protected. */
  readonly realm: string
  /** Where the metadata of this resource stand (RFC 9728 §5.1). */
  readonly resourceMetadata?: string | undefined
  /** The algorithms of proofs, where tokens bound to a key are taken (RFC 9449 §7.1): `ES256 EdDSA`. */
  readonly proofAlgorithms?: string | undefined
  /** Whether tokens that are not bound to a key are refused. */
  readonly isProofRequired?: boolean
}

/** The values of `WWW-Authenticate` that an API answers with (RFC 6750 §3, RFC 9449 §7.1), as headers. */
export interface Challenges {
  /** No credentials came. It says nothing of errors. */
  readonly missing: readonly string[]
  /** A token came and is refused. */
  readonly invalidToken: readonly string[]
  /** Credentials came in more than one way. */
  readonly invalidRequest: readonly string[]
  /** The proof that came with a token is refused. */
  readonly invalidProof: readonly string[]
  /** The proof must hold the nonce that comes in the header `DPoP-Nonce`. */
  readonly useNonce: readonly string[]
  /** The token lacks the scope. */
  readonly insufficientScope: (scope: string) => readonly string[]
  /** The login behind the token is too old or too weak. */
  readonly insufficientAuthentication: (needed: LoginChallenge) => readonly string[]
}

/** Builds the challenges of one API, once. */
export function challengesOf({ realm, resourceMetadata, proofAlgorithms, isProofRequired = false }: ChallengeOptions): Challenges {
  const common = [`realm="${quotable(realm)}"`, ...parameter('resource_metadata', resourceMetadata)]
  const bearer = (...more: readonly string[]) => `Bearer ${[...common, ...more].join(', ')}`
  // Beside the other, one says for both where things are.
  const known = isProofRequired ? common : []
  const dpop = (...more: readonly string[]) => `DPoP ${[...known, ...more, ...parameter('algs', proofAlgorithms)].join(', ')}`
  const both = (...more: readonly string[]) => {
    if (proofAlgorithms === undefined) return header(bearer(...more))
    return header(isProofRequired ? dpop(...more) : `${bearer(...more)}, ${dpop(...more)}`)
  }
  return Object.freeze({
    missing: both(),
    invalidToken: both('error="invalid_token"', 'error_description="The access token is not valid"'),
    invalidRequest: both('error="invalid_request"', 'error_description="Send one access token, in one Authorization header"'),
    invalidProof: header(dpop('error="invalid_dpop_proof"', 'error_description="The DPoP proof is not valid"')),
    useNonce: header(dpop('error="use_dpop_nonce"', 'error_description="The DPoP proof needs the nonce of DPoP-Nonce"')),
    insufficientScope: (scope: string) => both('error="insufficient_scope"', ...parameter('scope', scope)),
    insufficientAuthentication: ({ description, acrValues, maxAge }: LoginChallenge) =>
      both(
        'error="insufficient_user_authentication"',
        ...parameter('error_description', description),
        ...parameter('acr_values', acrValues?.join(' ')),
        ...parameter('max_age', maxAge?.toString()),
      ),
  })
}

function parameter(name: string, value: string | undefined): readonly string[] {
  return value === undefined ? [] : [`${name}="${quotable(value)}"`]
}

function header(value: string): readonly string[] {
  return Object.freeze(['WWW-Authenticate', value])
}

/** What RFC 6750 §3 lets stand between quotes: no quote, no backslash, nothing that could end the header. */
function quotable(text: string): string {
  return text.replaceAll(/[^\x20\x21\x23-\x5b\x5d-\x7e]/g, '')
}
