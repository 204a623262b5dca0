import { calculateJwkThumbprint } from 'jose'
import type { Identity } from '../../context.js'
import { isPromiseLike } from '../../promise.js'
import { refused } from '../../authentication/verifier.js'
import type { TokenVerifier } from '../../authentication/verifier.js'
import type { CheckedLogin } from './login-options.js'
import type { WebSession } from './web-sessions.js'

const none: readonly string[] = Object.freeze([])

/**
 * Who a session speaks of: what its access token proves, or whom its ID token named. It counts as issued when the person logged in,
 * so that a log-out everywhere ends it, however often its token was renewed since.
 */
export async function identityOf(session: WebSession, login: CheckedLogin, now: number): Promise<Identity> {
  const identity = login.verifier === undefined ? named(session, login) : await proved(session, login.verifier, now)
  const { claims, startedAt, id } = session
  const said = withLogin(identity.claims, claims)
  const sid = identity.sessionId ?? (typeof claims?.['sid'] === 'string' && claims['sid'] !== '' ? claims['sid'] : id)
  return Object.freeze({ ...identity, claims: said, issuedAt: startedAt, sessionId: sid })
}

const loginClaims = ['auth_time', 'acr', 'amr'] as const

/** What an access token does not say of the login, the ID token of the same login may (OpenID Connect Core §2). */
function withLogin(claims: Identity['claims'], named: WebSession['claims']): Identity['claims'] {
  const missing = loginClaims.filter((name) => claims[name] === undefined && named?.[name] !== undefined)
  return missing.length === 0 ? claims : Object.freeze({ ...claims, ...Object.fromEntries(missing.map((name) => [name, named?.[name]])) })
}

async function proved({ tokens, proofKey }: WebSession, verifier: TokenVerifier, now: number): Promise<Identity> {
  const pending = verifier.verify(tokens.accessToken, now)
  const identity = isPromiseLike(pending) ? await pending : pending
  // Bound to a key of somebody else's, or to none where it should be.
  const own = proofKey === undefined ? undefined : await calculateJwkThumbprint(proofKey)
  if (identity.proofKey !== own) throw refused(own === undefined ? 'sender-constrained' : 'unbound')
  return identity
}

function named({ claims }: WebSession, { claims: read, issuer }: CheckedLogin): Identity {
  if (claims === undefined || typeof claims['sub'] !== 'string') throw refused('no-subject')
  const facts = read === undefined ? {} : read(claims)
  if (facts === undefined) throw refused('malformed')
  const { kind = 'user', roles = none, scopes = none, grants = none } = facts
  return { id: claims['sub'], kind, issuer, roles, scopes, grants, claims, tokenId: undefined, expiresAt: undefined }
}
