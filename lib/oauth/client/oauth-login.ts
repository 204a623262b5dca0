import { randomBytes } from 'node:crypto'
import { reply } from '../../answer.js'
import type { Answer } from '../../answer.js'
import { Audit } from '../../audit/audit.js'
import { noteEvent } from '../../audit/security-events.js'
import type { Authentication } from '../../authentication/ways.js'
import { Public } from '../../authorization/requirements.js'
import { tokens } from '../../container.js'
import type { Clock, Context } from '../../context.js'
import type { Class } from '../../decorator.js'
import { outboundFetch } from '../../outbound.js'
import type { OutboundInit } from '../../outbound.js'
import { RateLimit } from '../../rate-limit/rate-limit.js'
import { descriptionKind } from '../../operation.js'
import { Controller, Get, Post } from '../../routing/routing.js'
import type { StateStore } from '../../state/state-store.js'
import { WithoutCors } from '../../transport/cors.js'
import { Validate } from '../../validation/decorator.js'
import { anyFields } from '../any-fields.js'
import { cookieIn, hostCookie } from '../cookies.js'
import { ApiRequests } from './api-request.js'
import { askedLogin } from './asked-login.js'
import { LoginClient } from './login-client.js'
import type { LoginAttempt } from './login-client.js'
import { refused } from './login-failure.js'
import { checkedLogin } from './login-options.js'
import type { CheckedLogin, OAuthLoginOptions } from './login-options.js'
import { proverOf } from './proof-key.js'
import { returnAddress } from './return-address.js'
import { isSecret, requireOwnPage, sessionIdentification } from './session-identification.js'
import { Vault } from './vault.js'
import { WebSessions } from './web-sessions.js'
import type { WebSession } from './web-sessions.js'

/** A login for browsers: a controller to mount, and a way to know callers. */
export interface OAuthLogin {
  /** `GET /auth/login?return_to=/orders` (with `acr_values` and `max_age` where an API asks for them, RFC 9470), `GET /auth/callback` and `POST /auth/logout`. */
  readonly controller: Class
  /** Knows callers by the session behind their cookie. */
  readonly authentication: Authentication
  /**
   * The access token of the session that a request belongs to, for calling other APIs in the person's name. It was renewed shortly
   * before its end, where the server gave a refresh token. Throws a `TypeError` for a request that belongs to no session.
   */
  tokenOf(context: Pick<Context, 'requestId'>): string
  /**
   * Asks another API in the person's name: bears the session's token, and proves its key where it has one. It sends tokens to the
   * origins in `allow` alone (a `TypeError` elsewhere) and follows no redirects.
   */
  fetch(context: Pick<Context, 'requestId'>, url: string | URL, init?: OutboundInit): Promise<Response>
}

/** One for all logins of an application: it names a browser, and nothing that was begun in it. */
const loginCookie = '__Host-login'
/** In which a login must be done, in milliseconds. */
const loginTime = 600_000

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
  const { login: given, mistakes } = checkedLogin(options)
  // Whatever is wrong, `createApi` lists all of it: until then it must not fail for one of them.
  const login = mistakes.length === 0 ? given : { ...given, path: '/auth', issuer: 'https://login.invalid', outbound: {}, allow: [] }
  const known = new WeakMap<object, WebSession>()
  const requests = new ApiRequests(outboundFetch({ maxBytes: 10_485_760, timeout: 30_000, ...login.outbound }), login.allow ?? [])

  function sessionOf(context: object): WebSession {
    const session = known.get(context)
    if (session === undefined) throw new TypeError('this request belongs to no session: its route is public, or another way said who calls')
    return session
  }

  return {
    authentication: {
      name: 'session',
      mistakes,
      schemes: [
        {
          name: 'session',
          scheme: { type: 'apiKey', in: 'cookie', name: login.cookie, description: 'The cookie of a browser that has logged in.' },
        },
      ],
      open(services) {
        const { sessions } = partsOf(login, services)
        return sessionIdentification({
          login,
          sessions,
          clock: services.clock,
          note: (context, session) => void known.set(context, session),
        })
      },
    },
    controller: controllerOf(login),
    tokenOf: (context) => sessionOf(context).tokens.accessToken,
    async fetch(context, url, init = {}) {
      const { tokens: held, proofKey } = sessionOf(context)
      const send = await requests.prepare(url, init)
      return send({ token: held.accessToken, prover: proofKey === undefined ? undefined : await proverOf(proofKey) })
    },
  }
}

/** Pages and redirects, which no client of an API calls. */
const ForBrowsers = () => descriptionKind.declare({ hidden: true })

function partsOf(login: CheckedLogin, { state, clock }: { readonly state: StateStore; readonly clock: Clock }): Parts {
  const client = new LoginClient(login, clock)
  const sessions = new WebSessions(new Vault('session', login.owner, state, clock), login.sessionLifetimes, client)
  return { client, sessions, attempts: new Vault('login', login.owner, state, clock) }
}

function controllerOf(login: CheckedLogin): Class {
  @Controller(login.path, { inject: [tokens.state, tokens.clock] })
  @Public()
  @WithoutCors()
  @ForBrowsers()
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
      const query = context.query as Readonly<Record<string, unknown>>
      const returnTo = returnAddress(query['return_to'], login.origin, login.afterLogin)
      const { attempt, url } = await client.begin(returnTo, askedLogin(query))
      // One secret for all tabs of a browser, so that logging in twice at once works.
      const known = cookieIn(context.request.headers.cookie, loginCookie)
      const secret = known !== undefined && isSecret(known) ? known : randomBytes(32).toString('base64url')
      await attempts.set(`${secret}.${attempt.state}`, attempt, attempts.clock.now() + loginTime)
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
      const attempt = secret === undefined ? undefined : await attempts.take<LoginAttempt>(`${secret}.${callback.get('state') ?? ''}`)
      if (attempt === undefined) throw refused(secret === undefined ? 'no-login-cookie' : 'unknown-login')
      const result = await client.finish(callback, attempt)
      // A session that was there before may be known to others (session fixation): it ends.
      const before = cookieIn(context.request.headers.cookie, login.cookie)
      if (before !== undefined) await sessions.end(before)
      context.setHeader('Set-Cookie', hostCookie(login.cookie, await sessions.start(result)))
      noteEvent(context, 'authn_login_success')
      return reply(303, undefined, { Location: attempt.returnTo })
    }

    @Post('/logout')
    @RateLimit('60 per minute')
    @Audit('session.logout')
    async logout(context: Context): Promise<Answer> {
      requireOwnPage(context, login.origin)
      // Whatever fails from here on: this browser is logged out.
      context.setHeader('Set-Cookie', hostCookie(login.cookie, '', 0))
      context.setHeader('Clear-Site-Data', '"cache", "storage"')
      const { client, sessions } = this.#parts
      const secret = cookieIn(context.request.headers.cookie, login.cookie)
      const session = secret === undefined ? undefined : await sessions.end(secret)
      noteEvent(context, 'session_logout')
      if (session === undefined) return reply(303, undefined, { Location: login.afterLogout })
      // The session is over here; whether the provider hears of it decides nothing.
      const warn = (error: unknown) => void context.log.warn('the authorization server could not be told of a log-out', { error })
      const [elsewhere] = await Promise.all([client.logoutAddress(session.tokens).catch(warn), client.revoke(session.tokens).catch(warn)])
      return reply(303, undefined, { Location: elsewhere ?? login.afterLogout })
    }
  }
  return OAuthLoginController
}
