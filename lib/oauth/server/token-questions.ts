import { noteEvent } from '../../audit/security-events.js'
import type { Revocations } from '../../authentication/revocations.js'
import type { Context, Identity } from '../../context.js'
import type { ClientAuthentication } from './client-authentication.js'
import { isPublicClient } from './clients.js'
import type { OAuthClient } from './clients.js'
import type { Grants } from './grants.js'
import { invalidClient } from './oauth-error.js'
import { OAuthParameters } from './parameters.js'
import type { AccessTokens } from './tokens.js'

/** What introspection and revocation stand on. */
export interface QuestionServices {
  readonly issuer: string
  readonly grants: Grants
  readonly tokens: AccessTokens
  readonly clients: ClientAuthentication
  readonly revocations: Revocations
}

type Facts = Readonly<Record<string, unknown>>

/** All that is said of a token that is not good, or not the asking client's business (RFC 7662 §2.2). */
const inactive: Facts = Object.freeze({ active: false })

/** Answers what a token is worth (RFC 7662), and takes tokens back (RFC 7009). `token_type_hint` is not needed: tokens show what they are. */
export class TokenQuestions {
  constructor(private readonly services: QuestionServices) {}

  async introspect(context: Context): Promise<Facts> {
    const form = new OAuthParameters(context.body)
    const client = await this.services.clients.authenticate(context.request, form)
    // Whoever could ask without a secret could try tokens out.
    if (isPublicClient(client)) throw invalidClient('public-client')
    const token = form.require('token')
    if (isRefreshToken(token)) return this.#refreshTokenFacts(token, client)
    const identity = await this.services.tokens.read(token, this.services.revocations)
    return identity === undefined || !isOwnBusiness(identity, client) ? inactive : factsOf(identity)
  }

  async revoke(context: Context): Promise<void> {
    const form = new OAuthParameters(context.body)
    const client = await this.services.clients.authenticate(context.request, form)
    const token = form.require('token')
    if (await this.#isRevoked(token, client)) noteEvent(context, 'authn_token_revoked')
  }

  async #isRevoked(token: string, client: OAuthClient): Promise<boolean> {
    if (isRefreshToken(token)) return this.services.grants.revoke(token, client.id)
    const identity = await this.services.tokens.read(token, this.services.revocations)
    if (identity?.claims['client_id'] !== client.id) return false
    await this.services.revocations.revokeToken(identity)
    return true
  }

  async #refreshTokenFacts(token: string, client: OAuthClient): Promise<Facts> {
    const grant = await this.services.grants.find(token)
    if (grant?.clientId !== client.id) return inactive
    const { subject, scopes, startedAt, until } = grant
    return {
      active: true,
      ...{ iss: this.services.issuer, client_id: client.id, sub: subject.id, scope: scopes.join(' ') },
      ...{ iat: Math.floor(startedAt / 1000), exp: Math.floor(until / 1000) },
    }
  }
}

/** Access tokens have three parts. */
function isRefreshToken(token: string): boolean {
  return token.split('.').length === 2
}

function isOwnBusiness({ claims }: Identity, client: OAuthClient): boolean {
  return claims['client_id'] === client.id || (client.introspects !== undefined && [claims['aud']].flat().includes(client.introspects))
}

function factsOf({ claims, proofKey }: Identity): Facts {
  return { active: true, token_type: proofKey === undefined ? 'Bearer' : 'DPoP', ...claims }
}
