import { isKept } from '../context.js'
import type { Clock, Identity } from '../context.js'
import { Memo } from '../memo.js'
import { isPromiseLike } from '../promise.js'
import type { Awaitable, StateStore } from '../state/state-store.js'

/** A token, as its principal tells of it. */
export type RevocableToken = Pick<Identity, 'issuer' | 'tokenId' | 'expiresAt'>
/** Whoever the tokens of an issuer speak of. */
export type RevocableSubject = Pick<Identity, 'issuer' | 'id'>
/** One login. */
export type RevocableSession = Pick<Identity, 'issuer' | 'sessionId'>
/** A signing key of an issuer. */
export type RevocableKey = Pick<Identity, 'issuer' | 'keyId'>

/**
 * Knows which tokens are worth nothing any more, though they have not expired. Every identity is asked about on every request,
 * a remembered one too: what is revoked is refused from the very next request on.
 */
export interface Revocations {
  /** Whether anything that was revoked takes this identity away. Anything but `false` refuses. */
  isRevoked(identity: Identity): Awaitable<boolean>
  /** Revokes one token: `revocations.revokeToken(principal)` logs out. Throws a `TypeError` for a token without a `jti`. */
  revokeToken(token: RevocableToken): Awaitable<void>
  /**
   * Logs out everywhere: revokes every token of a subject that was issued until now. `iat` counts whole seconds, so a token that
   * is issued later in the same second is refused too, and so is one without `iat`.
   */
  revokeSubject(subject: RevocableSubject): Awaitable<void>
  /** Revokes every token of one login (`sid`), also those that are issued later. */
  revokeSession(session: RevocableSession): Awaitable<void>
  /** Revokes every token that was signed with a key, for good: when the key got out. */
  revokeKey(key: RevocableKey): Awaitable<void>
}

/** Options of revocations. */
export interface StoredRevocationsOptions {
  /** @default the system's */
  readonly clock?: Clock
  /**
   * How long the longest token lives, in seconds: for so long a revoked subject or session is remembered. @default 31,536,000,
   * a year, the longest that `tokenIssuer` gives
   */
  readonly longestLifetime?: number
}

/** For so many milliseconds after its `exp` some verifier may still take a token: the largest clock tolerance. */
const longestTolerance = 300_000

/** What is looked up for an identity, and how to read what is found. */
interface Mark {
  readonly key: string
  readonly revokes: (value: string, identity: Identity) => boolean
}

/**
 * Revocations in a state store: in memory for one process, in Redis or SQL for several. It fails closed: where the store fails,
 * the request ends with 503, since the token may be a revoked one.
 */
export class StoredRevocations implements Revocations {
  readonly #state: StateStore
  readonly #clock: Clock
  readonly #longestLifetime: number
  readonly #marks = new WeakMap<Identity, readonly Mark[]>()

  /** Throws a `RangeError` where `longestLifetime` is no number of seconds. */
  constructor(state: StateStore, { clock = { now: () => Date.now() }, longestLifetime = 31_536_000 }: StoredRevocationsOptions = {}) {
    if (!(longestLifetime >= 1 && longestLifetime <= 3_153_600_000)) {
      throw new RangeError(`longestLifetime is ${longestLifetime}: give seconds, such as 86400`)
    }
    this.#state = state
    this.#clock = clock
    this.#longestLifetime = longestLifetime * 1000
  }

  isRevoked(identity: Identity): boolean | Promise<boolean> {
    const marks = this.#marksOf(identity)
    const pending: Array<Promise<boolean>> = []
    for (const { key, revokes } of marks) {
      const found = this.#state.get(key)
      if (isPromiseLike(found)) pending.push(found.then((value) => value !== undefined && revokes(value, identity)))
      else if (found !== undefined && revokes(found, identity)) return true
    }
    return pending.length === 0 ? false : Promise.all(pending).then((answers) => answers.includes(true))
  }

