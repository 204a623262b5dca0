import * as oauth from 'oauth4webapi'
import type { Clock } from '../../context.js'
import { Unavailable } from '../../errors.js'
import type { AskedLogin } from './asked-login.js'
import { clientAuthOf } from './client-identity.js'
import { loginFailure } from './login-failure.js'
import type { CheckedLogin } from './login-options.js'
import { createProofKey, proverOf, proving, withNonce } from './proof-key.js'
import type { ProofKey } from './proof-key.js'
import { Provider } from './provider.js'
import type { SessionTokens, TokenRenewal, WebSession } from './web-sessions.js'

/** What must be known of a login when the browser comes back. */
export interface LoginAttempt {
  readonly state: string
  readonly nonce: string
  readonly verifier: string
  readonly returnTo: string
  /** The key that its tokens shall be bound to. */
  readonly proofKey: ProofKey | undefined
}

/** What a login gave. */
export type LoginResult = Pick<WebSession, 'tokens' | 'claims' | 'proofKey'>

/** So many milliseconds before its end an access token is renewed; half of its life where that is less. */
const early = 10_000
/** No access token is taken to live longer, in seconds: a year. */
const longestLifetime = 31_536_000
/** For so many milliseconds a log-out waits for the server to take the tokens back. */
const revocationTime = 3_000

type Http = Provider['http'] & oauth.DPoPRequestOptions

/** Talks to the authorization server: all of the protocol is oauth4webapi's. */
export class LoginClient implements TokenRenewal {
  /** The longest that `renew` takes, in milliseconds: metadata, the request, and once more where a proof needs a nonce. */
  readonly longest: number
  readonly #provider: Provider
  readonly #client: oauth.Client
  #auth: Promise<oauth.ClientAuth> | undefined

  constructor(
    private readonly options: CheckedLogin,
    private readonly clock: Clock,
  ) {
    this.#provider = new Provider(options, clock)
    this.#client = { client_id: options.clientId }
    this.longest = 3 * (options.outbound?.timeout ?? 5_000)
  }

  /** A fresh attempt, and where it sends the browser. Whether the login is as was asked for, routes see by its claims. */
  begin(returnTo: string, asked: AskedLogin = {}): Promise<{ readonly attempt: LoginAttempt; readonly url: string }> {
    return attempted(async () => {
      const server = await this.#provider.metadata()
      const attempt = {
        state: oauth.generateRandomState(),
        nonce: oauth.generateRandomNonce(),
        verifier: oauth.generateRandomCodeVerifier(),
        returnTo,
        proofKey: this.options.dpop === true ? await createProofKey() : undefined,
      }
      const { usesOpenId, clientId, redirectUri, scope } = this.options
      const parameters = new URLSearchParams({
        ...{ client_id: clientId, redirect_uri: redirectUri, response_type: 'code', scope, state: attempt.state },
        code_challenge: await oauth.calculatePKCECodeChallenge(attempt.verifier),
        code_challenge_method: 'S256',
        ...(usesOpenId ? { nonce: attempt.nonce } : {}),
        ...this.#target(),
        ...asked,
      })
      const http = await this.#httpWith(attempt.proofKey)
      // The code is worth nothing without the key either (RFC 9449 §10).
      if (http.DPoP !== undefined) parameters.set('dpop_jkt', await http.DPoP.calculateThumbprint())
      const url = browserAddress(server.authorization_endpoint, http)
      const sent = this.options.pushesRequests === true ? await this.#push(server, parameters, http) : parameters
      for (const [name, value] of sent) url.searchParams.append(name, value)
      return { attempt, url: url.href }
    })
  }

