import { createHash } from 'node:crypto'
import type { Subject } from './interaction.js'
import { OAuthError } from './oauth-error.js'
import type { OAuthState } from './oauth-state.js'
import { digest, isSame, randomSecret } from './secrets.js'
import type { Standing } from './standing.js'

/** What a person lent to a client. */
export interface Grant {
  readonly clientId: string
  readonly subject: Subject
  readonly scopes: readonly string[]
  /** None where the scopes say which. */
  readonly resources: readonly string[]
  /** When the person logged in, in milliseconds since 1970. */
  readonly authenticatedAt: number
  /** `sid` of every token that comes of it: what ends them all. */
  readonly sessionId: string
  /** The thumbprint of the key that refresh tokens are bound to. */
  readonly proofKey?: string
}

/** An authorization request that was granted, waiting for its code to be redeemed. */
export interface GrantedRequest extends Omit<Grant, 'proofKey'> {
  readonly redirectUri: string
  /** `code_challenge`, with S256 (RFC 7636 §4.2). */
  readonly challenge: string
  /** `dpop_jkt` (RFC 9449 §10). */
  readonly proofKey?: string
}

/** What a client shows to redeem a code. */
export interface CodeRedemption {
  readonly code: string
  readonly clientId: string
  readonly redirectUri: string | undefined
  readonly verifier: string | undefined
  /** The thumbprint of the proof that came along. */
  readonly proofKey: string | undefined
}

/** How long things live, in milliseconds. */
export interface GrantLifetimes {
  readonly code: number
  readonly refreshToken: number
}

interface OpenCode extends GrantedRequest {
  readonly isUsed?: false
}

interface UsedCode {
  readonly isUsed: true
  readonly clientId: string
  readonly sessionId: string
}

interface Family extends Grant {
  /** The digest of the one refresh token that is good. */
  readonly current: string
  readonly startedAt: number
  readonly until: number
}

/** For so long a code that was used is remembered, so that its replay ends what came of it. */
const replayMemory = 24 * 3_600_000

/**
 * Authorization codes (RFC 6749 §4.1) and refresh tokens (§6) of one server. A code is redeemed once, a refresh token used once;
 * whichever comes a second time has got into wrong hands, and everything that came of its login ends (RFC 9700 §2.1.1, §4.14.2).
 */
export class Grants {
  constructor(
    private readonly state: OAuthState,
    private readonly standing: Standing,
    private readonly lifetimes: GrantLifetimes,
  ) {}

  /** A code for what was granted. */
  async code(granted: GrantedRequest): Promise<string> {
    const code = randomSecret()
    await this.state.set('code', code, granted, this.lifetimes.code)
    return code
  }

  /** What a code was given for. Of any number of tries at once one is answered, and that one's tokens end with the others. */
  async redeem(shown: CodeRedemption): Promise<Grant> {
    const stored = await this.state.get<OpenCode | UsedCode>('code', shown.code)
    // A code in the hands of another client says nothing about its own: it stays good.
    if (stored === undefined || stored.value.clientId !== shown.clientId) throw invalidGrant('unknown-code')
    const record = stored.value
    if (record.isUsed === true) return this.#endReplayed(record.sessionId, 'code-replayed')
    const flaw = flawOf(record, shown)
    const used: UsedCode = { isUsed: true, clientId: record.clientId, sessionId: record.sessionId }
    const isFirst = await this.state.replace('code', shown.code, stored, used, this.state.clock.now() + replayMemory)
    // Used up by a wrong try too: whoever tries has stolen the code.
    if (flaw !== undefined) throw invalidGrant(flaw)
    if (!isFirst) return this.#endReplayed(record.sessionId, 'code-replayed')
    if (await this.standing.isRevoked(record.subject, record.authenticatedAt)) throw invalidGrant('revoked')
    const { redirectUri: _redirectUri, challenge: _challenge, ...grant } = record
    return grant
  }

