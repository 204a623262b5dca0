import { TokenRefused, refused } from '../../authentication/verifier.js'
import type { CallerIdentification } from '../../authentication/ways.js'
import type { Clock, Identity } from '../../context.js'
import { PermissionDenied, Unauthenticated } from '../../errors.js'
import type { Exchange } from '../../exchange.js'
import { cookieIn, hostCookie } from '../cookies.js'
import { isFromSameOrigin } from '../same-origin.js'
import type { CheckedLogin } from './login-options.js'
import { identityOf } from './session-identity.js'
import type { WebSession, WebSessions } from './web-sessions.js'

const safeMethods: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS'])

/** Where sessions are looked up, and who is told of the one that was found. */
export interface SessionWay {
  readonly login: CheckedLogin
  readonly sessions: WebSessions
  readonly clock: Clock
  readonly note: (exchange: Exchange, session: WebSession) => void
}

/** Knows callers by the session behind their cookie. */
export function sessionIdentification({ login, sessions, clock, note }: SessionWay): CallerIdentification {
  return {
    challenge: undefined,
    refusal: ['Set-Cookie', hostCookie(login.cookie, '', 0)],
    isAmbient: true,
    bears: ({ request }) => request.headers.cookie?.includes(`${login.cookie}=`) === true,
    async identify(exchange: Exchange): Promise<Identity> {
      const secret = cookieIn(exchange.request.headers.cookie, login.cookie)
      if (secret === undefined) throw new Unauthenticated('Log in first.', { reason: 'no-session' })
      requireOwnPage(exchange, login.origin)
      if (!isSecret(secret)) throw refused('malformed')
      const session = await sessions.find(secret)
      if (session === undefined) throw refused('expired')
      try {
        return await known(exchange, session)
      } catch (thrown) {
        // A server need not say when a token ends, and may end it before.
        const renewed = hasEnded(thrown) ? await sessions.findAnew(secret, session.tokens.accessToken) : undefined
        if (renewed === undefined) throw thrown
        return known(exchange, renewed)
      }
    },
  }

  async function known(exchange: Exchange, session: WebSession): Promise<Identity> {
    const identity = await identityOf(session, login, clock.now())
    note(exchange, session)
    return identity
  }
}

/** A browser sends the cookie along whoever wrote the page: what changes something must come from a page of ours. */
export function requireOwnPage({ request }: Pick<Exchange, 'request'>, origin: string): void {
  if (safeMethods.has(request.method) || isFromSameOrigin(request, origin)) return
  throw new PermissionDenied('This was not sent from a page of this origin.', { reason: 'cross-site-request', event: 'malicious_csrf' })
}

/** Whether this may be a secret of ours at all: nothing else is looked up. */
export function isSecret(text: string): boolean {
  return /^[A-Za-z0-9_-]{43}$/.test(text)
}

function hasEnded(thrown: unknown): boolean {
  return thrown instanceof TokenRefused && (thrown.reason === 'expired' || thrown.reason === 'inactive')
}
