import { generateKeyPairSync } from 'node:crypto'
import { createServer } from 'node:http'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Provider } from 'oidc-provider'
import type { Configuration } from 'oidc-provider'

/** An OpenID provider that nobody changed for us, on a free port. */
export interface RunningProvider {
  readonly issuer: string
  readonly provider: Provider
  close(): Promise<void>
}

/** The API that its access tokens are for, where they are JWTs. */
export const apiResource = 'https://api.test'

const privateJwk = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'jwk' })

export const machineKey = generateKeyPairSync('ec', { namedCurve: 'P-256' })

export async function startProvider(redirectUri: string, more: Configuration = {}): Promise<RunningProvider> {
  let answer: ReturnType<Provider['callback']> | undefined
  const server: Server = createServer((request, response) => void answer?.(request, response))
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: 'web',
        client_secret: 'web-secret-of-32-characters-or-more',
        redirect_uris: [redirectUri],
        grant_types: ['authorization_code', 'refresh_token'],
        scope: 'openid offline_access orders:read',
      },
      {
        client_id: 'machine',
        client_secret: 'machine-secret-of-32-characters-or-so',
        redirect_uris: [],
        response_types: [],
        grant_types: ['client_credentials'],
        scope: 'orders:read orders:write',
      },
      {
        client_id: 'signer',
        redirect_uris: [],
        response_types: [],
        grant_types: ['client_credentials'],
        scope: 'orders:read',
        token_endpoint_auth_method: 'private_key_jwt',
        token_endpoint_auth_signing_alg: 'ES256',
        jwks: { keys: [{ ...machineKey.publicKey.export({ format: 'jwk' }), kid: 'machine-1', use: 'sig', alg: 'ES256' }] },
      },
    ] as never,
    jwks: { keys: [{ ...privateJwk, kid: 'provider-1', use: 'sig', alg: 'RS256' }] },
    cookies: { keys: ['some secret key of the tests alone'] },
    scopes: ['openid', 'offline_access', 'orders:read', 'orders:write'],
    findAccount: (_context, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
    pkce: { required: () => true },
    issueRefreshToken: () => true,
    ttl: { Interaction: 600, Session: 3_600, Grant: 3_600, AccessToken: 300, RefreshToken: 3_600, IdToken: 300, ClientCredentials: 300 },
    ...more,
    features: {
      devInteractions: { enabled: true },
      clientCredentials: { enabled: true },
      introspection: { enabled: true, allowedPolicy: () => true },
      revocation: { enabled: true, allowedPolicy: () => true },
      dPoP: { enabled: true },
      pushedAuthorizationRequests: { enabled: true },
      rpInitiatedLogout: { enabled: true },
      resourceIndicators: {
        enabled: true,
        defaultResource: (_context, _client, oneOf) => (oneOf === undefined ? apiResource : [oneOf].flat()[0]!),
        useGrantedResource: () => true,
        getResourceServerInfo: () => ({
          scope: 'orders:read orders:write',
          audience: apiResource,
          accessTokenFormat: 'jwt',
          accessTokenTTL: 300,
        }),
      },
      ...more.features,
    } as NonNullable<Configuration['features']>,
  })
  answer = provider.callback()
  return {
    issuer,
    provider,
    close: () => new Promise((resolve) => void (server.closeAllConnections(), server.close(() => resolve()))),
  }
}
