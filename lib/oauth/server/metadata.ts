import { createPublicKey } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { publicAlgorithms } from '../../authentication/algorithms.js'
import { verificationKeys } from '../../authentication/keys.js'
import type { KeyOptions } from '../../authentication/keys.js'
import type { TokenFlows } from '../../operation.js'
import type { CheckedOptions } from './options.js'

/** Where each endpoint of an authorization server is. */
export interface Endpoints {
  readonly authorize: string
  readonly token: string
  readonly revoke: string
  readonly introspect: string
  readonly push: string
  readonly keys: string
  readonly metadata: string
}

/** The paths of a server's endpoints. Metadata stand between host and path of the issuer (RFC 8414 §3.1). */
export function pathsOf(issuer: string, path: string): Endpoints {
  const own = new URL(issuer).pathname.replace(/\/$/, '')
  return {
    authorize: `${path}/authorize`,
    token: `${path}/token`,
    revoke: `${path}/revoke`,
    introspect: `${path}/introspect`,
    push: `${path}/par`,
    keys: `/.well-known/jwks.json`,
    metadata: `/.well-known/oauth-authorization-server${own}`,
  }
}

/** The metadata document of RFC 8414 §2. */
export function metadataOf({ issuer, catalogue, proofs }: CheckedOptions, paths: Endpoints): object {
  const { origin } = new URL(issuer)
  const ways = ['client_secret_basic', 'client_secret_post', 'private_key_jwt']
  return Object.freeze({
    issuer,
    authorization_endpoint: `${origin}${paths.authorize}`,
    token_endpoint: `${origin}${paths.token}`,
    revocation_endpoint: `${origin}${paths.revoke}`,
    introspection_endpoint: `${origin}${paths.introspect}`,
    pushed_authorization_request_endpoint: `${origin}${paths.push}`,
    jwks_uri: `${origin}${paths.keys}`,
    scopes_supported: [...catalogue.scopes],
    response_types_supported: ['code'],
    response_modes_supported: ['query'],
    grant_types_supported: ['authorization_code', 'client_credentials', 'refresh_token'],
    token_endpoint_auth_methods_supported: [...ways, 'none'],
    token_endpoint_auth_signing_alg_values_supported: publicAlgorithms,
    revocation_endpoint_auth_methods_supported: [...ways, 'none'],
    revocation_endpoint_auth_signing_alg_values_supported: publicAlgorithms,
    introspection_endpoint_auth_methods_supported: ways,
    introspection_endpoint_auth_signing_alg_values_supported: publicAlgorithms,
    code_challenge_methods_supported: ['S256'],
    authorization_response_iss_parameter_supported: true,
    dpop_signing_alg_values_supported: proofs.algorithms ?? publicAlgorithms,
    protected_resources: catalogue.names,
  })
}

/** The endpoints and scopes as OpenAPI has them (OAuth Flows Object). */
export function flowsOf({ issuer, catalogue }: CheckedOptions, paths: Endpoints): TokenFlows {
  const { origin } = new URL(issuer)
  const scopes = Object.fromEntries([...catalogue.scopes].map((scope) => [scope, catalogue.describe(scope)]))
  const token = { tokenUrl: `${origin}${paths.token}`, scopes }
  const refreshed = { ...token, refreshUrl: token.tokenUrl }
  return {
    issuer,
    flows: { authorizationCode: { authorizationUrl: `${origin}${paths.authorize}`, ...refreshed }, clientCredentials: token },
  }
}

/** The public halves of the signing keys (RFC 7517 §5), for resource servers to verify with. */
export function keySetOf(keys: readonly KeyOptions[]): { readonly keys: readonly object[] } {
  const prepared = verificationKeys(keys, 'keys', () => undefined)
  return Object.freeze({
    keys: prepared.map(({ kid, algorithm, key }) => ({ ...publicHalf(key).export({ format: 'jwk' }), kid, alg: algorithm, use: 'sig' })),
  })
}

function publicHalf(key: KeyObject): KeyObject {
  return key.type === 'public' ? key : createPublicKey(key)
}
