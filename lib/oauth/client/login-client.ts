import * as oauth from 'oauth4webapi'
import type { Clock } from '../../context.js'
import { MalformedRequest, Unavailable } from '../../errors.js'
import { clientAuthOf } from './client-identity.js'
import type { CheckedLogin } from './login-options.js'
import { Provider } from './provider.js'
import type { SessionTokens } from './web-sessions.js'

/** What must be known of a login when the browser comes back. */
export interface LoginAttempt {
  readonly state: string
  readonly nonce: string
  readonly verifier: string
  readonly returnTo: string
}

/** What a login gave. */
export interface LoginResult {
  readonly tokens: SessionTokens
  readonly claims: Readonly<Record<string, unknown>> | undefined
}

/** Talks to the authorization server: all of the protocol is oauth4webapi's. */
export class LoginClient {
  readonly #provider: Provider
  readonly #client: oauth.Client
  #auth: Promise<oauth.ClientAuth> | undefined

  constructor(
    private readonly options: CheckedLogin,
    private readonly clock: Clock,
  ) {
    this.#provider = new Provider(options, clock)
    this.#client = { client_id: options.clientId }
  }

  /** A fresh attempt, and where it sends the browser. */
  async begin(returnTo: string): Promise<{ readonly attempt: LoginAttempt; readonly url: string }> {
    const server = await this.#provider.metadata()
    const attempt = {
      state: oauth.generateRandomState(),
      nonce: oauth.generateRandomNonce(),
      verifier: oauth.generateRandomCodeVerifier(),
      returnTo,
    }
    const { clientId, redirectUri, scope, resource, usesOpenId } = this.options
    const parameters = new URLSearchParams({
      ...{ client_id: clientId, redirect_uri: redirectUri, response_type: 'code', scope, state: attempt.state },
      code_challenge: await oauth.calculatePKCECodeChallenge(attempt.verifier),
      code_challenge_method: 'S256',
      ...(usesOpenId ? { nonce: attempt.nonce } : {}),
      ...(resource === undefined ? {} : { resource }),
    })
    if (server.authorization_endpoint === undefined) throw unavailable(new Error('the authorization server has no authorization endpoint'))
    const url = new URL(server.authorization_endpoint)
    const sent = this.options.pushesRequests === true ? await this.#push(server, parameters) : parameters
    for (const [name, value] of sent) url.searchParams.append(name, value)
    return { attempt, url: url.href }
  }

  /** Redeems what the browser came back with. */
  async finish(callback: URLSearchParams, attempt: LoginAttempt): Promise<LoginResult> {
    const server = await this.#provider.metadata()
    // Compares state, and `iss` where the server says that it sends it (RFC 9207 §2.4: mix-up).
    const parameters = refusing(() => oauth.validateAuthResponse(server, this.#client, callback, attempt.state))
    const { redirectUri, usesOpenId } = this.options
    return this.#asked(async () => {
      const answer = await oauth.authorizationCodeGrantRequest(
        server,
        this.#client,
        await this.#clientAuth(),
        parameters,
        redirectUri,
        attempt.verifier,
        this.#provider.http,
      )
      const expected = usesOpenId ? { expectedNonce: attempt.nonce, requireIdToken: true } : {}
      const granted = await oauth.processAuthorizationCodeResponse(server, this.#client, answer, expected)
      return { tokens: this.#tokensOf(granted), claims: oauth.getValidatedIdTokenClaims(granted) }
    })
  }

  /** New tokens; undefined where the server gives none any more. */
  async renew(tokens: SessionTokens): Promise<SessionTokens | undefined> {
    const { refreshToken, idToken } = tokens
    if (refreshToken === undefined) return undefined
    const server = await this.#provider.metadata()
    try {
      const answer = await oauth.refreshTokenGrantRequest(server, this.#client, await this.#clientAuth(), refreshToken, this.#provider.http)
      const granted = await oauth.processRefreshTokenResponse(server, this.#client, answer)
      const fresh = this.#tokensOf(granted)
      return { ...fresh, refreshToken: fresh.refreshToken ?? refreshToken, idToken: fresh.idToken ?? idToken }
    } catch (thrown) {
      if (thrown instanceof oauth.ResponseBodyError && thrown.error === 'invalid_grant') return undefined
      throw unavailable(thrown)
    }
  }

  /** Takes the tokens back at the server, where it can; answers with where it wants the browser to go to log out there. */
  async end({ refreshToken, accessToken, idToken }: SessionTokens): Promise<string | undefined> {
    const server = await this.#provider.metadata()
    if (server.revocation_endpoint !== undefined) {
      const answer = await oauth.revocationRequest(
        server,
        this.#client,
        await this.#clientAuth(),
        refreshToken ?? accessToken,
        this.#provider.http,
      )
      await oauth.processRevocationResponse(answer)
    }
    if (server.end_session_endpoint === undefined || idToken === undefined) return undefined
    const url = new URL(server.end_session_endpoint)
    url.searchParams.set('id_token_hint', idToken)
    url.searchParams.set('client_id', this.options.clientId)
    url.searchParams.set('post_logout_redirect_uri', `${this.options.origin}${this.options.afterLogout}`)
    return url.href
  }

  #push(server: oauth.AuthorizationServer, parameters: URLSearchParams): Promise<URLSearchParams> {
    return this.#asked(async () => {
      const answer = await oauth.pushedAuthorizationRequest(server, this.#client, await this.#clientAuth(), parameters, this.#provider.http)
      const { request_uri } = await oauth.processPushedAuthorizationResponse(server, this.#client, answer)
      return new URLSearchParams({ client_id: this.options.clientId, request_uri })
    })
  }

  #clientAuth(): Promise<oauth.ClientAuth> {
    this.#auth ??= clientAuthOf(this.options)
    return this.#auth
  }

  #tokensOf({
    access_token: accessToken,
    refresh_token: refreshToken,
    expires_in: lifetime = 300,
    id_token: idToken,
  }: oauth.TokenEndpointResponse) {
    return { accessToken, refreshToken, idToken, expiresAt: this.clock.now() + lifetime * 1000 }
  }

  async #asked<T>(ask: () => Promise<T>): Promise<T> {
    try {
      return await ask()
    } catch (thrown) {
      if (isAway(thrown)) throw unavailable(thrown)
      throw refused(thrown)
    }
  }
}

function refusing<T>(check: () => T): T {
  try {
    return check()
  } catch (thrown) {
    throw refused(thrown)
  }
}

/** A login that comes to nothing: what the server or the browser brought is not what was asked for. */
function refused(cause: unknown): MalformedRequest {
  const reason = cause instanceof oauth.AuthorizationResponseError ? 'authorization-refused' : 'login-refused'
  return new MalformedRequest('The login did not succeed. Start again.', { reason, event: 'authn_login_fail', cause })
}

function isAway(thrown: unknown): boolean {
  if (thrown instanceof oauth.ResponseBodyError) return thrown.status >= 500 || thrown.status === 429
  if (thrown instanceof oauth.OperationProcessingError) return thrown.cause instanceof Response && thrown.cause.status >= 500
  return !(thrown instanceof oauth.WWWAuthenticateChallengeError || thrown instanceof oauth.UnsupportedOperationError)
}

function unavailable(cause: unknown): Unavailable {
  return cause instanceof Unavailable ? cause : new Unavailable(undefined, { reason: 'provider-unavailable', cause })
}
