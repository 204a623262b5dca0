import { randomBytes, randomUUID } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import { Unavailable } from '../../errors.js'
import type { ProofKey } from './proof-key.js'
import { Rests } from './rests.js'
import type { Opened, Vault } from './vault.js'

/** The tokens of a session, which never leave the server. */
export interface SessionTokens {
  readonly accessToken: string
  readonly refreshToken: string | undefined
  /** From when on the access token is renewed, in milliseconds since 1970. */
  readonly renewAt: number
  /** When the access token ends, in milliseconds since 1970. */
  readonly expiresAt: number
  /** For the provider's log-out. */
  readonly idToken: string | undefined
}

/** What is kept of a login. */
export interface WebSession {
  /** Names it where the provider does not; says nothing of its secret. */
  readonly id: string
  readonly tokens: SessionTokens
  /** The claims of the ID token, where there was one. */
  readonly claims: Readonly<Record<string, unknown>> | undefined
  /** The key that the tokens are bound to, where they are bound to one. */
  readonly proofKey: ProofKey | undefined
  readonly startedAt: number
  readonly touchedAt: number
}

/** How long sessions live, in milliseconds. */
export interface SessionLifetimes {
  /** Without a request. */
  readonly idle: number
  /** From the login on. */
  readonly absolute: number
}

/** How a session's tokens are renewed. */
export interface TokenRenewal {
  /** The longest that `renew` takes, in milliseconds. */
  readonly longest: number
  /** New tokens; undefined where the provider gives none any more. Rejects with `Unavailable` where it cannot be asked. */
  renew(session: WebSession): Promise<SessionTokens | undefined>
  /** Takes tokens back that nobody will use. */
  revoke(tokens: SessionTokens): Promise<void>
}

/** While one process writes tokens down, others may touch the session: so often it is tried again. */
const writes = 5
const pollEvery = 50

/** The sessions of an application's browsers, each behind the secret in its cookie. */
export class WebSessions {
  readonly #renewing = new Map<string, Promise<WebSession | undefined>>()
  readonly #rests: Rests

  constructor(
    private readonly vault: Vault,
    private readonly lifetimes: SessionLifetimes,
    private readonly renewal: TokenRenewal,
  ) {
    this.#rests = new Rests(vault.clock)
  }

  /** Starts a session; answers with the secret for the cookie. */
  async start(login: Pick<WebSession, 'tokens' | 'claims' | 'proofKey'>): Promise<string> {
    const secret = randomBytes(32).toString('base64url')
    const now = this.vault.clock.now()
    const session: WebSession = { ...login, id: randomUUID(), startedAt: now, touchedAt: now }
    await this.vault.set(secret, session, this.#end(session))
    return secret
  }

  /** The session behind a secret, with an access token that is good for a while; undefined where there is none any more. */
  async find(secret: string): Promise<WebSession | undefined> {
    const opened = await this.vault.get<WebSession>(secret)
    if (opened === undefined) return undefined
    const now = this.vault.clock.now()
    const { renewAt, refreshToken } = opened.value.tokens
    return renewAt <= now && refreshToken !== undefined ? this.#renewOnce(secret, opened) : this.#touched(secret, opened, now)
  }

  /** The session with another access token than `refused`, which is worth nothing whatever was said of its end. */
  async findAnew(secret: string, refused: string): Promise<WebSession | undefined> {
    const opened = await this.vault.get<WebSession>(secret)
    if (opened === undefined || opened.value.tokens.accessToken !== refused) return opened?.value
    if (opened.value.tokens.refreshToken === undefined) return undefined
    return this.#renewOnce(secret, { ...opened, value: ended(opened.value) })
  }

  /** Ends a session, and answers with what it was. */
  end(secret: string): Promise<WebSession | undefined> {
    return this.vault.take<WebSession>(secret)
  }

  /** Written back now and then, not on each request. */
  async #touched(secret: string, opened: Opened<WebSession>, now: number): Promise<WebSession> {
    const session = opened.value
    if (now - session.touchedAt < this.lifetimes.idle / 10) return session
    const touched = { ...session, touchedAt: now }
    return (await this.vault.replace(secret, opened, touched, this.#end(touched))) ? touched : session
  }

  #renewOnce(secret: string, opened: Opened<WebSession>): Promise<WebSession | undefined> {
    const known = this.#renewing.get(secret)
    if (known !== undefined) return known
    const renewing = this.#renewed(secret, opened).finally(() => this.#renewing.delete(secret))
    this.#renewing.set(secret, renewing)
    return renewing
  }

  /** A refresh token is good for one use: of all processes one renews, and the others wait for what it got. */
  async #renewed(secret: string, opened: Opened<WebSession>): Promise<WebSession | undefined> {
    const { accessToken, expiresAt } = opened.value.tokens
    const lives = () => this.vault.clock.now() < expiresAt
    if (this.#rests.has(secret)) return orUnavailable(opened, lives())
    // A process that crashed with the claim lets it end.
    const longest = this.renewal.longest + 2_000
    for (let waited = 0; waited <= longest; waited += pollEvery) {
      const claim = await this.vault.claim(secret, 'renewal', this.vault.clock.now() + longest)
      if (claim !== undefined) {
        try {
          return await this.#renewedAlone(secret, accessToken)
        } catch (thrown) {
          if (thrown instanceof Unavailable && lives()) return opened.value
          throw thrown
        } finally {
          // Where the store fails now, it ends by itself.
          await claim.release().catch(() => undefined)
        }
      }
      // Another is at it, and what still lives serves meanwhile.
      if (lives()) return opened.value
      await wait(pollEvery)
      const current = await this.vault.get<WebSession>(secret)
      if (current?.value.tokens.accessToken !== accessToken) return current?.value
    }
    return orUnavailable(opened, false)
  }

  async #renewedAlone(secret: string, accessToken: string): Promise<WebSession | undefined> {
    // Another may have renewed between our look and our claim.
    const current = await this.vault.get<WebSession>(secret)
    if (current?.value.tokens.accessToken !== accessToken) return current?.value
    const tokens = await this.#asked(secret, current.value)
    if (tokens !== undefined) return this.#written(secret, current, tokens)
    await this.vault.take(secret)
    return undefined
  }

  async #asked(secret: string, session: WebSession): Promise<SessionTokens | undefined> {
    try {
      return await this.renewal.renew(session)
    } catch (thrown) {
      this.#rests.add(secret)
      throw thrown
    }
  }

  /** What the session is with the new tokens; undefined where somebody logged out meanwhile. */
  async #written(secret: string, before: Opened<WebSession>, tokens: SessionTokens): Promise<WebSession | undefined> {
    let current: Opened<WebSession> | undefined = before
    for (let attempt = 0; attempt < writes && current !== undefined; attempt += 1) {
      const renewed: WebSession = { ...current.value, tokens, touchedAt: this.vault.clock.now() }
      if (await this.vault.replace(secret, current, renewed, this.#end(renewed))) return renewed
      current = await this.vault.get<WebSession>(secret)
    }
    this.renewal.revoke(tokens).catch(() => undefined)
    return undefined
  }

  #end({ startedAt, touchedAt }: WebSession): number {
    return Math.min(touchedAt + this.lifetimes.idle, startedAt + this.lifetimes.absolute)
  }
}

/** Its access token serves nobody any more, though its time has not come. */
function ended(session: WebSession): WebSession {
  return { ...session, tokens: { ...session.tokens, expiresAt: 0 } }
}

function orUnavailable({ value }: Opened<WebSession>, lives: boolean): WebSession {
  if (lives) return value
  throw new Unavailable(undefined, { reason: 'session-renewal' })
}
