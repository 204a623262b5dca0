import { reply } from '../../answer.js'
import type { Answer } from '../../answer.js'
import { Audit } from '../../audit/audit.js'
import { noteEvent } from '../../audit/security-events.js'
import { TokenRefused } from '../../authentication/verifier.js'
import type { Authentication, CallerIdentification, WayServices } from '../../authentication/ways.js'
import { Public } from '../../authorization/requirements.js'
import { tokens } from '../../container.js'
import type { Clock, Context, Identity } from '../../context.js'
import type { Class } from '../../decorator.js'
import { MalformedRequest, PermissionDenied, Unauthenticated } from '../../errors.js'
import type { Exchange } from '../../exchange.js'
import { RateLimit } from '../../rate-limit/rate-limit.js'
import { Controller, Get, Post } from '../../routing/routing.js'
import type { StateStore } from '../../state/state-store.js'
import { Validate } from '../../validation/decorator.js'
import { anyFields } from '../any-fields.js'
import { cookieIn, hostCookie } from '../cookies.js'
import { isFromSameOrigin } from '../same-origin.js'
import { LoginClient } from './login-client.js'
import type { LoginAttempt } from './login-client.js'
import { checkedLogin } from './login-options.js'
import type { CheckedLogin, OAuthLoginOptions } from './login-options.js'
import { returnAddress } from './return-address.js'
import { identityOf } from './session-identity.js'
import { Vault } from './vault.js'
import { WebSessions } from './web-sessions.js'

/** A login for browsers: a controller to mount, and a way to know callers. */
export interface OAuthLogin {
  /** `GET /auth/login?return_to=/orders`, `GET /auth/callback` and `POST /auth/logout`. */
  readonly controller: Class
  /** Knows callers by the session behind their cookie. */
  readonly authentication: Authentication
  /** The access token of the session that a request belongs to, for calling other APIs in the person's name. */
  tokenOf(context: Pick<Context, 'requestId'>): string
}

const sessionCookie = '__Host-session'
const loginCookie = '__Host-login'
/** In which a login must be done, in milliseconds. */
const loginTime = 600_000
const safeMethods: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS'])

/** The parts that the controller and the way to know callers share: both are made for one API. */
interface Parts {
  readonly client: LoginClient
  readonly sessions: WebSessions
  readonly attempts: Vault
}

/**
 * Logs people in at an authorization server and keeps their tokens on this one (backend for frontend): the browser has a cookie that
 * is worth nothing elsewhere (`__Host-session`: HttpOnly, Secure, SameSite=Lax), new at each login. Authorization code with PKCE,
 * state, nonce and `iss` (RFC 9700, RFC 9207). Requests that change something are taken from pages of this origin alone.
 *
 * `createApi({ controllers: [login.controller, …], authentication: [bearer({ … }), login.authentication] })`. Sessions are kept in the API's
 * `tokens.state`, encrypted with a key that only the cookie holds. Never throws: `createApi` tells what is wrong with the options.
 */
export function oauthLogin(options: OAuthLoginOptions): OAuthLogin {
  const { login, mistakes } = checkedLogin(options)
  const tokensOfRequests = new WeakMap<object, string>()
  const authentication: Authentication = {
    name: 'session',
    mistakes,
    open: (services) => identification(login, partsOf(login, services), services, tokensOfRequests),
  }
  return {
    authentication,
    controller: mistakes.length === 0 ? controllerOf(login) : controllerOf({ ...login, path: '/auth' }),
    tokenOf(context) {
      const token = tokensOfRequests.get(context)
      if (token === undefined) throw new TypeError('this request belongs to no session: its route is public, or another way said who calls')
      return token
    },
  }
}

function partsOf(login: CheckedLogin, { state, clock }: { readonly state: StateStore; readonly clock: Clock }): Parts {
  const client = new LoginClient(login, clock)
  const sessions = new WebSessions(new Vault('session', state, clock), login.sessionLifetimes, (given) => client.renew(given))
  return { client, sessions, attempts: new Vault('login', state, clock) }
}

function identification(
  login: CheckedLogin,
  { sessions }: Parts,
  { clock }: WayServices,
  tokensOfRequests: WeakMap<object, string>,
): CallerIdentification {
  return {
    challenge: undefined,
    refusal: ['Set-Cookie', hostCookie(sessionCookie, '', 0)],
    isAmbient: true,
    bears: ({ request }) => request.headers.cookie?.includes(`${sessionCookie}=`) === true,
    async identify(exchange: Exchange): Promise<Identity> {
      const secret = cookieIn(exchange.request.headers.cookie, sessionCookie)
      if (secret === undefined) throw new Unauthenticated('Log in first.', { reason: 'no-session' })
      requireOwnPage(exchange, login.origin)
      const session = await sessions.find(secret)
      if (session === undefined) throw new TokenRefused('expired')
      const identity = await identityOf(session, login, clock.now())
      tokensOfRequests.set(exchange, session.tokens.accessToken)
      return identity
    },
  }
}

