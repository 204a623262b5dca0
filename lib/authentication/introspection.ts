import { createHash } from 'node:crypto'
import type { Identity } from '../context.js'
import { Unavailable } from '../errors.js'
import type { OutboundFetch } from '../outbound.js'
import { refusalAt } from './claims.js'
import type { Validity } from './claims.js'
import type { Fields } from './compact-token.js'
import { fieldsOf } from './introspection-answer.js'
import { IntrospectionCache } from './introspection-cache.js'
import { admitted, refused } from './verifier.js'
import type { TokenJudge, TokenRefusal, Verdict } from './verifier.js'

/** How long answers are remembered. */
export interface IntrospectionCacheOptions {
  /** How many tokens are remembered, good ones and others apart. @default 10,000 */
  readonly size?: number
  /** Milliseconds for a good token, and never beyond its `exp`: for so long it outlives its revocation at the issuer. @default 60,000 */
  readonly maxAge?: number
  /** Milliseconds for a token that is refused. @default 5,000 */
  readonly negativeAge?: number
}

/** What is known of a token that the issuer calls active. */
export interface IntrospectedToken {
  readonly identity: Identity
  readonly validity: Validity
}

type Finding = IntrospectedToken | TokenRefusal

/** Whom to ask about tokens, and how the answers are read. */
export interface IntrospectionOptions {
  /** What `iss` must be, where the answer has one. */
  readonly issuer: string
  /** What `aud` must be or contain, where the answer has one: the name of this API, or one of its names. */
  readonly audience: string | readonly string[]
  /** The `introspection_endpoint` of the issuer. */
  readonly endpoint: string | URL
  /** What this API is called at the issuer. */
  readonly clientId: string
  readonly clientSecret: string
  readonly outbound: OutboundFetch
  /** By how many milliseconds times are read more kindly: what `readIdentity` adds to `validity`. */
  readonly tolerance: number
  /**
   * With a cache, a token that the issuer revokes lives on for up to `maxAge`, and requests with one token that come at one time
   * share one question. `false` asks for each request.
   */
  readonly cache?: IntrospectionCacheOptions | false
  /** Longer tokens are refused and not asked about. */
  readonly maxTokenBytes: number
  /** Makes an identity of the members of an answer, or says why there is none. `cnf` is its to honour. */
  readonly readIdentity: (claims: Fields, now: number) => Finding
}

/** Questions that wait for an answer. More would take the sockets that the API itself needs. */
const mostWaiting = 1_000

/** The characters of a bearer token (RFC 6750 §2.1). */
const bearerCharacters = /^[A-Za-z0-9._~+/-]+=*$/

/**
 * Verifies tokens that only their issuer can read, by asking it (RFC 7662). Throws `TokenRefused` where the issuer does not call a
 * token active, and `Unavailable` where it gives no answer that can be relied on.
 */
export class IntrospectionVerifier implements TokenJudge {
  readonly #options: IntrospectionOptions
  readonly #audiences: readonly unknown[]
  readonly #headers: Readonly<Record<string, string>>
  readonly #ages: { readonly positive: number; readonly negative: number }
  /** Apart, so that a flood of tokens that are none does not displace the good ones. */
  readonly #good: IntrospectionCache<IntrospectedToken> | undefined
  readonly #refused: IntrospectionCache<TokenRefusal> | undefined
  readonly #shared = new Map<string, Promise<Finding>>()
  readonly cacheUse = { hits: 0, misses: 0 }
  #waiting = 0

  constructor(options: IntrospectionOptions) {
    this.#options = options
    this.#audiences = [options.audience].flat()
    this.#headers = { authorization: basic(options.clientId, options.clientSecret) }
    const { size = 10_000, maxAge = 60_000, negativeAge = 5_000 } = options.cache === false ? {} : (options.cache ?? {})
    this.#ages = { positive: maxAge, negative: negativeAge }
    if (options.cache === false) return
    this.#good = new IntrospectionCache(size)
    this.#refused = new IntrospectionCache(size)
  }

  verify(token: string, now: number): Identity | Promise<Identity> {
    return admitted(this.judge(token, now))
  }

