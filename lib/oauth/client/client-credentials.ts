import { setTimeout as wait } from 'node:timers/promises'
import * as oauth from 'oauth4webapi'
import type { Clock } from '../../context.js'
import { Unavailable } from '../../errors.js'
import { outboundFetch } from '../../outbound.js'
import type { OutboundFetch, OutboundInit, OutboundOptions } from '../../outbound.js'
import { clientAuthOf, identityMistake } from './client-identity.js'
import type { ClientIdentity } from './client-identity.js'
import { Provider } from './provider.js'
import { TokenRequestRefused, retryDelay } from './retry.js'

/** Where tokens for calling other APIs come from. */
export interface ClientCredentialsOptions extends ClientIdentity {
  /** The authorization server; its metadata say where it gives tokens. */
  readonly issuer: string
  /** Where the metadata stand: as RFC 8414 says, or as OpenID Connect Discovery does. @default 'oauth2' */
  readonly discovery?: 'oauth2' | 'oidc'
  /** Words with one space between them. @default what the server gives */
  readonly scope?: string
  /** The API that the tokens are for (RFC 8707). @default what the server chooses */
  readonly resource?: string
  /** The origins that `fetch` may send a token to: `['https://api.example.com']`. @default none */
  readonly allow?: readonly string[]
  /** Binds tokens to a key of this process (RFC 9449), so that whoever steals one has nothing. @default false */
  readonly dpop?: boolean
  /** So many seconds before its end a token is no longer handed out. @default 30 */
  readonly early?: number
  /** What may be asked of the authorization server and of other APIs. @default no private address; answers of 10 MB */
  readonly outbound?: OutboundOptions
  /** @default the system's */
  readonly clock?: Clock
}

/** What a token shall be for, where that is not what the options say. */
export interface TokenWish {
  readonly scope?: string
  readonly resource?: string
}

/** Tokens for calling other APIs. */
export interface TokenSource {
  /** A token that is good for a while. Rejects with `Unavailable` where none can be had, with `TokenRequestRefused` where none is given. */
  token(wish?: TokenWish): Promise<string>
  /**
   * Asks another API, with a token. It sends tokens to the origins in `allow` alone, follows no redirects, and where the API refuses
   * the token gets another, once.
   */
  fetch(url: string | URL, init?: OutboundInit, wish?: TokenWish): Promise<Response>
}

interface Held {
  readonly token: string
  /** Milliseconds since 1970. */
  readonly until: number
}

const tries = 3

/**
 * Gets tokens for a program that acts for itself (RFC 6749 §4.4) and keeps them until shortly before their end: one for each scope
 * and resource, one request at a time for each. A server that fails is asked three times, ever later; while it fails, a token that
 * still lives is used. Throws a `TypeError` where an option means nothing.
 */
export function clientCredentials(options: ClientCredentialsOptions): TokenSource {
  checkOptions(options)
  return new ClientCredentials(options)
}

class ClientCredentials implements TokenSource {
  readonly #options: ClientCredentialsOptions
  readonly #clock: Clock
  readonly #provider: Provider
  readonly #fetch: OutboundFetch
  readonly #allowed: ReadonlySet<string>
  readonly #early: number
  readonly #held = new Map<string, Held>()
  readonly #asking = new Map<string, Promise<Held>>()
  readonly #restUntil = new Map<string, { readonly time: number; readonly failure: unknown }>()
  #auth: Promise<oauth.ClientAuth> | undefined
  #proof: Promise<oauth.DPoPHandle> | undefined

  constructor(options: ClientCredentialsOptions) {
    const { clock = { now: () => Date.now() }, early = 30, allow = [], outbound = {} } = options
    this.#options = options
    this.#clock = clock
    this.#early = early * 1000
    this.#allowed = new Set(allow)
    this.#provider = new Provider(options, clock)
    this.#fetch = outboundFetch({ maxBytes: 10_485_760, timeout: 30_000, ...outbound })
  }

