import { BoundedMap } from '../bounded-map.js'
import type { Identity } from '../context.js'
import { refusalAt } from './claims.js'
import type { Validity } from './claims.js'

interface Entry {
  readonly token: string
  readonly identity: Identity
  readonly validity: Validity
}

/** The characters of an HMAC with SHA-256; longer signatures are looked up by their ends. */
const keyLength = 43

/**
 * Tokens that one verifier has verified. Looked up by the end of the signature, then compared whole, so that no token
 * can answer for another. When it is full the oldest goes; nothing but a verified token ever comes in.
 */
export class TokenCache {
  readonly #entries: BoundedMap<string, Entry>

  constructor(size: number) {
    this.#entries = new BoundedMap(size)
  }

  /** The identity of a token that was verified and may still be used. */
  get(token: string, now: number): Identity | undefined {
    const entry = this.#entries.get(token.slice(-keyLength))
    if (entry === undefined || entry.token !== token) return undefined
    if (refusalAt(now, entry.validity) === undefined) return entry.identity
    this.delete(token)
    return undefined
  }

  set(token: string, identity: Identity, validity: Validity): void {
    this.#entries.set(token.slice(-keyLength), { token, identity, validity })
  }

  delete(token: string): void {
    this.#entries.delete(token.slice(-keyLength))
  }
}
