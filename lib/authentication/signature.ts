import crypto, { sign as signBytes, verify as verifyBytes } from 'node:crypto'
import jwt from 'jsonwebtoken'
import { isEdwards } from './algorithms.js'
import type { Algorithm, JsonWebTokenAlgorithm } from './algorithms.js'
import type { PreparedKey } from './keys.js'

type SignatureKey = Pick<PreparedKey, 'key' | 'algorithm'>

const hashes: ReadonlyMap<Algorithm, string> = new Map([
  ['HS256', 'sha256'],
  ['HS384', 'sha384'],
  ['HS512', 'sha512'],
])

/** Whether the signature of a JWS in compact form is right, and nothing else: times and claims are read by others. */
export function isSignedWith({ key, algorithm }: SignatureKey, token: string): boolean {
  if (isEdwards(algorithm)) return isSignedByEdwards(key, token)
  const hash = hashes.get(algorithm)
  if (hash !== undefined) return isSignedBySecret(key, hash, token)
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

/** Not by jsonwebtoken, which takes three times as long to refuse as to accept: whoever forges tokens must not cost more than who has one. */
function isSignedBySecret(key: SignatureKey['key'], hash: string, token: string): boolean {
  // An HMAC keyed with a public key is one that anybody can make (RFC 8725 §2.1).
  if (key.type !== 'secret') return false
  const end = token.lastIndexOf('.')
  const expected = Buffer.from(crypto.createHmac(hash, key).update(token.slice(0, end)).digest('base64url'))
  // As texts: a signature in another spelling is another signature.
  const given = Buffer.from(token.slice(end + 1))
  return given.length === expected.length && crypto.timingSafeEqual(given, expected)
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
