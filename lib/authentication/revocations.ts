import type { Clock, Identity } from '../context.js'
import { Unavailable } from '../errors.js'

/** Remembers which tokens are worth nothing any more, though they have not expired. */
export interface Revocations {
  /** Whether the token with this `jti` is revoked. Asked for each request; anything but `false` refuses it. */
  isRevoked(tokenId: string, identity?: Identity): boolean | Promise<boolean>
  /**
   * Revokes a token. It must be remembered until no verifier takes the token any more.
   *
   * @param expiresAt the end of the token, in milliseconds since 1970: `principal.expiresAt`
   */
  revoke(tokenId: string, expiresAt: number): void | Promise<void>
}

/** For so many milliseconds after its `exp` some verifier may still take a token: the largest clock tolerance. */
export const longestTolerance = 300_000

/** Options of revocations in memory. */
export interface MemoryRevocationsOptions {
  /** @default the system's */
  readonly clock?: Clock
  /** How many revoked tokens are held at most, of about 150 bytes each. @default 1,000,000 */
  readonly capacity?: number
}

/**
 * Remembers revoked tokens in this process, until they have expired. When it is full of tokens that have not, `revoke` throws
 * `Unavailable` (503): a log-out that does not work must be seen, and no earlier one is forgotten for it.
 */
export class MemoryRevocations implements Revocations {
  readonly #clock: Clock
  readonly #capacity: number
  readonly #ends = new Map<string, number>()
  /** At this size expired tokens are looked for: walking the map whenever it has doubled costs little for each. */
  #sweepAt: number

  /** Throws a `RangeError` where `capacity` is not a whole number from 1. */
  constructor({ clock = { now: () => Date.now() }, capacity = 1_000_000 }: MemoryRevocationsOptions = {}) {
    if (!Number.isSafeInteger(capacity) || capacity < 1) throw new RangeError(`capacity is ${capacity}: give a whole number from 1`)
    this.#clock = clock
    this.#capacity = capacity
    this.#sweepAt = Math.min(firstSweep, capacity)
  }

  /** How many tokens are held. */
  get size(): number {
    return this.#ends.size
  }

  isRevoked(tokenId: string): boolean {
    return this.#ends.has(tokenId)
  }

  /** Throws a `TypeError` where `tokenId` is empty or `expiresAt` no time, `Unavailable` where there is no room. */
  revoke(tokenId: string, expiresAt: number): void {
    checkRevocation(tokenId, expiresAt)
    const now = this.#clock.now()
    const end = Math.max(expiresAt + longestTolerance, this.#ends.get(tokenId) ?? 0)
    if (end <= now) return
    if (this.#ends.size >= this.#sweepAt) this.#sweep(now)
    if (this.#ends.size >= this.#capacity && !this.#ends.has(tokenId)) {
      throw new Unavailable(undefined, { reason: 'revocations-full' })
    }
    this.#ends.set(tokenId, end)
  }

  #sweep(now: number): void {
    for (const [tokenId, end] of this.#ends) if (end <= now) this.#ends.delete(tokenId)
    this.#sweepAt = Math.min(Math.max(this.#ends.size * 2, firstSweep), this.#capacity)
  }
}

const firstSweep = 1_000

/** Throws a `TypeError` for a revocation that would revoke nothing. */
export function checkRevocation(tokenId: unknown, expiresAt: unknown): void {
  if (typeof tokenId !== 'string' || tokenId === '') throw new TypeError('tokenId is no jti: pass principal.tokenId')
  if (!Number.isFinite(expiresAt)) throw new TypeError(`expiresAt is ${String(expiresAt)}: pass principal.expiresAt, in milliseconds`)
}
