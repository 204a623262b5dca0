import type { Context } from '../../context.js'
import { noteEvent } from '../../audit/security-events.js'
import type { ClientAuthentication } from './client-authentication.js'
import { grantsOf } from './clients.js'
import type { OAuthClient } from './clients.js'
import type { Grant, Grants } from './grants.js'
import { OAuthError } from './oauth-error.js'
import { OAuthParameters, scopesOf } from './parameters.js'
import type { ProofOfPossession } from './proof-of-possession.js'
import type { Access, ResourceCatalogue } from './resources.js'
import type { AccessTokens } from './tokens.js'

/** What the token endpoint stands on. */
export interface TokenServices {
  readonly catalogue: ResourceCatalogue
  readonly grants: Grants
  readonly tokens: AccessTokens
  readonly clients: ClientAuthentication
  readonly proofs: ProofOfPossession
}

/** What the token endpoint answers (RFC 6749 §5.1). */
interface TokenAnswer {
  readonly access_token: string
  readonly token_type: 'Bearer' | 'DPoP'
  readonly expires_in: number
  readonly scope: string
  readonly refresh_token?: string
}

interface Asked {
  readonly client: OAuthClient
  readonly form: OAuthParameters
  /** The thumbprint of the key that was proved (RFC 9449 §5). */
  readonly proofKey: string | undefined
}

/** The token endpoint (RFC 6749 §3.2). */
export class TokenEndpoint {
  readonly #grants: ReadonlyMap<string, (asked: Asked) => Promise<TokenAnswer>>

  constructor(private readonly services: TokenServices) {
    this.#grants = new Map([
      ['authorization_code', (asked: Asked) => this.#redeem(asked)],
      ['refresh_token', (asked: Asked) => this.#refresh(asked)],
      ['client_credentials', (asked: Asked) => this.#forClient(asked)],
    ])
  }

  async answer(context: Context): Promise<TokenAnswer> {
    const form = new OAuthParameters(context.body)
    const client = await this.services.clients.authenticate(context.request, form)
    const proofKey = await this.services.proofs.thumbprintOf(context)
    const type = form.require('grant_type')
    const grant = this.#grants.get(type)
    if (grant === undefined) throw new OAuthError('unsupported_grant_type', 'There is no such grant here.')
    if (!grantsOf(client).some((one) => one === type)) throw new OAuthError('unauthorized_client', 'The client may not use this grant.')
    if (client.bindsTokens === true && proofKey === undefined) {
      throw new OAuthError('invalid_dpop_proof', 'This client binds its tokens to a key: send a DPoP proof.')
    }
    const answer = await grant({ client, form, proofKey })
    noteEvent(context, 'authn_token_created')
    return answer
  }

  async #redeem({ client, form, proofKey }: Asked): Promise<TokenAnswer> {
    const grant = await this.services.grants.redeem({
      ...{ code: form.require('code'), clientId: client.id, proofKey },
      redirectUri: form.get('redirect_uri'),
      verifier: form.get('code_verifier'),
    })
    const answer = this.#answer(this.#target(grant, form), grant, proofKey)
    return grantsOf(client).includes('refresh_token')
      ? { ...answer, refresh_token: await this.#startFamily(client, grant, proofKey) }
      : answer
  }

  /** A public client cannot prove to be itself by a secret: where it has a key, its refresh tokens are bound to it (RFC 9449 §5). */
  #startFamily({ secretHash, jwks }: OAuthClient, grant: Grant, proofKey: string | undefined): Promise<string> {
    const isBound = secretHash === undefined && jwks === undefined && proofKey !== undefined
    return this.services.grants.start(isBound ? { ...grant, proofKey } : grant)
  }

  async #refresh({ client, form, proofKey }: Asked): Promise<TokenAnswer> {
    const wanted = scopesOf(form.get('scope'))
    const targetOf = (grant: Grant) => this.#target({ ...grant, scopes: narrowed(grant, wanted) }, form)
    const shown = { clientId: client.id, proofKey }
    const { grant, token } = await this.services.grants.rotate(form.require('refresh_token'), shown, (before) => void targetOf(before))
    return { ...this.#answer(targetOf(grant), grant, proofKey), refresh_token: token }
  }

  #forClient({ client, form, proofKey }: Asked): Promise<TokenAnswer> {
    const access = this.services.catalogue.grant(scopesOf(form.get('scope')), form.resources, client.scopes)
    const { audience, scopes } = this.#target(access, form)
    const issued = this.services.tokens.issue({ clientId: client.id, subject: undefined, audience, scopes, proofKey })
    return Promise.resolve(answerOf(issued, scopes, proofKey))
  }

  #target(access: Access, form: OAuthParameters): ReturnType<ResourceCatalogue['target']> {
    return this.services.catalogue.target(access, form.resources)
  }

  #answer({ audience, scopes }: ReturnType<ResourceCatalogue['target']>, grant: Grant, proofKey: string | undefined): TokenAnswer {
    const { clientId, subject, sessionId, authenticatedAt } = grant
    const issued = this.services.tokens.issue({ clientId, subject, audience, scopes, sessionId, authenticatedAt, proofKey })
    return answerOf(issued, scopes, proofKey)
  }
}

function answerOf(
  { token, expiresIn }: { readonly token: string; readonly expiresIn: number },
  scopes: readonly string[],
  proofKey: string | undefined,
): TokenAnswer {
  return { access_token: token, token_type: proofKey === undefined ? 'Bearer' : 'DPoP', expires_in: expiresIn, scope: scopes.join(' ') }
}

/** The scopes that are wanted of those that were granted (RFC 6749 §6). */
function narrowed({ scopes }: Access, wanted: readonly string[] | undefined): readonly string[] {
  if (wanted === undefined) return scopes
  if (!wanted.every((scope) => scopes.includes(scope))) throw new OAuthError('invalid_scope', 'This scope was not granted.')
  return wanted
}
