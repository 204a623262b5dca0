import type { Algorithm } from './algorithms.js'
import { familyOf, isSameAlgorithm } from './algorithms.js'
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
  const keys: unknown = document.keys
  if (!Array.isArray(keys)) return []
  return (keys as readonly Jwk[]).flatMap((jwk) => {
    if (typeof jwk !== 'object' || jwk === null || !isForSignatures(jwk)) return []
    const algorithm = algorithmOf(jwk, algorithms)
    const kid = typeof jwk['kid'] === 'string' ? { kid: jwk['kid'] } : {}
    return algorithm === undefined ? [] : [{ ...kid, algorithm, publicKey: jwk }]
  })
}

function isForSignatures({ use, key_ops: operations }: Jwk): boolean {
  return (use === undefined || use === 'sig') && (operations === undefined || (Array.isArray(operations) && operations.includes('verify')))
}

function algorithmOf(jwk: Jwk, algorithms: readonly Algorithm[] | undefined): Algorithm | undefined {
  const { kty, crv, alg } = jwk
  if (alg !== undefined) {
    if (familyOf(alg) === undefined) return undefined
    if (algorithms === undefined) return alg as Algorithm
    return algorithms.find((one) => isSameAlgorithm(alg, one))
  }
  const natural = kty === 'RSA' ? (algorithms ?? ['RS256']).find((one) => familyOf(one) === 'RSA') : curves.get(crv)
  if (natural === undefined || algorithms === undefined) return natural
  return algorithms.find((one) => isSameAlgorithm(natural, one))
}
