import { sign as signBytes, verify as verifyBytes } from 'node:crypto'
import jwt from 'jsonwebtoken'
import { isEdwards } from './algorithms.js'
import type { JsonWebTokenAlgorithm } from './algorithms.js'
import type { PreparedKey } from './keys.js'

type SignatureKey = Pick<PreparedKey, 'key' | 'algorithm'>

/** Whether the signature of a JWS in compact form is right, and nothing else: times and claims are read by others. */
export function isSignedWith({ key, algorithm }: SignatureKey, token: string): boolean {
  if (isEdwards(algorithm)) return isSignedByEdwards(key, token)
  try {
    jwt.verify(token, key, { algorithms: [algorithm as JsonWebTokenAlgorithm], ignoreExpiration: true, ignoreNotBefore: true })
    return true
  } catch {
    return false
  }
}

/** Signs `claims` as they stand. */
export function signClaims({ key, algorithm }: SignatureKey, header: Readonly<Record<string, unknown>>, claims: object): string {
  // As a text: of an object the library would replace a time of 0 with its own clock's.
  const text = JSON.stringify(claims)
  const full = { ...header, alg: algorithm }
  if (!isEdwards(algorithm)) {
    return jwt.sign(text, key, { algorithm: algorithm as JsonWebTokenAlgorithm, header: full as unknown as jwt.JwtHeader })
  }
  const input = `${toSegment(JSON.stringify(full))}.${toSegment(text)}`
  return `${input}.${signBytes(null, Buffer.from(input), key).toString('base64url')}`
}

function isSignedByEdwards(key: SignatureKey['key'], token: string): boolean {
  const end = token.lastIndexOf('.')
  // Any other key would be verified in the way that is its own.
  if (key.asymmetricKeyType !== 'ed25519') return false
  try {
    // jsonwebtoken has no EdDSA (RFC 8037 §3.1).
    return verifyBytes(null, Buffer.from(token.slice(0, end)), key, Buffer.from(token.slice(end + 1), 'base64url'))
  } catch {
    return false
  }
}

function toSegment(text: string): string {
  return Buffer.from(text).toString('base64url')
}
