import type { Identity } from '../context.js'
import { isPromiseLike } from '../promise.js'
import { readClaims, refusalAt } from './claims.js'
import type { ClaimRules } from './claims.js'
import { readCompactSignature, readFields } from './compact-token.js'
import type { CompactSignature, Fields } from './compact-token.js'
import { forgedToken } from './forged-token.js'
import type { KeySource } from './key-source.js'
import type { VerificationKey } from './keys.js'
import { isSignedWith } from './signature.js'
import { TokenCache } from './token-cache.js'
import { headerRefusal, isAccessToken } from './token-header.js'
import type { HeaderRules } from './token-header.js'
import { admitted, refused } from './verifier.js'
import type { TokenJudge, TokenRefusal, Verdict } from './verifier.js'

/** What a verifier of JWTs holds fast to, whatever a token says. */
export interface JwtRules extends ClaimRules, HeaderRules {
  readonly keys: KeySource
  readonly maxTokenBytes: number
  /** How many verified tokens are remembered; 0 remembers none. */
  readonly cacheSize: number
  /** Verified against in place of a token that no key could be found for; undefined where there is no key at all. */
  readonly decoyKey: VerificationKey | undefined
}

/** A token taken apart, its claims only where somebody had to look at them before. */
type TokenParts = CompactSignature & { readonly claims?: Fields }

/**
 * Verifies JWTs of one issuer: strict about the form (RFC 7515, RFC 7519, RFC 8725), then the signature, then the claims. With
 * local keys, each refusal but that of an oversized token costs exactly one verification, so that its time says nothing of its
 * reason.
 */
export class JwtVerifier implements TokenJudge {
  readonly #rules: JwtRules
  #cache: TokenCache | undefined
  #withdrawals: number | undefined = 0
  readonly #decoy: string | undefined
  readonly cacheUse = { hits: 0, misses: 0 }

  constructor(rules: JwtRules) {
    this.#rules = rules
    this.#cache = rules.cacheSize > 0 ? new TokenCache(rules.cacheSize) : undefined
    this.#decoy = rules.decoyKey === undefined ? undefined : forgedToken(rules.decoyKey)
  }

  verify(token: string, now: number): Identity | Promise<Identity> {
    return admitted(this.judge(token, now))
  }

  judge(token: string, now: number): Verdict | Promise<Verdict> {
    const known = this.remembered(token, now)
    if (known !== undefined) return known
    if (token.length > this.#rules.maxTokenBytes) return refused('too-large')
    return this.prove(readCompactSignature(token), token, now)
  }

  /** The identity of a token that was verified before and may still be used. */
  remembered(token: string, now: number): Identity | undefined {
    if (this.#cache === undefined || !this.#isProved()) return undefined
    const identity = this.#cache.get(token, now)
    if (identity !== undefined) this.cacheUse.hits += 1
    return identity
  }

  /** Whether what is remembered was signed with keys that still stand. Where one has gone all of it is forgotten: few keys go, and rarely. */
  #isProved(): boolean {
    const withdrawals = this.#rules.keys.withdrawals()
    if (withdrawals === this.#withdrawals) return true
    if (withdrawals !== undefined) {
      this.#withdrawals = withdrawals
      this.#cache = new TokenCache(this.#rules.cacheSize)
    }
    return false
  }

  /** Judges a token that was taken apart, as far as it was. */
  prove(parts: TokenParts | undefined, token: string, now: number): Verdict | Promise<Verdict> {
    if (parts === undefined) return refused(this.#spent('malformed'))
    const key = this.#rules.keys.keyFor(parts.header)
    if (isPromiseLike(key)) return key.then((found) => verdictOf(this.#proved(found, parts, token, now)))
    return verdictOf(this.#proved(key, parts, token, now))
  }

  #proved(key: VerificationKey | TokenRefusal, parts: TokenParts, token: string, now: number): Identity | TokenRefusal {
    if (typeof key === 'string') return this.#spent(key)
    const unfit = headerRefusal(parts, key, this.#rules)
    if (unfit !== undefined) return this.#spent(unfit)
    if (!isSignedWith(key, token)) return 'bad-signature'
    // Not before: what a forger has put in is not worth parsing.
    const claims = parts.claims ?? readFields(parts.payload)
    if (claims === undefined) return 'malformed'
    const read = readClaims(claims, this.#rules, { keyId: key.kid, isAccessToken: isAccessToken(parts.header) })
    if (typeof read === 'string') return read
    const refusal = refusalAt(now, read.validity)
    if (refusal !== undefined) return refusal
    this.cacheUse.misses += 1
    // One that nobody keeps is not frozen, and whatever is found out about it is not kept either.
    if (this.#cache === undefined) return read.identity
    this.#cache.set(token, Object.freeze(read.identity), read.validity)
    return read.identity
  }

  /** Does the work of one verification, for nothing. */
  spend(): void {
    const { decoyKey } = this.#rules
    if (decoyKey !== undefined && this.#decoy !== undefined) isSignedWith(decoyKey, this.#decoy)
  }

  #spent(reason: TokenRefusal): TokenRefusal {
    this.spend()
    return reason
  }
}

function verdictOf(found: Identity | TokenRefusal): Verdict {
  return typeof found === 'string' ? refused(found) : found
}