  /** Redeems what the browser came back with. */
  finish(callback: URLSearchParams, { state, nonce, verifier, proofKey }: LoginAttempt): Promise<LoginResult> {
    return attempted(async () => {
      const server = await this.#provider.metadata()
      // Compares state, and `iss` where there is one or the server says that it sends it (RFC 9207 §2.4: mix-up).
      const code = oauth.validateAuthResponse(server, this.#client, callback, state)
      const { redirectUri, usesOpenId } = this.options
      const auth = await this.#clientAuth()
      const http = { ...(await this.#httpWith(proofKey)), additionalParameters: this.#target() }
      const expected = usesOpenId ? { expectedNonce: nonce, requireIdToken: true } : {}
      return withNonce(async () => {
        const answer = await oauth.authorizationCodeGrantRequest(server, this.#client, auth, code, redirectUri, verifier, http)
        const granted = await oauth.processAuthorizationCodeResponse(server, this.#client, answer, expected)
        if (granted.id_token !== undefined) await oauth.validateApplicationLevelSignature(server, answer, this.#provider.http)
        const claims = oauth.getValidatedIdTokenClaims(granted)
        return { tokens: this.#tokensOf(granted, proofKey), claims, proofKey }
      })
    })
  }

  /** New tokens; undefined where the server gives none any more, or gives those of somebody else (OpenID Connect Core §12.2). */
  async renew({ tokens, claims, proofKey }: WebSession): Promise<SessionTokens | undefined> {
    const { refreshToken, idToken } = tokens
    if (refreshToken === undefined) return undefined
    try {
      const server = await this.#provider.metadata()
      const auth = await this.#clientAuth()
      const http = { ...(await this.#httpWith(proofKey)), additionalParameters: this.#target() }
      return await withNonce(async () => {
        const answer = await oauth.refreshTokenGrantRequest(server, this.#client, auth, refreshToken, http)
        const granted = await oauth.processRefreshTokenResponse(server, this.#client, answer)
        const named = oauth.getValidatedIdTokenClaims(granted)
        if (named !== undefined && claims !== undefined && named.sub !== claims['sub']) return undefined
        const fresh = this.#tokensOf(granted, proofKey)
        return { ...fresh, refreshToken: fresh.refreshToken ?? refreshToken, idToken: fresh.idToken ?? idToken }
      })
    } catch (thrown) {
      if (thrown instanceof oauth.ResponseBodyError && thrown.error === 'invalid_grant') return undefined
      throw thrown instanceof Unavailable ? thrown : new Unavailable(undefined, { reason: 'provider-unavailable', cause: thrown })
    }
  }

  /** Takes the tokens back at the server, where it can (RFC 7009). Rejects where that fails or takes too long. */
  async revoke({ refreshToken, accessToken }: SessionTokens): Promise<void> {
    const server = await this.#provider.metadata()
    if (server.revocation_endpoint === undefined) return
    const http = { ...this.#provider.http, signal: AbortSignal.timeout(revocationTime) }
    const answer = await oauth.revocationRequest(server, this.#client, await this.#clientAuth(), refreshToken ?? accessToken, http)
    await oauth.processRevocationResponse(answer)
  }

  /** Where the server wants the browser to go to log out there too (OpenID Connect RP-Initiated Logout); undefined where it does not. */
  async logoutAddress({ idToken }: SessionTokens): Promise<string | undefined> {
    const { end_session_endpoint: endpoint } = await this.#provider.metadata()
    if (endpoint === undefined || idToken === undefined) return undefined
    const url = browserAddress(endpoint, this.#provider.http)
    url.searchParams.set('id_token_hint', idToken)
    url.searchParams.set('client_id', this.options.clientId)
    url.searchParams.set('post_logout_redirect_uri', `${this.options.origin}${this.options.afterLogout}`)
    return url.href
  }

  async #push(server: oauth.AuthorizationServer, parameters: URLSearchParams, http: Http): Promise<URLSearchParams> {
    const auth = await this.#clientAuth()
    return withNonce(async () => {
      const answer = await oauth.pushedAuthorizationRequest(server, this.#client, auth, parameters, http)
      const { request_uri } = await oauth.processPushedAuthorizationResponse(server, this.#client, answer)
      return new URLSearchParams({ client_id: this.options.clientId, request_uri })
    })
  }

  /** The API that tokens are for (RFC 8707 §2.2: said again at the token endpoint). */
  #target(): Record<string, string> {
    const { resource } = this.options
    return resource === undefined ? {} : { resource }
  }

  #clientAuth(): Promise<oauth.ClientAuth> {
    this.#auth ??= clientAuthOf(this.options)
    return this.#auth
  }

  async #httpWith(key: ProofKey | undefined): Promise<Http> {
    return { ...this.#provider.http, ...proving(key === undefined ? undefined : await proverOf(key)) }
  }

  #tokensOf(granted: oauth.TokenEndpointResponse, key: ProofKey | undefined): SessionTokens {
    // Whoever steals a token that was not bound can use it: not what was asked for (RFC 9449 §5).
    if (key !== undefined && granted.token_type !== 'dpop') throw new oauth.UnsupportedOperationError('the token is not bound to the key')
    const { access_token: accessToken, refresh_token: refreshToken, expires_in: lifetime = 300, id_token: idToken } = granted
    // JSON holds no larger numbers, and sessions are kept in it.
    const milliseconds = Math.min(lifetime, longestLifetime) * 1000
    const expiresAt = this.clock.now() + milliseconds
    return { accessToken, refreshToken, idToken, expiresAt, renewAt: expiresAt - Math.min(early, milliseconds / 2) }
  }
}

/** An endpoint that browsers are sent to. Throws where it is none: a script, or plain HTTP. */
function browserAddress(endpoint: string | undefined, http: Provider['http']): URL {
  const isPlainAllowed = http[oauth.allowInsecureRequests]
  const url = endpoint !== undefined && URL.canParse(endpoint) ? new URL(endpoint) : undefined
  if (url?.protocol === 'https:' || (isPlainAllowed && url?.protocol === 'http:')) return url
  const cause = new Error(`the authorization server sends browsers to ${JSON.stringify(endpoint)}`)
  throw new Unavailable(undefined, { reason: 'provider-unavailable', cause })
}

async function attempted<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await ask()
  } catch (thrown) {
    throw loginFailure(thrown)
  }
}
