import * as oauth from 'oauth4webapi'
import { BoundedMap } from '../../bounded-map.js'
import type { Clock } from '../../context.js'
import { addressProblem, outboundFetch, outboundMistakes } from '../../outbound.js'
import type { OutboundInit, OutboundOptions } from '../../outbound.js'
import { ApiRequests, wrongOrigin } from './api-request.js'
import { clientAuthOf, identityMistake } from './client-identity.js'
import type { ClientIdentity } from './client-identity.js'
import { KeptToken } from './kept-token.js'
import type { GivenToken } from './kept-token.js'
import { proving, withNonce } from './proof-key.js'
import { Provider } from './provider.js'
import { TokenRequestRefused } from './retry.js'

/** Where tokens for calling other APIs come from. */
export interface ClientCredentialsOptions extends ClientIdentity {
  /** The authorization server, to the character; its metadata say where it gives tokens. */
  readonly issuer?: string
  /** Where it gives tokens, for a server without metadata. @default what the metadata say */
  readonly tokenEndpoint?: string
  /** Where the metadata stand: as RFC 8414 says, or as OpenID Connect Discovery does. @default 'oauth2' */
  readonly discovery?: 'oauth2' | 'oidc'
  /** Words with one space between them. @default what the server gives */
  readonly scope?: string
  /** The API that the tokens are for (RFC 8707). @default what the server chooses */
  readonly resource?: string
  /** The same, for servers that call it `audience`. @default none */
  readonly audience?: string
  /** The origins that `fetch` may send a token to: `['https://api.example.com']`. @default none */
  readonly allow?: readonly string[]
  /** Binds tokens to a key of this process (RFC 9449), so that whoever steals one has nothing. @default false */
  readonly dpop?: boolean
  /** So many seconds before its end a token is no longer handed out; at most half of its life. @default 60 */
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
  readonly audience?: string
}

/** Tokens for calling other APIs. */
export interface TokenSource {
  /** A token that is good for a while. Rejects with `Unavailable` where none can be had, with `TokenRequestRefused` where none is given. */
  token(wish?: TokenWish): Promise<string>
  /**
   * Asks another API, with a token. It sends tokens to the origins in `allow` alone (a `TypeError` elsewhere), follows no redirects,
   * and where the API refuses the token gets another, once. The body is read to its end before anything is sent.
   */
  fetch(url: string | URL, init?: OutboundInit, wish?: TokenWish): Promise<Response>
}

/** So many scopes and resources are known at once; past that the one that was asked for first is forgotten. */
const mostWishes = 1_000

/**
 * Gets tokens for a program that acts for itself (RFC 6749 §4.4) and keeps them until shortly before their end: one for each scope,
 * resource and audience, one request at a time for each. A server that fails is asked three times, ever later, and then left alone
 * for as long as its `Retry-After` says (up to five minutes) and for a second at least; while it fails, a token that still lives is
 * used. Throws a `TypeError` where an option means nothing.
 */
export function clientCredentials(options: ClientCredentialsOptions): TokenSource {
  return new ClientCredentials(options, checkedServer(options))
}

class ClientCredentials implements TokenSource {
  readonly #options: ClientCredentialsOptions
  readonly #clock: Clock
  readonly #provider: Provider
  readonly #requests: ApiRequests
  readonly #kept = new BoundedMap<string, KeptToken>(mostWishes)
  #auth: Promise<oauth.ClientAuth> | undefined
  #prover: Promise<oauth.DPoPHandle> | undefined

  constructor(options: ClientCredentialsOptions, issuer: string) {
    const { clock = { now: () => Date.now() }, allow = [], outbound = {} } = options
    this.#options = options
    this.#clock = clock
    this.#provider = new Provider({ ...options, issuer }, clock)
    this.#requests = new ApiRequests(outboundFetch({ maxBytes: 10_485_760, timeout: 30_000, ...outbound }), allow)
  }

  token(wish: TokenWish = {}): Promise<string> {
    return this.#keptFor(wish).get()
  }

  async fetch(url: string | URL, init: OutboundInit = {}, wish: TokenWish = {}): Promise<Response> {
    const send = await this.#requests.prepare(url, init)
    const kept = this.#keptFor(wish)
    const prover = await this.#proverOfKey()
    const token = await kept.get()
    const answer = await send({ token, prover })
    if (answer.status !== 401) return answer
    kept.drop(token)
    return send({ token: await kept.get(), prover })
  }

  #keptFor(wish: TokenWish): KeptToken {
    const { scope = this.#options.scope, resource = this.#options.resource, audience = this.#options.audience } = wish
    const parameters = new URLSearchParams()
    for (const [name, value] of Object.entries({ scope, resource, audience })) if (value !== undefined) parameters.set(name, value)
    const name = parameters.toString()
    const known = this.#kept.get(name)
    if (known !== undefined) return known
    const kept = new KeptToken(() => withNonce(() => this.#ask(parameters)), this.#clock, (this.#options.early ?? 60) * 1000)
    this.#kept.set(name, kept)
    return kept
  }

  async #ask(parameters: URLSearchParams): Promise<GivenToken> {
    const server = await this.#provider.metadata()
    const client: oauth.Client = { client_id: this.#options.clientId }
    this.#auth ??= clientAuthOf(this.#options)
    const prover = await this.#proverOfKey()
    const http = { ...this.#provider.http, ...proving(prover) }
    const answer = await oauth.clientCredentialsGrantRequest(server, client, await this.#auth, parameters, http)
    const given = await oauth.processClientCredentialsResponse(server, client, answer)
    // Whoever steals a token that was not bound can use it: not what was asked for (RFC 9449 §5).
    if (prover !== undefined && given.token_type !== 'dpop') throw new TokenRequestRefused('unbound_token', undefined)
    return { token: given.access_token, lifetime: given.expires_in ?? 60 }
  }

  async #proverOfKey(): Promise<oauth.DPoPHandle | undefined> {
    if (this.#options.dpop !== true) return undefined
    this.#prover ??= oauth.generateKeyPair('ES256').then((pair) => oauth.DPoP({}, pair))
    return this.#prover
  }
}

/** What the authorization server is called; throws a `TypeError` where an option means nothing. */
function checkedServer(options: ClientCredentialsOptions): string {
  const { issuer, tokenEndpoint, allow = [], early = 60, clientSecret, privateKey, outbound = {} } = options
  const [wrong] = outboundMistakes(outbound, 'outbound')
  if (wrong !== undefined) throw new TypeError(`${wrong.place}: ${wrong.problem}: ${wrong.mend}`)
  const mistake = identityMistake(options)
  if (mistake !== undefined) throw new TypeError(mistake)
  if (clientSecret === undefined && privateKey === undefined)
    throw new TypeError('give a clientSecret or a privateKey: nobody gives tokens to a name')
  // A signed assertion is made for whom it names: without an issuer, for the endpoint itself (RFC 7523 §3).
  const server = issuer ?? tokenEndpoint
  if (server === undefined) throw new TypeError('give an issuer, or the tokenEndpoint of a server that has no metadata')
  for (const [name, address] of Object.entries({ issuer: server, tokenEndpoint: tokenEndpoint ?? server })) {
    const problem = addressProblem(address, outbound)
    if (problem !== undefined) throw new TypeError(`${name}: ${problem}: write the URL of the authorization server, with https`)
  }
  if (!(early >= 0 && early <= 3600)) throw new TypeError(`early is ${early}: write seconds from 0 to 3600`)
  const origin = wrongOrigin(allow)
  if (origin !== undefined) throw new TypeError(`allow names ${JSON.stringify(origin)}: write origins, https://api.example.com`)
  return server
}
