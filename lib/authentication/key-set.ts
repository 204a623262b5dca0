import type { Algorithm } from './algorithms.js'
import { familyOf, isEdwards, isSameAlgorithm } from './algorithms.js'
import type { Jwk } from './key-material.js'
import type { KeyOptions } from './keys.js'

const curves: ReadonlyMap<unknown, Algorithm> = new Map([
  ['P-256', 'ES256'],
  ['P-384', 'ES384'],
  ['P-521', 'ES512'],
  ['Ed25519', 'EdDSA'],
])

/**
 * The keys of a key set that verify tokens, each with its one algorithm: the one that it names (`alg`), or the first
 * of its issuer's `algorithms` that fits it. Keys that are not for signatures, or of a kind that no token is signed with, are
 * passed over (RFC 7517 §5). A secret in a key set is kept, to be refused: who reads the set could sign.
 */
export function keysInDocument(document: { readonly keys: readonly Jwk[] }, algorithms?: readonly Algorithm[]): readonly KeyOptions[] {
  const keys: unknown = (document as { readonly keys?: unknown } | null)?.keys
  if (!Array.isArray(keys)) return []
  return (keys as readonly Jwk[]).flatMap((jwk) => {
    if (typeof jwk !== 'object' || jwk === null || !isForSignatures(jwk)) return []
    const algorithm = algorithmOf(jwk, algorithms)
    // Whatever it is: a name that is no text is refused with the others.
    const kid = jwk['kid'] === undefined ? {} : { kid: jwk['kid'] as string }
    return algorithm === undefined ? [] : [{ ...kid, algorithm, publicKey: jwk }]
  })
}

function isForSignatures({ use, key_ops: operations }: Jwk): boolean {
  return (use === undefined || use === 'sig') && (operations === undefined || (Array.isArray(operations) && operations.includes('verify')))
}

/** The one algorithm of a key; undefined where no token is signed with it, or none of `algorithms` fits. */
export function algorithmOf(jwk: Jwk, algorithms?: readonly Algorithm[]): Algorithm | undefined {
  const { alg } = jwk
  if (jwk.kty === 'oct') return secretAlgorithmOf(alg)
  const own = alg === undefined ? naturalAlgorithmOf(jwk, algorithms) : namedAlgorithmOf(jwk)
  if (own === undefined || algorithms === undefined) return own
  return algorithms.find((one) => isSameAlgorithm(own, one))
}

/** On no list of algorithms, since it must not be there at all. */
function secretAlgorithmOf(alg: unknown): Algorithm | undefined {
  if (alg === undefined) return 'HS256'
  return familyOf(alg) === 'secret' ? (alg as Algorithm) : undefined
}

function namedAlgorithmOf({ alg, crv }: Jwk): Algorithm | undefined {
  // EdDSA is the name of Ed448 too.
  return familyOf(alg) === undefined || (isEdwards(alg) && crv !== 'Ed25519') ? undefined : (alg as Algorithm)
}

function naturalAlgorithmOf({ kty, crv }: Jwk, algorithms: readonly Algorithm[] = ['RS256']): Algorithm | undefined {
  return kty === 'RSA' ? algorithms.find((one) => familyOf(one) === 'RSA') : curves.get(crv)
}
