import { isSameAlgorithm } from './algorithms.js'
import type { CompactSignature, Fields } from './compact-token.js'
import type { VerificationKey } from './keys.js'
import type { TokenRefusal } from './verifier.js'

/** Which headers a verifier takes. */
export interface HeaderRules {
  /** The accepted `typ`, in lower case and without `application/`. */
  readonly types: ReadonlySet<string>
  readonly typeRequired: boolean
}

/** Why a token cannot be one that is signed with `key`, going by its header; undefined where it can. */
export function headerRefusal(
  { header, signatureLength }: CompactSignature,
  key: VerificationKey,
  rules: HeaderRules,
): TokenRefusal | undefined {
  // The token does not choose how it is verified (RFC 8725 §3.1): 'none', or an HMAC keyed with a public key.
  if (!isSameAlgorithm(header['alg'], key.algorithm)) return 'wrong-algorithm'
  // We know no extension, so none may be critical (RFC 7515 §4.1.11); keys that a token brings along prove nothing.
  for (const name of refusedParameters) if (name in header) return 'unknown-extension'
  if (!isAcceptedType(header['typ'], rules) || isNested(header['cty'])) return 'wrong-type'
  return signatureLength === key.signatureLength ? undefined : 'bad-signature'
}

/** Whether a header says that this is an access token of RFC 9068. */
export function isAccessToken({ typ }: Fields): boolean {
  return typeof typ === 'string' && toMediaType(typ) === 'at+jwt'
}

/** `application/AT+JWT` → `at+jwt`: media types are compared so (RFC 7515 §4.1.9). */
export function toMediaType(type: string): string {
  const lower = type.toLowerCase()
  return lower.startsWith('application/') ? lower.slice('application/'.length) : lower
}

const refusedParameters = ['crit', 'b64', 'jwk', 'jku', 'x5u', 'x5c'] as const

function isAcceptedType(type: Fields[string], rules: HeaderRules): boolean {
  if (type === undefined) return !rules.typeRequired
  return typeof type === 'string' && rules.types.has(toMediaType(type))
}

function isNested(contentType: Fields[string]): boolean {
  return contentType !== undefined && (typeof contentType !== 'string' || toMediaType(contentType) === 'jwt')
}
