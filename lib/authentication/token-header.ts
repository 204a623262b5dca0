import type { CompactToken, Fields } from './compact-token.js'
import type { VerificationKey } from './keys.js'
import type { TokenRefusal } from './verifier.js'

/** What a verifier knows before it sees a token. */
export interface HeaderRules {
  readonly keys: ReadonlyMap<string, VerificationKey>
  /** The key of tokens that name none: where there is only one. */
  readonly onlyKey: VerificationKey | undefined
  /** The accepted `typ`, in lower case and without `application/`. */
  readonly types: ReadonlySet<string>
  readonly typeRequired: boolean
}

/** The key that a token must be signed with, going by its header; or why there is none. */
export function keyOf({ header, signatureLength }: CompactToken, rules: HeaderRules): VerificationKey | TokenRefusal {
  const key = namedKey(header['kid'], rules)
  if (key === undefined) return 'unknown-key'
  // The token does not choose how it is verified (RFC 8725 §3.1): 'none', or an HMAC keyed with a public key.
  if (header['alg'] !== key.algorithm) return 'wrong-algorithm'
  // We know no extension, so none may be critical (RFC 7515 §4.1.11); keys that a token brings along prove nothing.
  for (const name of refusedParameters) if (name in header) return 'unknown-extension'
  if (!isAcceptedType(header['typ'], rules) || isNested(header['cty'])) return 'wrong-type'
  return signatureLength === key.signatureLength ? key : 'bad-signature'
}

/** `application/AT+JWT` → `at+jwt`: media types are compared so (RFC 7515 §4.1.9). */
export function toMediaType(type: string): string {
  const lower = type.toLowerCase()
  return lower.startsWith('application/') ? lower.slice('application/'.length) : lower
}

const refusedParameters = ['crit', 'b64', 'jwk', 'jku', 'x5u', 'x5c'] as const

function namedKey(kid: unknown, rules: HeaderRules): VerificationKey | undefined {
  if (kid === undefined) return rules.onlyKey
  return typeof kid === 'string' ? rules.keys.get(kid) : undefined
}

function isAcceptedType(type: Fields[string], rules: HeaderRules): boolean {
  if (type === undefined) return !rules.typeRequired
  return typeof type === 'string' && rules.types.has(toMediaType(type))
}

function isNested(contentType: Fields[string]): boolean {
  return contentType !== undefined && (typeof contentType !== 'string' || toMediaType(contentType) === 'jwt')
}
