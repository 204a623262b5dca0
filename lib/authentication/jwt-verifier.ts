import jwt from 'jsonwebtoken'
import type { Identity } from '../context.js'
import { readClaims, refusalAt } from './claims.js'
import type { ClaimRules } from './claims.js'
import { readCompactToken } from './compact-token.js'
import { forgedToken } from './forged-token.js'
import type { VerificationKey } from './keys.js'
import { TokenCache } from './token-cache.js'
import { keyOf } from './token-header.js'
import type { HeaderRules } from './token-header.js'
import { TokenRefused } from './verifier.js'
import type { TokenVerifier } from './verifier.js'

/** What a verifier of JWTs holds fast to, whatever a token says. */
export interface JwtRules extends ClaimRules, HeaderRules {
  readonly maxTokenBytes: number
  /** How many verified tokens are remembered; 0 remembers none. */
  readonly cacheSize: number
  /** Verified against in place of a token that no key could be found for; undefined where there is no key at all. */
  readonly decoyKey: VerificationKey | undefined
}

/**
 * Verifies JWTs: strict about the form (RFC 7515, RFC 7519, RFC 8725), then the signature with jsonwebtoken, then the claims.
 * Each refusal but that of an oversized token costs exactly one verification, so that its time says nothing of its reason.
 */
export class JwtVerifier implements TokenVerifier {
  readonly #rules: JwtRules
  readonly #cache: TokenCache | undefined
  readonly #decoy: string | undefined

  constructor(rules: JwtRules) {
    this.#rules = rules
    this.#cache = rules.cacheSize > 0 ? new TokenCache(rules.cacheSize) : undefined
    this.#decoy = rules.decoyKey === undefined ? undefined : forgedToken(rules.decoyKey)
  }

  verify(token: string, now: number): Identity {
    return this.#cache?.get(token, now) ?? this.#prove(token, now)
  }

  forget(token: string): void {
    this.#cache?.delete(token)
  }

  #prove(token: string, now: number): Identity {
    if (token.length > this.#rules.maxTokenBytes) throw new TokenRefused('too-large')
    const parts = readCompactToken(token)
    const key = parts === undefined ? 'malformed' : keyOf(parts, this.#rules)
    if (parts === undefined || typeof key === 'string') {
      this.#spend()
      throw new TokenRefused(typeof key === 'string' ? key : 'malformed')
    }
    if (!isSignedWith(key, token)) throw new TokenRefused('bad-signature')
    const read = readClaims(parts.claims, this.#rules)
    if (typeof read === 'string') throw new TokenRefused(read)
    const refusal = refusalAt(now, read.validity)
    if (refusal !== undefined) throw new TokenRefused(refusal)
    this.#cache?.set(token, read.identity, read.validity)
    return read.identity
  }

  #spend(): void {
    const { decoyKey } = this.#rules
    if (decoyKey !== undefined && this.#decoy !== undefined) isSignedWith(decoyKey, this.#decoy)
  }
}

/** Whether the signature is right, and nothing else: times are read by our clock, claims by our rules. */
function isSignedWith({ key, algorithm }: VerificationKey, token: string): boolean {
  try {
    jwt.verify(token, key, { algorithms: [algorithm], ignoreExpiration: true, ignoreNotBefore: true })
    return true
  } catch {
    return false
  }
}
