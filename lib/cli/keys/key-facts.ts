import { calculateJwkThumbprint } from 'jose'
import type { Jwk } from '../../authentication/key-material.js'
import { algorithmOf } from '../../authentication/key-set.js'
import { dateOf } from '../elapsed.js'
import { keyObjectOf } from './given-keys.js'
import { publicHalf } from './key-set.js'
import type { Mask } from './mask.js'

/** What may be told of a key, nothing of which is secret. */
export interface KeyFacts {
  readonly kid: string | undefined
  /** The one that it names, or the one that is assumed. */
  readonly algorithm: string | undefined
  readonly isAlgorithmNamed: boolean
  readonly kind: 'secret' | 'private' | 'public' | 'unreadable'
  /** `RSA`, `P-256`, `Ed25519`, `secret`. */
  readonly type: string
  readonly bits: number | undefined
  /** Of its public half (RFC 7638), SHA-256 in base64url; a secret has none that could be told. */
  readonly thumbprint: string | undefined
  /** When it was made: milliseconds since 1970. */
  readonly madeAt: number | undefined
}

/** The facts about a key. What people have written beside the key goes through `mask`. */
export async function factsOf(jwk: Jwk, mask: Mask): Promise<KeyFacts> {
  const { kid, alg } = jwk
  const half = publicHalf(jwk)
  const kind = jwk.kty === 'oct' ? 'secret' : half === undefined ? 'unreadable' : jwk['d'] === undefined ? 'public' : 'private'
  return {
    kid: kid === undefined ? undefined : mask(typeof kid === 'string' ? kid : JSON.stringify(kid)),
    algorithm: typeof alg === 'string' ? mask(alg) : algorithmOf(jwk),
    isAlgorithmNamed: alg !== undefined,
    kind,
    type: typeOf(jwk, mask),
    bits: bitsOf(jwk),
    thumbprint: half === undefined ? undefined : await calculateJwkThumbprint(half),
    madeAt: dateOf(jwk['iat'])?.getTime(),
  }
}

function typeOf({ kty = '', crv }: Jwk, mask: Mask): string {
  return kty === 'oct' ? 'secret' : mask(typeof crv === 'string' && kty !== 'RSA' ? crv : kty)
}

const curveBits: ReadonlyMap<unknown, number> = new Map([
  ['P-256', 256],
  ['P-384', 384],
  ['P-521', 521],
  ['secp256k1', 256],
  ['Ed25519', 256],
  ['Ed448', 456],
])

function bitsOf(jwk: Jwk): number | undefined {
  if (jwk.kty === 'oct') return typeof jwk['k'] === 'string' ? Buffer.from(jwk['k'], 'base64url').length * 8 : undefined
  return keyObjectOf(jwk)?.asymmetricKeyDetails?.modulusLength ?? curveBits.get(jwk['crv'])
}