  async token(wish: TokenWish = {}): Promise<string> {
    const { scope = this.#options.scope, resource = this.#options.resource } = wish
    const name = JSON.stringify([scope, resource])
    const now = this.#clock.now()
    const held = this.#held.get(name)
    if (held !== undefined && now < held.until - this.#early) return held.token
    try {
      return (await this.#askOnce(name, scope, resource)).token
    } catch (thrown) {
      // What still lives is better than nothing, and the next call asks again.
      if (held !== undefined && this.#clock.now() < held.until && thrown instanceof Unavailable) return held.token
      throw thrown
    }
  }

  async fetch(url: string | URL, init: OutboundInit = {}, wish: TokenWish = {}): Promise<Response> {
    const target = new URL(url)
    // A token in the wrong hands is a key in the wrong hands.
    if (!this.#allowed.has(target.origin)) throw new TypeError(`no token is sent to ${target.origin}: add it to allow`)
    const answer = await this.#send(target, init, wish)
    if (answer.status !== 401 || isStream(init.body)) return answer
    const { scope = this.#options.scope, resource = this.#options.resource } = wish
    this.#held.delete(JSON.stringify([scope, resource]))
    return this.#send(target, init, wish)
  }

  async #send(url: URL, init: OutboundInit, wish: TokenWish): Promise<Response> {
    const token = await this.token(wish)
    const method = init.method ?? 'GET'
    const body = init.body as oauth.ProtectedResourceRequestBody
    const proof = await this.#proofOfKey()
    const send = async () => {
      try {
        return await oauth.protectedResourceRequest(token, method, url, new Headers(init.headers), body, {
          [oauth.customFetch]: this.#fetch,
          [oauth.allowInsecureRequests]: url.protocol === 'http:',
          ...(proof === undefined ? {} : { DPoP: proof }),
          ...(init.signal ? { signal: init.signal } : {}),
        })
      } catch (thrown) {
        // It is the caller who decides what a refusal means.
        if (thrown instanceof oauth.WWWAuthenticateChallengeError && !oauth.isDPoPNonceError(thrown)) return thrown.response
        throw thrown
      }
    }
    return withNonce(send)
  }

  #askOnce(name: string, scope: string | undefined, resource: string | undefined): Promise<Held> {
    const rest = this.#restUntil.get(name)
    if (rest !== undefined && this.#clock.now() < rest.time) return Promise.reject(rest.failure)
    const asked = this.#asking.get(name)
    if (asked !== undefined) return asked
    const asking = this.#askPatiently(scope, resource)
      .then(
        (held) => {
          this.#held.set(name, held)
          this.#restUntil.delete(name)
          return held
        },
        (thrown: unknown) => {
          this.#restUntil.set(name, { time: this.#clock.now() + 1_000, failure: thrown })
          throw thrown
        },
      )
      .finally(() => this.#asking.delete(name))
    this.#asking.set(name, asking)
    return asking
  }

  async #askPatiently(scope: string | undefined, resource: string | undefined): Promise<Held> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await withNonce(() => this.#ask(scope, resource))
      } catch (thrown) {
        const delay = attempt < tries ? retryDelay(thrown, attempt) : undefined
        if (delay === undefined) throw outcomeOf(thrown)
        await wait(delay)
      }
    }
  }

  async #ask(scope: string | undefined, resource: string | undefined): Promise<Held> {
    const server = await this.#provider.metadata()
    const client: oauth.Client = { client_id: this.#options.clientId }
    this.#auth ??= clientAuthOf(this.#options)
    const parameters = { ...(scope === undefined ? {} : { scope }), ...(resource === undefined ? {} : { resource }) }
    const proof = await this.#proofOfKey()
    const http = { ...this.#provider.http, ...(proof === undefined ? {} : { DPoP: proof }) }
    const askedAt = this.#clock.now()
    const answer = await oauth.clientCredentialsGrantRequest(server, client, await this.#auth, parameters, http)
    const { access_token: token, expires_in: lifetime = 60 } = await oauth.processClientCredentialsResponse(server, client, answer)
    return { token, until: askedAt + lifetime * 1000 }
  }

  #proofOfKey(): Promise<oauth.DPoPHandle> | undefined {
    if (this.#options.dpop !== true) return undefined
    this.#proof ??= oauth.generateKeyPair('ES256').then((pair) => oauth.DPoP({}, pair))
    return this.#proof
  }
}

/** Runs it again where the server wants a nonce in the proof, which is known by then (RFC 9449 §8). */
async function withNonce<T>(run: () => Promise<T>): Promise<T> {
  try {
    return await run()
  } catch (thrown) {
    if (!oauth.isDPoPNonceError(thrown)) throw thrown
    return run()
  }
}

function outcomeOf(thrown: unknown): Error {
  if (thrown instanceof Unavailable) return thrown
  if (thrown instanceof oauth.ResponseBodyError && thrown.status < 500 && thrown.status !== 429)
    return new TokenRequestRefused(thrown.error, thrown)
  return new Unavailable(undefined, { reason: 'token-endpoint-unavailable', cause: thrown })
}

function isStream(body: OutboundInit['body']): boolean {
  return body instanceof ReadableStream
}

function checkOptions(options: ClientCredentialsOptions): void {
  const { issuer, allow = [], early = 30, clientSecret, privateKey } = options
  const mistake = identityMistake(options)
  if (mistake !== undefined) throw new TypeError(mistake)
  if (clientSecret === undefined && privateKey === undefined)
    throw new TypeError('give a clientSecret or a privateKey: nobody gives tokens to a name')
  if (!URL.canParse(issuer)) throw new TypeError(`issuer is ${JSON.stringify(issuer)}: write the URL of the authorization server`)
  if (!(early >= 0 && early <= 3600)) throw new TypeError(`early is ${early}: write seconds from 0 to 3600`)
  for (const origin of allow) {
    if (!URL.canParse(origin) || new URL(origin).origin !== origin)
      throw new TypeError(`allow names ${JSON.stringify(origin)}: write origins, https://api.example.com`)
  }
}
