import { generateKeyPairSync, randomBytes } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { calculateJwkThumbprint } from 'jose'
import { familyOf } from '../../authentication/algorithms.js'
import type { Algorithm } from '../../authentication/algorithms.js'
import type { Jwk } from '../../authentication/key-material.js'

/** RSA of 3,072 bits is as strong as the curves; what 2,048 gives is not (ASVS 11.2.3). */
const modulusLength = 3_072

const curves: Readonly<Record<string, string>> = { ES256: 'P-256', ES384: 'P-384', ES512: 'P-521' }

/** What a new key is to be. */
export interface KeyWish {
  readonly algorithm: Algorithm
  /** @default the thumbprint of a key pair (RFC 7638), and random for a secret */
  readonly kid?: string | undefined
  /** When it is made: seconds since 1970. */
  readonly issuedAt: number
}

/** A new private key or secret, as a JWK that says its name, its algorithm, its use, and when it was made (`iat`). */
export async function makeKey({ algorithm, kid, issuedAt }: KeyWish): Promise<Jwk> {
  const facts = { alg: algorithm, use: 'sig', iat: issuedAt }
  if (familyOf(algorithm) !== 'secret') {
    const jwk = pairFor(algorithm).export({ format: 'jwk' })
    return { kid: kid ?? (await calculateJwkThumbprint(jwk)), ...facts, ...jwk }
  }
  const secret = randomBytes(Number(algorithm.slice(2)) / 8)
  // Tokens show the name to everybody, and the thumbprint of a secret is a hash of it (RFC 7638 §7).
  return { kid: kid ?? randomBytes(16).toString('base64url'), ...facts, kty: 'oct', k: secret.toString('base64url') }
}

function pairFor(algorithm: Algorithm): KeyObject {
  const namedCurve = curves[algorithm]
  if (namedCurve !== undefined) return generateKeyPairSync('ec', { namedCurve }).privateKey
  return familyOf(algorithm) === 'RSA'
    ? generateKeyPairSync('rsa', { modulusLength }).privateKey
    : generateKeyPairSync('ed25519').privateKey
}