  revokeToken({ issuer, tokenId, expiresAt }: RevocableToken): Awaitable<void> {
    requireName(tokenId, 'tokenId is no jti: pass the principal')
    if (typeof expiresAt !== 'number' || Number.isNaN(expiresAt))
      throw new TypeError(`expiresAt is ${String(expiresAt)}: pass the principal`)
    return this.#state.set(keyOf('token', issuer, tokenId), '1', expiresAt + longestTolerance)
  }

  revokeSubject({ issuer, id }: RevocableSubject): Awaitable<void> {
    requireName(id, 'id names no subject: pass the principal')
    return this.#revokeUntil(keyOf('subject', issuer, id), this.#clock.now())
  }

  revokeSession({ issuer, sessionId }: RevocableSession): Awaitable<void> {
    requireName(sessionId, 'sessionId is no sid: pass a principal of a login')
    return this.#state.set(keyOf('session', issuer, sessionId), '1', this.#end(this.#clock.now()))
  }

  revokeKey({ issuer, keyId }: RevocableKey): Awaitable<void> {
    requireName(keyId, 'keyId is no kid: pass { issuer, keyId }')
    return this.#state.set(keyOf('key', issuer, keyId), '1', Number.POSITIVE_INFINITY)
  }

  /** Never earlier than it stands there: a process whose clock is behind would give back what another has revoked. */
  #revokeUntil(key: string, time: number): Awaitable<void> {
    const before = this.#state.get(key)
    return isPromiseLike(before) ? before.then((found) => this.#raise(key, found, time)) : this.#raise(key, before, time)
  }

  #raise(key: string, before: string | undefined, time: number): Awaitable<void> {
    if (before !== undefined && Number(before) >= time) return undefined
    const [value, until] = [String(time), this.#end(time)]
    const isRaised = before === undefined ? this.#state.add(key, value, until) : this.#state.replace(key, before, value, until)
    if (isPromiseLike(isRaised)) return isRaised.then((done) => (done ? undefined : this.#revokeUntil(key, time)))
    return isRaised ? undefined : this.#revokeUntil(key, time)
  }

  #end(now: number): number {
    return now + this.#longestLifetime + longestTolerance
  }

  #marksOf(identity: Identity): readonly Mark[] {
    const known = this.#marks.get(identity)
    if (known !== undefined) return known
    const marks = marksOf(identity)
    if (isKept(identity)) this.#marks.set(identity, marks)
    return marks
  }
}

function marksOf({ issuer, id, tokenId, sessionId, keyId }: Identity): readonly Mark[] {
  const marks: Mark[] = [{ key: keyOf('subject', issuer, id), revokes: isIssuedBefore }]
  if (tokenId !== undefined) marks.push({ key: keyOf('token', issuer, tokenId), revokes: always })
  if (sessionId !== undefined) marks.push({ key: keyOf('session', issuer, sessionId), revokes: always })
  if (keyId !== undefined) marks.push({ key: keyOf('key', issuer, keyId), revokes: always })
  return marks
}

/** Whatever was found, revokes. */
function always(): boolean {
  return true
}

function isIssuedBefore(revokedAt: string, { issuedAt }: Identity): boolean {
  const time = Number(revokedAt)
  return !(issuedAt !== undefined && issuedAt > time)
}

/** No name that an issuer chooses can pass for a part of another key. */
function keyOf(kind: string, issuer: string | undefined, name: string): string {
  return `revoked:${kind}:${encoded(issuer ?? '')}:${name}`
}

/** Issuers are few: to encode one for each mark of each request costs more than to look for the marks. */
const encodedIssuers = new Memo<string>(100)

function encoded(issuer: string): string {
  return encodedIssuers.get(issuer) ?? encodedIssuers.keep(issuer, encodeURIComponent(issuer))
}

function requireName(name: unknown, mend: string): asserts name is string {
  if (typeof name !== 'string' || name === '') throw new TypeError(mend)
}
