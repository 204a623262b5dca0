import { issuerOf } from '../../authentication/issuer.js'
import type { KeyOptions } from '../../authentication/keys.js'
import type { Revocations } from '../../authentication/revocations.js'
import { tokenIssuer } from '../../authentication/token-issuer.js'
import type { IssuedToken, TokenIssuer } from '../../authentication/token-issuer.js'
import { TokenRefused } from '../../authentication/verifier.js'
import type { TokenVerifier } from '../../authentication/verifier.js'
import type { Clock, Identity } from '../../context.js'
import type { Mistake } from '../../errors.js'
import type { Subject } from './interaction.js'

/** What an access token says. */
export interface AccessTokenFacts {
  readonly clientId: string
  /** Who lent it; undefined where the client acts for itself. */
  readonly subject: Subject | undefined
  readonly audience: string
  readonly scopes: readonly string[]
  readonly sessionId?: string | undefined
  /** Milliseconds since 1970. */
  readonly authenticatedAt?: number | undefined
  readonly proofKey: string | undefined
}

/** What access tokens are made with. */
export interface AccessTokenOptions {
  readonly issuer: string
  readonly audiences: readonly string[]
  /** The first signs, all verify. */
  readonly keys: readonly KeyOptions[]
  /** Seconds. */
  readonly lifetime: number
  readonly clock: Clock
}

/** Issues and reads the access tokens of one authorization server: JWTs of RFC 9068. */
export class AccessTokens {
  readonly #issuer: TokenIssuer
  readonly #verifier: TokenVerifier
  readonly #clock: Clock

  /** Throws a `TypeError` where a key is not fit. */
  constructor({ issuer, audiences, keys, lifetime, clock }: AccessTokenOptions) {
    const mistakes: Mistake[] = []
    const setting = {
      maxTokenBytes: 8192,
      cacheSize: 0,
      place: 'authorizationServer',
      report: (mistake: Mistake) => void mistakes.push(mistake),
    }
    const [key] = keys
    this.#verifier = issuerOf({ issuer, audience: audiences, keys, typ: 'at+jwt' }, setting).verifier
    if (key === undefined || mistakes.length > 0) {
      throw new TypeError(mistakes.map(({ place, problem, mend }) => `${place}: ${problem} → ${mend}`).join('\n'))
    }
    this.#issuer = tokenIssuer({ issuer, audience: audiences[0] ?? '', key, lifetime, typ: 'at+jwt', clock })
    this.#clock = clock
  }

  issue({ clientId, subject, audience, scopes, sessionId, authenticatedAt, proofKey }: AccessTokenFacts): IssuedToken {
    const claims = {
      ...subject?.claims,
      sub: subject?.id ?? clientId,
      client_id: clientId,
      scope: scopes.join(' '),
      ...(sessionId === undefined ? {} : { sid: sessionId }),
      ...(authenticatedAt === undefined ? {} : { auth_time: Math.floor(authenticatedAt / 1000) }),
    }
    return this.#issuer.issue(claims, { audience, ...(proofKey === undefined ? {} : { proofKey }) })
  }

  /** Who a token of this server speaks of; undefined where it is none, or none that is good any more. */
  async read(token: string, revocations: Revocations): Promise<Identity | undefined> {
    try {
      const identity = await this.#verifier.verify(token, this.#clock.now())
      const isRevoked: unknown = await revocations.isRevoked(identity)
      return isRevoked === false ? identity : undefined
    } catch (thrown) {
      if (thrown instanceof TokenRefused) return undefined
      throw thrown
    }
  }
}
