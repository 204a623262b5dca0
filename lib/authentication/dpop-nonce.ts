import { createHmac, timingSafeEqual } from 'node:crypto'
import type { Clock } from '../context.js'

/** How the nonces of proofs are made. */
export interface NonceOptions {
  /** The same on all processes of an API: 32 random bytes or more. */
  readonly secret: string | Uint8Array
  /** How long one is handed out, in seconds; it is taken for as long again. @default 300 */
  readonly lifetime?: number
}

/** Makes nonces and knows its own again, without keeping any. */
export interface Nonces {
  current(): string
  /** Whether this is the nonce that is handed out now, or was before it. */
  isCurrent(nonce: unknown): boolean
}

/** Nonces out of a secret and the time: each process of an API makes the same (RFC 9449 §8). */
export function nonces({ secret, lifetime = 300 }: NonceOptions, clock: Clock): Nonces {
  const at = (window: number) => createHmac('sha256', secret).update(`dpop-nonce ${window}`).digest('base64url')
  const windowNow = () => Math.floor(clock.now() / (lifetime * 1000))
  return {
    current: () => at(windowNow()),
    isCurrent(nonce) {
      if (typeof nonce !== 'string' || nonce.length !== 43) return false
      const now = windowNow()
      return [now, now - 1].map((window) => isSame(nonce, at(window))).includes(true)
    },
  }
}

function isSame(one: string, other: string): boolean {
  const [a, b] = [Buffer.from(one), Buffer.from(other)]
  return a.length === b.length && timingSafeEqual(a, b)
}
