import { setTimeout as wait } from 'node:timers/promises'
import { randomBytes } from 'node:crypto'
import { Unavailable } from '../../errors.js'
import type { Opened, Vault } from './vault.js'

/** The tokens of a session, which never leave the server. */
export interface SessionTokens {
  readonly accessToken: string
  readonly refreshToken: string | undefined
  /** When the access token ends, in milliseconds since 1970. */
  readonly expiresAt: number
  /** For the provider's log-out. */
  readonly idToken: string | undefined
}

/** What is kept of a login. */
export interface WebSession {
  readonly tokens: SessionTokens
  /** The claims of the ID token, where there was one. */
  readonly claims: Readonly<Record<string, unknown>> | undefined
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

/** Gets new tokens for a session; undefined where the provider gives none any more. */
export type Renew = (tokens: SessionTokens) => Promise<SessionTokens | undefined>

/** So many milliseconds before its end an access token is renewed. */
const early = 10_000
/** For so long, in milliseconds, one process may renew while the others wait. */
const renewalTime = 10_000
const pollEvery = 50

/** The sessions of an application's browsers, each behind the secret in its cookie. */
export class WebSessions {
  readonly #renewing = new Map<string, Promise<WebSession | undefined>>()

  constructor(
    private readonly vault: Vault,
    private readonly lifetimes: SessionLifetimes,
    private readonly renew: Renew,
  ) {}

  /** Starts a session; answers with the secret for the cookie. */
  async start(tokens: SessionTokens, claims: WebSession['claims']): Promise<string> {
    const secret = randomBytes(32).toString('base64url')
    const now = this.vault.clock.now()
    const session: WebSession = { tokens, claims, startedAt: now, touchedAt: now }
    await this.vault.set(secret, session, this.#end(session))
    return secret
  }

  /** The session behind a secret, with an access token that is good for a while; undefined where there is none any more. */
  async find(secret: string): Promise<WebSession | undefined> {
    const opened = await this.vault.get<WebSession>(secret)
    if (opened === undefined) return undefined
    const now = this.vault.clock.now()
    if (opened.value.tokens.expiresAt - early <= now && opened.value.tokens.refreshToken !== undefined)
      return this.#renewOnce(secret, opened)
    return this.#touched(secret, opened, now)
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
    const renewing = this.#renewing.get(secret) ?? this.#renewAlone(secret, opened).finally(() => this.#renewing.delete(secret))
    this.#renewing.set(secret, renewing)
    return renewing
  }

  /** A refresh token is good for one use: of all processes one renews, and the others wait for what it got. */
  async #renewAlone(secret: string, opened: Opened<WebSession>): Promise<WebSession | undefined> {
    const now = this.vault.clock.now()
    if (!(await this.vault.claim(secret, 'renewal', now + renewalTime))) return this.#renewedByAnother(secret, opened)
    try {
      // Another may have renewed between our look and our claim.
      const current = await this.vault.get<WebSession>(secret)
      if (current === undefined || current.sealed !== opened.sealed) return current?.value
      const tokens = await this.renew(opened.value.tokens)
      if (tokens === undefined) {
        await this.vault.take(secret)
        return undefined
      }
      const renewed = { ...opened.value, tokens, touchedAt: now }
      return (await this.vault.replace(secret, opened, renewed, this.#end(renewed))) ? renewed : undefined
    } catch (thrown) {
      // What still lives serves while the provider is away.
      if (thrown instanceof Unavailable && opened.value.tokens.expiresAt > now) return opened.value
      throw thrown
    } finally {
      await this.vault.release(secret, 'renewal')
    }
  }

  async #renewedByAnother(secret: string, before: Opened<WebSession>): Promise<WebSession | undefined> {
    for (let waited = 0; waited < renewalTime; waited += pollEvery) {
      await wait(pollEvery)
      const current = await this.vault.get<WebSession>(secret)
      if (current?.sealed !== before.sealed) return current?.value
    }
    throw new Unavailable(undefined, { reason: 'session-renewal' })
  }

  #end({ startedAt, touchedAt }: WebSession): number {
    return Math.min(touchedAt + this.lifetimes.idle, startedAt + this.lifetimes.absolute)
  }
}
