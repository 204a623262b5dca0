import type { Revocations } from '../../authentication/revocations.js'
import type { Clock, Context } from '../../context.js'
import type { StateStore } from '../../state/state-store.js'
import { AuthorizationEndpoint } from './authorization-endpoint.js'
import { requestOf, returnAddressOf } from './authorization-request.js'
import { ClientAuthentication } from './client-authentication.js'
import { Grants } from './grants.js'
import type { Endpoints } from './metadata.js'
import { OAuthError } from './oauth-error.js'
import { OAuthState } from './oauth-state.js'
import type { CheckedOptions } from './options.js'
import { OAuthParameters } from './parameters.js'
import { proofsAt } from './proof-of-possession.js'
import { PushedRequests } from './pushed-requests.js'
import { LoginSessions } from './sessions.js'
import { Standing } from './standing.js'
import { TokenEndpoint } from './token-endpoint.js'
import { TokenQuestions } from './token-questions.js'
import { AccessTokens } from './tokens.js'

/** What an authorization server takes from the API that it is mounted on. */
export interface ServerServices {
  readonly state: StateStore
  readonly revocations: Revocations
  readonly clock: Clock
}

/** The endpoints of a running server. */
export interface Server {
  readonly authorization: AuthorizationEndpoint
  readonly token: TokenEndpoint
  readonly questions: TokenQuestions
  readonly push: (context: Context) => Promise<object>
}

/** Puts the parts of a server together. */
export function openServer(options: CheckedOptions, paths: Endpoints, { state: store, revocations, clock }: ServerServices): Server {
  const { issuer, keys, catalogue, lifetimes, login, consent, subjectOf } = options
  const state = new OAuthState(issuer, store, clock)
  const standing = new Standing(issuer, revocations, subjectOf)
  const grants = new Grants(state, standing, { code: lifetimes.code * 1000, refreshToken: lifetimes.refreshToken * 1000 })
  const tokens = new AccessTokens({ issuer, audiences: catalogue.names, keys, lifetime: lifetimes.accessToken, clock })
  const clients = new ClientAuthentication(issuer, options.clients, state)
  const pushed = new PushedRequests(state, lifetimes.pushedRequest * 1000)
  const sessions = new LoginSessions(state, standing, lifetimes.session * 1000)
  const proofs = proofsAt(new URL(issuer).origin + paths.token, options.proofs, { state: store, clock })
  return {
    authorization: new AuthorizationEndpoint({
      issuer,
      clients: options.clients,
      catalogue,
      grants,
      pushed,
      sessions,
      state,
      login,
      consent,
    }),
    token: new TokenEndpoint({ catalogue, grants, tokens, clients, proofs }),
    questions: new TokenQuestions({ issuer, grants, tokens, clients, revocations }),
    push: async (context) => {
      const form = new OAuthParameters(context.body)
      const client = await clients.authenticate(context.request, form)
      if (form.get('request_uri') !== undefined) throw new OAuthError('invalid_request', 'A pushed request cannot name another.')
      const address = await returnAddressOf(form, options.clients)
      requestOf(form, { ...address, client }, catalogue)
      const { requestUri, expiresIn } = await pushed.push(client.id, requestFields(context.body))
      return { request_uri: requestUri, expires_in: expiresIn }
    },
  }
}

/** What is kept of a pushed request: not how the client said who it is. */
function requestFields(body: unknown): object {
  const {
    client_secret: _secret,
    client_assertion: _assertion,
    client_assertion_type: _type,
    ...fields
  } = body as Readonly<Record<string, unknown>>
  return fields
}
