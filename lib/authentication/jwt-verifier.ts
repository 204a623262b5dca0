import type { Identity } from '../context.js'
import { isPromiseLike } from '../promise.js'
import { readClaims, refusalAt } from './claims.js'
import type { ClaimRules } from './claims.js'
import { readCompactToken } from './compact-token.js'
import type { CompactToken } from './compact-token.js'
import { forgedToken } from './forged-token.js'
import type { KeySource } from './key-source.js'
import type { VerificationKey } from './keys.js'
import { isSignedWith } from './signature.js'
import { TokenCache } from './token-cache.js'
import { headerRefusal, isAccessToken } from './token-header.js'
import type { HeaderRules } from './token-header.js'
import { refused } from './verifier.js'
import type { TokenRefusal, TokenVerifier } from './verifier.js'

/** What a verifier of JWTs holds fast to, whatever a token says. */
export interface JwtRules extends ClaimRules, HeaderRules {
  readonly keys: KeySource
  readonly maxTokenBytes: number
  /** How many verified tokens are remembered; 0 remembers none. */
  readonly cacheSize: number
  /** Verified against in place of a token that no key could be found for; undefined where there is no key at all. */
  readonly decoyKey: VerificationKey | undefined
}

/**
 * Verifies JWTs of one issuer: strict about the form (RFC 7515, RFC 7519, RFC 8725), then the signature, then the claims. With
 * local keys, each refusal but that of an oversized token costs exactly one verification, so that its time says nothing of its
 * reason.
 */
export class JwtVerifier implements TokenVerifier {
  readonly #rules: JwtRules
  readonly #cache: TokenCache | undefined
  readonly #decoy: string | undefined
  readonly cacheUse = { hits: 0, misses: 0 }

  constructor(rules: JwtRules) {
    this.#rules = rules
    this.#cache = rules.cacheSize > 0 ? new TokenCache(rules.cacheSize) : undefined
    this.#decoy = rules.decoyKey === undefined ? undefined : forgedToken(rules.decoyKey)
  }

  verify(token: string, now: number): Identity | Promise<Identity> {
    return (
      this.remembered(token, now) ??
      this.prove(token.length > this.#rules.maxTokenBytes ? 'too-large' : readCompactToken(token), token, now)
    )
  }

  /** The identity of a token that was verified before and may still be used. */
  remembered(token: string, now: number): Identity | undefined {
    const identity = this.#cache?.get(token, now)
    if (identity !== undefined) this.cacheUse.hits += 1
    return identity
  }

  /** Verifies a token that was taken apart; throws why it cannot be one. */
  prove(parts: CompactToken | 'too-large' | undefined, token: string, now: number): Identity | Promise<Identity> {
    if (parts === 'too-large') throw refused('too-large')
    if (parts === undefined) return this.#refuse('malformed')
    const key = this.#rules.keys.keyFor(parts.header)
    return isPromiseLike(key) ? key.then((found) => this.#proveWith(found, parts, token, now)) : this.#proveWith(key, parts, token, now)
  }

  #proveWith(key: VerificationKey | TokenRefusal, parts: CompactToken, token: string, now: number): Identity {
    const unfit = typeof key === 'string' ? key : headerRefusal(parts, key, this.#rules)
    if (typeof key === 'string' || unfit !== undefined) return this.#refuse(unfit ?? 'unknown-key')
    if (!isSignedWith(key, token)) throw refused('bad-signature')
    const read = readClaims(parts.claims, this.#rules, { keyId: key.kid, isAccessToken: isAccessToken(parts.header) })
    if (typeof read === 'string') throw refused(read)
    const refusal = refusalAt(now, read.validity)
    if (refusal !== undefined) throw refused(refusal)
    this.#cache?.set(token, read.identity, read.validity)
    this.cacheUse.misses += 1
    return read.identity
  }

  /** Does the work of one verification, for nothing. */
  spend(): void {
    const { decoyKey } = this.#rules
    if (decoyKey !== undefined && this.#decoy !== undefined) isSignedWith(decoyKey, this.#decoy)
  }

  #refuse(reason: TokenRefusal): never {
    this.spend()
    throw refused(reason)
  }
}