/** A browser sends the cookie along whoever wrote the page: what changes something must come from a page of ours. */
function requireOwnPage({ request }: Pick<Exchange, 'request'>, origin: string): void {
  if (safeMethods.has(request.method) || isFromSameOrigin(request, origin)) return
  throw new PermissionDenied('This was not sent from a page of this origin.', { reason: 'cross-site-request', event: 'malicious_csrf' })
}

function controllerOf(login: CheckedLogin): Class {
  @Controller(login.path, { inject: [tokens.state, tokens.clock] })
  @Public()
  class OAuthLoginController {
    readonly #parts: Parts

    constructor(state: StateStore, clock: Clock) {
      this.#parts = partsOf(login, { state, clock })
    }

    @Get('/login')
    @RateLimit('20 per minute')
    @Validate({ query: anyFields })
    async login(context: Context<{ query: object }>): Promise<Answer> {
      const { client, attempts } = this.#parts
      const { return_to: wanted } = context.query as { readonly return_to?: unknown }
      const { attempt, url } = await client.begin(returnAddress(wanted, login.origin, login.afterLogin))
      // One secret for all tabs of a browser, so that logging in twice at once works.
      const known = cookieIn(context.request.headers.cookie, loginCookie)
      const secret = known !== undefined && /^[A-Za-z0-9_-]{43}$/.test(known) ? known : attempt.state
      await attempts.set(`${secret}${attempt.state}`, attempt, attempts.clock.now() + loginTime)
      context.setHeader('Set-Cookie', hostCookie(loginCookie, secret, loginTime / 1000))
      return reply(303, undefined, { Location: url })
    }

    @Get('/callback')
    @RateLimit('20 per minute')
    @Validate({ query: anyFields })
    @Audit('session.login')
    async callback(context: Context<{ query: object }>): Promise<Answer> {
      const { client, attempts, sessions } = this.#parts
      const [, query = ''] = /\?(.*)$/s.exec(context.request.target) ?? []
      const callback = new URLSearchParams(query)
      const secret = cookieIn(context.request.headers.cookie, loginCookie)
      // Begun in this very browser, and finished once (login CSRF, replay).
      const attempt = secret === undefined ? undefined : await attempts.take<LoginAttempt>(`${secret}${callback.get('state') ?? ''}`)
      if (attempt === undefined) throw unknownLogin()
      const { tokens: granted, claims } = await client.finish(callback, attempt)
      // A session that was there before may be known to others (session fixation): it ends.
      const before = cookieIn(context.request.headers.cookie, sessionCookie)
      if (before !== undefined) await sessions.end(before)
      context.setHeader('Set-Cookie', hostCookie(sessionCookie, await sessions.start(granted, claims)))
      noteEvent(context, 'authn_login_success')
      return reply(303, undefined, { Location: attempt.returnTo })
    }

    @Post('/logout')
    @Audit('session.logout')
    async logout(context: Context): Promise<Answer> {
      requireOwnPage(context, login.origin)
      // Whatever fails from here on: this browser is logged out.
      context.setHeader('Set-Cookie', hostCookie(sessionCookie, '', 0))
      context.setHeader('Clear-Site-Data', '"cache", "storage"')
      const secret = cookieIn(context.request.headers.cookie, sessionCookie)
      const session = secret === undefined ? undefined : await this.#parts.sessions.end(secret)
      noteEvent(context, 'session_logout')
      const elsewhere = session === undefined ? undefined : await this.#endAtProvider(context, session.tokens)
      return reply(303, undefined, { Location: elsewhere ?? login.afterLogout })
    }

    /** The session is over here; whether the provider hears of it decides nothing. */
    async #endAtProvider(context: Context, granted: Parameters<LoginClient['end']>[0]): Promise<string | undefined> {
      try {
        return await this.#parts.client.end(granted)
      } catch (error) {
        context.log.warn('the authorization server could not be told of a log-out', { error })
        return undefined
      }
    }
  }
  return OAuthLoginController
}

function unknownLogin(): MalformedRequest {
  return new MalformedRequest('This login is not known here (any more). Start again.', {
    reason: 'unknown-login',
    event: 'authn_login_fail',
  })
}
