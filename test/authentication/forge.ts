import { createHmac, generateKeyPairSync, randomBytes } from 'node:crypto'
import { bearer } from '../../lib/authentication/bearer.js'
import type { TokenOptions } from '../../lib/authentication/bearer.js'
import type { IssuerOptions } from '../../lib/authentication/issuer.js'
import type { KeyOptions } from '../../lib/authentication/keys.js'
import { TokenRefused } from '../../lib/authentication/verifier.js'
import type { TokenVerifier } from '../../lib/authentication/verifier.js'

export const issuer = 'https://auth.test/'
export const audience = 'https://api.test'
export const secret = randomBytes(32)
export const hmacKey: KeyOptions = { kid: 'one', algorithm: 'HS256', secret }
export const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
export const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' })

/** The moment at which all tests of tokens take place. */
export const now = 1_700_000_000_000
export const seconds = now / 1000

export const goodHeader = { alg: 'HS256', typ: 'JWT', kid: 'one' }
export const goodClaims = { iss: issuer, aud: audience, sub: 'alice', jti: 'token-1', iat: seconds, exp: seconds + 60, roles: ['customer'] }

export function segment(content: string | Uint8Array | object): string {
  const bytes = typeof content === 'string' || content instanceof Uint8Array ? content : JSON.stringify(content)
  return Buffer.from(bytes as string).toString('base64url')
}

/** A token with a right signature over whatever it is given. */
export function signed(header: string | Uint8Array | object, claims: string | Uint8Array | object, key: Uint8Array = secret): string {
  return sign(`${segment(header)}.${segment(claims)}`, key)
}

export function sign(input: string, key: Uint8Array = secret): string {
  return `${input}.${createHmac('sha256', key).update(input).digest('base64url')}`
}

export const goodToken = signed(goodHeader, goodClaims)

export function verifierOf(options: Partial<IssuerOptions & TokenOptions> = {}): TokenVerifier {
  const { verifier, mistakes } = bearer({ issuer, audience, keys: [hmacKey], ...options })
  if (mistakes.length > 0) throw new TypeError(JSON.stringify(mistakes))
  return verifier
}

/** Why `verifier` refuses a token; `accepted` where it does not. */
export function verdict(verifier: TokenVerifier, token: string, time = now): string {
  try {
    void verifier.verify(token, time)
    return 'accepted'
  } catch (thrown) {
    if (thrown instanceof TokenRefused) return thrown.reason
    throw thrown
  }
}
