import type { Context } from '../../context.js'
import { cookieIn, hostCookie } from '../cookies.js'
import type { BrowserSession, Subject } from './interaction.js'
import type { OAuthState } from './oauth-state.js'
import { randomSecret } from './secrets.js'
import type { Standing } from './standing.js'

const cookieName = '__Host-oauth'

interface Kept {
  readonly subject: Subject
  readonly startedAt: number
}

/** A login at the authorization server itself. */
export interface OpenSession extends BrowserSession {
  /** When it was started, in milliseconds since 1970; undefined where nobody is logged in. */
  readonly startedAt: number | undefined
}

/** Logins of browsers at the authorization server: so that a second client need not ask for the password again. */
export class LoginSessions {
  constructor(
    private readonly state: OAuthState,
    private readonly standing: Standing,
    /** Milliseconds. */
    private readonly lifetime: number,
  ) {}

  /** The login of the browser that a request came from. */
  async of(context: Context): Promise<OpenSession> {
    const secret = cookieIn(context.request.headers.cookie, cookieName)
    const kept = secret === undefined ? undefined : (await this.state.get<Kept>('session', secret))?.value
    return {
      // An account that was closed, or logged out everywhere, is not logged in here either.
      subject: kept && (await this.standing.now(kept.subject, kept.startedAt)),
      startedAt: kept?.startedAt,
      start: async (subject) => {
        // A cookie that was there before the login may be known to others (session fixation): it ends.
        if (secret !== undefined) await this.state.take('session', secret)
        const fresh = randomSecret()
        await this.state.set('session', fresh, { subject, startedAt: this.state.clock.now() } satisfies Kept, this.lifetime)
        context.setHeader('Set-Cookie', hostCookie(cookieName, fresh))
      },
      end: async () => {
        if (secret !== undefined) await this.state.take('session', secret)
        context.setHeader('Set-Cookie', hostCookie(cookieName, '', 0))
      },
    }
  }
}