  judge(token: string, now: number): Verdict | Promise<Verdict> {
    if (token.length > this.#options.maxTokenBytes) return refused('too-large')
    if (!bearerCharacters.test(token)) return refused('malformed')
    if (this.#good === undefined) return this.#ask(token, now).then((found) => verdictOf(found, now))
    // Names of one length, that are worth nothing to whoever finds them in a heap.
    const name = createHash('sha256').update(token).digest('base64url')
    const known = this.#good.get(name, now) ?? this.#refused?.get(name, now)
    if (known !== undefined) {
      this.cacheUse.hits += 1
      return verdictOf(known, now)
    }
    this.cacheUse.misses += 1
    return this.#askOnce(name, token, now).then((found) => verdictOf(found, now))
  }

  #askOnce(name: string, token: string, now: number): Promise<Finding> {
    const asked = this.#shared.get(name)
    if (asked !== undefined) return asked
    const asking = this.#askAndRemember(name, token, now).finally(() => void this.#shared.delete(name))
    this.#shared.set(name, asking)
    return asking
  }

  async #askAndRemember(name: string, token: string, now: number): Promise<Finding> {
    const found = await this.#ask(token, now)
    // What was said before could come to hold again when the clock is set back.
    this.#good?.delete(name)
    this.#refused?.delete(name)
    if (typeof found === 'string') {
      this.#refused?.set(name, found, now, now + this.#ages.negative)
    } else {
      const end = found.validity.until - this.#options.tolerance
      this.#good?.set(name, found, now, Math.min(now + this.#ages.positive, end))
    }
    return found
  }

  async #ask(token: string, now: number): Promise<Finding> {
    if (this.#waiting >= mostWaiting) throw new Unavailable(undefined, { reason: 'introspection-busy' })
    this.#waiting += 1
    try {
      return this.#read(await this.#answerOn(token), now)
    } finally {
      this.#waiting -= 1
    }
  }

  async #answerOn(token: string): Promise<Fields> {
    const { endpoint, outbound } = this.#options
    const body = new URLSearchParams({ token, token_type_hint: 'access_token' })
    try {
      return await fieldsOf(await outbound(endpoint, { method: 'POST', headers: this.#headers, body }))
    } catch (thrown) {
      throw new Unavailable(undefined, { reason: 'introspection-unavailable', cause: thrown })
    }
  }

  #read(answer: Fields, now: number): Finding {
    const { active, iss, aud } = answer
    if (active !== true) return 'inactive'
    if (iss !== undefined && iss !== this.#options.issuer) return 'wrong-issuer'
    if (aud !== undefined && ![aud].flat().some((one) => this.#audiences.includes(one))) return 'wrong-audience'
    if (!isAccessToken(answer)) return 'wrong-type'
    const read = this.#options.readIdentity(answer, now)
    if (typeof read === 'string') return read
    Object.freeze(read.identity)
    return refusalAt(now, read.validity) === 'expired' ? 'expired' : read
  }
}

function verdictOf(found: Finding, now: number): Verdict {
  if (typeof found === 'string') return refused(found)
  const refusal = refusalAt(now, found.validity)
  return refusal === undefined ? found.identity : refused(refusal)
}

const types: ReadonlySet<unknown> = new Set(['bearer', 'dpop'])
const uses: ReadonlySet<unknown> = new Set([undefined, 'access', 'access_token'])

/**
 * Issuers call refresh tokens active too. So an answer must say that the token is for us (`aud`) or of a type that is shown to
 * APIs, and nothing else.
 */
function isAccessToken({ aud, token_type: type, token_use: use }: Fields): boolean {
  if (!uses.has(use)) return false
  return type === undefined ? aud !== undefined : typeof type === 'string' && types.has(type.toLowerCase())
}

/** HTTP Basic with both parts encoded as in a form (RFC 6749 §2.3.1). */
function basic(clientId: string, clientSecret: string): string {
  return `Basic ${Buffer.from(`${formEncoded(clientId)}:${formEncoded(clientSecret)}`).toString('base64')}`
}

function formEncoded(text: string): string {
  return new URLSearchParams([['', text]]).toString().slice(1)
}
