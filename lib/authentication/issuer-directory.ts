import type { Identity } from '../context.js'
import { sumOfUses } from '../monitor.js'
import type { CacheUse } from '../monitor.js'
import { readCompactToken } from './compact-token.js'
import { JwtVerifier } from './jwt-verifier.js'
import { admitted, refused } from './verifier.js'
import type { TokenJudge, Verdict } from './verifier.js'

/** An issuer and what verifies its tokens. */
export interface KnownIssuer {
  readonly issuer: string
  readonly verifier: TokenJudge
}

/**
 * Verifies tokens of several issuers. A token is shown to the verifier of the issuer that it names, and to no other: keys are
 * bound to their issuer (RFC 8725 §3.8). What is no JWT goes to the issuer that is asked about its tokens.
 */
export class IssuerDirectory implements TokenJudge {
  readonly #byIssuer: ReadonlyMap<string, TokenJudge>
  readonly #local: readonly JwtVerifier[]
  readonly #opaque: TokenJudge | undefined
  readonly #maxTokenBytes: number
  readonly #all: readonly TokenJudge[]

  constructor(issuers: readonly KnownIssuer[], maxTokenBytes: number) {
    this.#byIssuer = new Map(issuers.map(({ issuer, verifier }) => [issuer, verifier]))
    this.#local = issuers.flatMap(({ verifier }) => (verifier instanceof JwtVerifier ? [verifier] : []))
    this.#opaque = issuers.find(({ verifier }) => !(verifier instanceof JwtVerifier))?.verifier
    this.#maxTokenBytes = maxTokenBytes
    this.#all = issuers.map(({ verifier }) => verifier)
  }

  get cacheUse(): CacheUse {
    return sumOfUses(this.#all)
  }

  verify(token: string, now: number): Identity | Promise<Identity> {
    return admitted(this.judge(token, now))
  }

  judge(token: string, now: number): Verdict | Promise<Verdict> {
    for (const verifier of this.#local) {
      const known = verifier.remembered(token, now)
      if (known !== undefined) return known
    }
    if (token.length > this.#maxTokenBytes) return refused('too-large')
    const parts = readCompactToken(token)
    if (parts === undefined && this.#opaque !== undefined) return this.#opaque.judge(token, now)
    const named = parts?.claims['iss']
    const verifier = typeof named === 'string' ? this.#byIssuer.get(named) : undefined
    if (verifier === undefined) return this.#refuse(parts === undefined)
    return verifier instanceof JwtVerifier ? verifier.prove(parts, token, now) : verifier.judge(token, now)
  }

  #refuse(isMalformed: boolean): Verdict {
    // At the cost of a verification: who asks must not learn from the time which issuers there are.
    this.#local[0]?.spend()
    return refused(isMalformed ? 'malformed' : 'wrong-issuer')
  }
}
