import type { Identity } from '../../context.js'
import { TokenRefused } from '../../authentication/verifier.js'
import type { CheckedLogin } from './login-options.js'
import type { WebSession } from './web-sessions.js'

const none: readonly string[] = Object.freeze([])

/** Who a session speaks of: what its access token proves, or whom its ID token named. */
export async function identityOf(session: WebSession, { verifier, claims: read, issuer }: CheckedLogin, now: number): Promise<Identity> {
  if (verifier !== undefined) return verifier.verify(session.tokens.accessToken, now)
  const { claims, startedAt } = session
  if (claims === undefined || typeof claims['sub'] !== 'string') throw new TokenRefused('no-subject')
  const facts = read === undefined ? {} : read(claims)
  if (facts === undefined) throw new TokenRefused('malformed')
  const { kind = 'user', roles = none, scopes = none, grants = none } = facts
  const { sub: id, sid } = claims
  return Object.freeze({
    ...{ id, kind, issuer, roles, scopes, grants, claims },
    tokenId: undefined,
    expiresAt: undefined,
    issuedAt: startedAt,
    sessionId: typeof sid === 'string' ? sid : undefined,
  })
}
