import { createRemoteJWKSet, customFetch } from 'jose'
import type { Clock } from '../context.js'
import { Unavailable } from '../errors.js'
import type { OutboundFetch } from '../outbound.js'
import type { Algorithm } from './algorithms.js'
import type { Fields } from './compact-token.js'
import type { KeySource } from './key-source.js'
import type { VerificationKey } from './keys.js'
import { RemoteKeySet } from './remote-key-set.js'
import type { TokenRefusal } from './verifier.js'

/** Where the keys of an issuer stand, and how often they are asked for. */
export interface RemoteKeysOptions {
  /** The `jwks_uri` of the issuer. */
  readonly url: string | URL
  /**
   * The algorithms that tokens may have. A key that names none is taken for the first of these that fits it: a key has one
   * algorithm and no other. HS256 and its like are never taken.
   */
  readonly algorithms: readonly Algorithm[]
  readonly outbound: OutboundFetch
  readonly clock: Clock
  /** Milliseconds in which the set is asked for at most once, whatever tokens name and whether or not it answers. @default 30,000 */
  readonly cooldown?: number
  /** Milliseconds after which the set is asked for anew. @default 600,000 */
  readonly maxAge?: number
  /** Is told why the set could not be had, or that nothing in it can be used; once for each time. */
  readonly onError?: (error: unknown) => void
}

type Found = VerificationKey | TokenRefusal

/** jose has clocks and limits of its own; ours are asked instead. */
const neverByItself = { cooldownDuration: Infinity, cacheMaxAge: Infinity, timeoutDuration: 600_000 } as const

/**
 * The keys that an issuer publishes at a URL. They are asked for with the first token, again when they are old, and when a token
 * names a key that is not among them: so a new key is known one cool-down after it was published, at most, and what a withdrawn one
 * has signed is refused once they are old. While the issuer does not answer, the keys that are known stay in use.
 */
export class RemoteKeys implements KeySource {
  readonly #options: Required<Pick<RemoteKeysOptions, 'clock' | 'cooldown' | 'maxAge' | 'onError'>>
  readonly #algorithms: ReadonlySet<unknown>
  readonly #fetchKeys: () => Promise<RemoteKeySet>
  #keys: RemoteKeySet | undefined
  #withdrawals = 0
  #loadedAt = 0
  #attemptedAt = -Infinity
  #failure: unknown
  #loading: Promise<void> | undefined
  /** Holds callers back where the keys are so old that a revoked one could be among them. */
  #waking: Promise<void> | undefined

  constructor({ url, algorithms, outbound, clock, cooldown = 30_000, maxAge = 600_000, onError = () => undefined }: RemoteKeysOptions) {
    this.#options = { clock, cooldown, maxAge, onError }
    const accepted = algorithms.filter((algorithm) => !algorithm.startsWith('HS'))
    this.#algorithms = new Set(accepted)
    const remote = createRemoteJWKSet(new URL(url), { ...neverByItself, [customFetch]: outbound })
    this.#fetchKeys = async () => {
      await remote.reload()
      return new RemoteKeySet(remote.jwks()?.keys ?? [], accepted)
    }
  }

  /**
   * The key of a token, going by its header; at once where it is known. Throws `Unavailable` as long as no keys could be had: that
   * is no fault of the token's.
   */
  keyFor({ alg, kid }: Fields): Found | Promise<Found> {
    if (!this.#isAccepted(alg)) return 'wrong-algorithm'
    if (kid !== undefined && typeof kid !== 'string') return 'unknown-key'
    const now = this.#options.clock.now()
    if (this.#keys === undefined) return this.#findFirst(alg, kid, now)
    this.#refreshOld(now)
    if (this.#waking !== undefined) return this.#waking.then(() => this.#find(alg, kid, now))
    return this.#find(alg, kid, now)
  }

  /** Asks for the keys anew where they are old: whoever has only tokens that are remembered would never ask. */
  withdrawals(): number | undefined {
    this.#refreshOld(this.#options.clock.now())
    return this.#waking === undefined ? this.#withdrawals : undefined
  }

  #isAccepted(algorithm: unknown): algorithm is Algorithm {
    return this.#algorithms.has(algorithm)
  }

  #findFirst(algorithm: Algorithm, kid: string | undefined, now: number): Promise<Found> {
    if (!this.#mayLoad(now)) throw this.#unavailable()
    return this.#load(now).then(() => {
      if (this.#keys === undefined) throw this.#unavailable()
      return this.#keys.find(algorithm, kid)
    })
  }

  #find(algorithm: Algorithm, kid: string | undefined, now: number): Found | Promise<Found> {
    const found = this.#keys?.find(algorithm, kid) ?? 'unknown-key'
    // A flood of names that nobody has must not become a flood on the issuer.
    if (found !== 'unknown-key' || !this.#mayLoad(now)) return found
    return this.#load(now).then(() => this.#keys?.find(algorithm, kid) ?? 'unknown-key')
  }

  #refreshOld(now: number): void {
    if (this.#keys === undefined || since(this.#loadedAt, now) < this.#options.maxAge || !this.#mayLoad(now)) return
    const isIdle = since(this.#attemptedAt, now) >= 2 * this.#options.maxAge
    const loading = this.#load(now)
    if (isIdle) this.#waking = loading.then(() => void (this.#waking = undefined))
  }

  #mayLoad(now: number): boolean {
    return this.#loading !== undefined || since(this.#attemptedAt, now) >= this.#options.cooldown
  }

  /** Asks for the set, or joins in asking; fails never, and leaves things as they are where asking does. */
  #load(now: number): Promise<void> {
    // A log that fails must not end the process.
    this.#loading ??= this.#reload(now)
      .catch(() => undefined)
      .finally(() => void (this.#loading = undefined))
    return this.#loading
  }

  async #reload(now: number): Promise<void> {
    this.#attemptedAt = now
    try {
      const keys = await this.#fetchKeys()
      if (this.#keys?.isCutIn(keys) === true) this.#withdrawals += 1
      this.#keys = keys
      this.#loadedAt = now
      if (this.#keys.size === 0) throw new Error('the key set has no key that can be used')
    } catch (thrown) {
      this.#failure = thrown
      this.#options.onError(thrown)
    }
  }

  #unavailable(): Unavailable {
    return new Unavailable(undefined, { reason: 'jwks-unavailable', cause: this.#failure })
  }
}

/** Either way: a clock that is set back must not keep old keys in use. */
function since(then: number, now: number): number {
  return Math.abs(now - then)
}