  /** The first refresh token of a grant. */
  async start(grant: Grant): Promise<string> {
    const handle = randomSecret()
    const secret = randomSecret()
    const now = this.state.clock.now()
    const family: Family = { ...grant, current: digest(secret), startedAt: now, until: now + this.lifetimes.refreshToken }
    await this.state.set('family', handle, family, this.lifetimes.refreshToken)
    return `${handle}.${secret}`
  }

  /**
   * The grant behind a refresh token, and the token that takes its place. `judge` may refuse what is asked of the grant: before the
   * old token is used up, so that a wish for too much does not cost the login.
   */
  async rotate(
    token: string,
    shown: { readonly clientId: string; readonly proofKey: string | undefined },
    judge: (grant: Grant) => void,
  ): Promise<{ readonly grant: Grant; readonly token: string }> {
    const [handle = '', secret = ''] = token.split('.')
    const stored = await this.state.get<Family>('family', handle)
    if (stored === undefined || stored.value.clientId !== shown.clientId) throw invalidGrant('unknown-refresh-token')
    const family = stored.value
    if (!isSame(digest(secret), family.current)) return this.#endFamily(handle, family)
    if (family.proofKey !== undefined && family.proofKey !== shown.proofKey) throw invalidGrant('wrong-proof-key')
    judge(family)
    const subject = await this.standing.now(family.subject, family.authenticatedAt, family.sessionId)
    if (subject === undefined) {
      await this.#end(handle, family)
      throw invalidGrant('revoked')
    }
    const next = randomSecret()
    const renewed: Family = { ...family, subject, current: digest(next) }
    if (!(await this.state.replace('family', handle, stored, renewed, family.until))) return this.#endFamily(handle, family)
    return { grant: renewed, token: `${handle}.${next}` }
  }

  /** What is known of a refresh token; undefined where it is none that is good. */
  async find(token: string): Promise<(Grant & { readonly startedAt: number; readonly until: number }) | undefined> {
    const [handle = '', secret = ''] = token.split('.')
    const family = (await this.state.get<Family>('family', handle))?.value
    if (family === undefined || !isSame(digest(secret), family.current)) return undefined
    return (await this.standing.isRevoked(family.subject, family.authenticatedAt, family.sessionId)) ? undefined : family
  }

  /** Ends the login that a refresh token belongs to, an old one too; whether it was one of this client's. */
  async revoke(token: string, clientId: string): Promise<boolean> {
    const [handle = ''] = token.split('.')
    const family = (await this.state.get<Family>('family', handle))?.value
    if (family === undefined || family.clientId !== clientId) return false
    await this.#end(handle, family)
    return true
  }

  async #end(handle: string, { sessionId }: Grant): Promise<void> {
    await this.standing.end(sessionId)
    await this.state.take('family', handle)
  }

  async #endFamily(handle: string, family: Family): Promise<never> {
    await this.#end(handle, family)
    throw reused('refresh-token-reused')
  }

  async #endReplayed(sessionId: string, reason: string): Promise<never> {
    await this.standing.end(sessionId)
    throw reused(reason)
  }
}

/** Why a code may not be redeemed with what was shown; undefined where it may. */
function flawOf({ redirectUri, challenge, proofKey }: OpenCode, shown: CodeRedemption): string | undefined {
  if (shown.redirectUri !== redirectUri) return 'other-redirect-uri'
  if (proofKey !== undefined && proofKey !== shown.proofKey) return 'wrong-proof-key'
  return shown.verifier !== undefined && isVerifier(shown.verifier, challenge) ? undefined : 'wrong-code-verifier'
}

/** RFC 7636 §4.1, §4.6 */
function isVerifier(verifier: string, challenge: string): boolean {
  if (!/^[A-Za-z0-9._~-]{43,128}$/.test(verifier)) return false
  return isSame(createHash('sha256').update(verifier, 'ascii').digest('base64url'), challenge)
}

function invalidGrant(reason: string): OAuthError {
  return new OAuthError('invalid_grant', 'The code or token is not valid.', { reason, event: 'authn_login_fail' })
}

function reused(reason: string): OAuthError {
  return new OAuthError('invalid_grant', 'The code or token is not valid.', { reason, event: 'authn_token_reuse' })
}
