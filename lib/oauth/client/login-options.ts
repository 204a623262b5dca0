import type { TokenVerifier } from '../../authentication/verifier.js'
import type { ClaimsReader } from '../../authentication/claims-reader.js'
import type { Mistake } from '../../errors.js'
import { addressProblem, outboundMistakes } from '../../outbound.js'
import type { OutboundOptions } from '../../outbound.js'
import { wrongOrigin } from './api-request.js'
import { identityMistake } from './client-identity.js'
import type { ClientIdentity } from './client-identity.js'
import { returnAddress } from './return-address.js'

/** How people log in to a web application, at somebody else's authorization server. */
export interface OAuthLoginOptions extends ClientIdentity {
  /** The authorization server, to the character. */
  readonly issuer: string
  /** Where its metadata stand: as OpenID Connect Discovery says, or as RFC 8414 does. @default 'oidc' where `scope` has openid */
  readonly discovery?: 'oauth2' | 'oidc'
  /** Where browsers know this application: `https://app.example.com`. */
  readonly origin: string
  /** Before the routes `login`, `callback` and `logout`. The redirect URI to register is origin, path and `/callback`. @default '/auth' */
  readonly path?: string
  /** Words with one space between them. @default 'openid' */
  readonly scope?: string
  /** The API that access tokens are for (RFC 8707). @default what the server chooses */
  readonly resource?: string
  /**
   * Proves the access token of a session on each request, so that a session has the same principal as the token would have:
   * `bearer({ … }).verifier`. @default none: the ID token says who it is
   */
  readonly verifier?: TokenVerifier
  /** Makes of the ID token's claims what they say about the caller, where there is no `verifier`. @default nothing but who it is */
  readonly claims?: ClaimsReader
  /** Where browsers go after the login, unless the link said another path of this origin. @default '/' */
  readonly afterLogin?: string
  /** Where browsers go after the log-out. @default '/' */
  readonly afterLogout?: string
  /** How long a session lives, in seconds: without a request, and in all. @default 1,800 and 43,200: half an hour, twelve hours */
  readonly lifetimes?: { readonly idle?: number; readonly absolute?: number }
  /** Sends requests ahead of browsers (RFC 9126). @default false */
  readonly pushesRequests?: boolean
  /** Binds the tokens of each session to a key of its own (RFC 9449), kept on the server as the tokens are. @default false */
  readonly dpop?: boolean
  /** The origins that `fetch` may send a session's token to: `['https://api.example.com']`. @default none */
  readonly allow?: readonly string[]
  /**
   * What the session's cookie is called. It must begin with `__Host-`, so that no other host of the domain can set it. Give each
   * login a name of its own where an application has several. @default '__Host-session'
   */
  readonly cookie?: string
  /** What may be asked of the authorization server. @default no private address */
  readonly outbound?: OutboundOptions
}

/** The options with defaults. */
export interface CheckedLogin extends OAuthLoginOptions {
  readonly discovery: 'oauth2' | 'oidc'
  readonly path: string
  readonly scope: string
  readonly afterLogin: string
  readonly afterLogout: string
  readonly cookie: string
  readonly redirectUri: string
  /** Whose sessions and logins these are: a code or a cookie of one login is worth nothing at another (mix-up). */
  readonly owner: string
  readonly usesOpenId: boolean
  /** Milliseconds. */
  readonly sessionLifetimes: { readonly idle: number; readonly absolute: number }
}

/** Checks the options; mistakes are collected. */
export function checkedLogin(options: OAuthLoginOptions): { readonly login: CheckedLogin; readonly mistakes: readonly Mistake[] } {
  const { path = '/auth', scope = 'openid', afterLogin = '/', afterLogout = '/', cookie = '__Host-session' } = options
  const { issuer, clientId, origin, lifetimes = {} } = options
  const usesOpenId = scope.split(' ').includes('openid')
  const login = {
    ...options,
    ...{ path, scope, afterLogin, afterLogout, cookie, usesOpenId },
    discovery: options.discovery ?? (usesOpenId ? ('oidc' as const) : ('oauth2' as const)),
    redirectUri: `${origin}${path}/callback`,
    owner: JSON.stringify([issuer, clientId, origin, path]),
    sessionLifetimes: { idle: (lifetimes.idle ?? 1_800) * 1000, absolute: (lifetimes.absolute ?? 43_200) * 1000 },
  }
  return { login, mistakes: mistakesIn(login) }
}

function mistakesIn(login: CheckedLogin): readonly Mistake[] {
  const { issuer, origin, path, afterLogin, afterLogout, cookie, allow = [], outbound = {}, verifier, usesOpenId } = login
  const mistakes: Mistake[] = [...outboundMistakes(outbound, 'oauthLogin.outbound')]
  const complain = (name: string, problem: string, mend: string) => void mistakes.push({ place: `oauthLogin.${name}`, problem, mend })
  const identity = identityMistake(login)
  if (identity !== undefined) complain('clientId', identity, 'see who this application is at the authorization server')
  const address = mistakes.length === 0 ? addressProblem(issuer, outbound) : undefined
  if (address !== undefined) complain('issuer', address, 'write the URL of the authorization server, with https')
  if (!isOrigin(origin))
    complain('origin', `${JSON.stringify(origin)} is no origin`, "write where browsers know this application: 'https://app.example.com'")
  if (!/^(?:\/[A-Za-z0-9._~-]+)+$/.test(path)) complain('path', `${JSON.stringify(path)} is no path`, "write such as '/auth'")
  if (!/^__Host-[A-Za-z0-9_-]{1,64}$/.test(cookie))
    complain('cookie', `${JSON.stringify(cookie)} is no name`, "write such as '__Host-session': browsers protect what begins so")
  const wrong = wrongOrigin(allow)
  if (wrong !== undefined) complain('allow', `${JSON.stringify(wrong)} is no origin`, "write such as 'https://api.example.com'")
  for (const [name, value] of Object.entries({ afterLogin, afterLogout })) {
    if (returnAddress(value, 'https://a.example', '') === '')
      complain(name, `${JSON.stringify(value)} is no path of this origin`, "write such as '/'")
  }
  if (verifier === undefined && !usesOpenId) {
    complain(
      'verifier',
      'nothing says who logged in: there is neither a verifier nor an ID token',
      "give a verifier, or ask for the scope 'openid'",
    )
  }
  for (const [name, milliseconds] of Object.entries(login.sessionLifetimes)) {
    if (!(milliseconds >= 1_000 && milliseconds <= 2_592_000_000))
      complain(`lifetimes.${name}`, 'it is no time', 'write seconds from 1 to 2,592,000')
  }
  return mistakes
}

function isOrigin(origin: unknown): boolean {
  if (typeof origin !== 'string' || !URL.canParse(origin)) return false
  const { origin: own, protocol, hostname } = new URL(origin)
  return own === origin && (protocol === 'https:' || (protocol === 'http:' && ['127.0.0.1', '[::1]', 'localhost'].includes(hostname)))
}
