import { createPublicKey, generateKeyPairSync } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import type { Class, IssuerOptions } from '../../lib/index.js'
import { authorizationServer, loginPage, metadataUrl, protectedResource } from '../../lib/oauth.js'
import { demoClients } from './clients.js'
import type { Users } from './users.js'

/** What a client can be lent, as people read it. */
const scopes = {
  'orders:read': 'See your orders',
  'orders:write': 'Place and change orders',
  'orders:fulfil': 'Mark orders as fulfilled',
}

/** The authorization server of the application, and what the API must know to take its tokens. */
export interface OrdersAuthorization {
  readonly controllers: readonly Class[]
  readonly issuer: IssuerOptions
  /** Where clients read which authorization server to ask. */
  readonly resourceMetadata: string
}

/**
 * OAuth at the application's own address, which is issuer and resource in one.
 *
 * @param signingKey an EC key on P-256; random where there is none, so that no token outlives the process
 */
export async function ordersAuthorization(url: string, users: Users, signingKey: KeyObject | undefined): Promise<OrdersAuthorization> {
  const privateKey = signingKey ?? generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
  const key = { kid: 'orders-1', algorithm: 'ES256' } as const
  const server = authorizationServer({
    issuer: url,
    keys: [{ ...key, privateKey }],
    clients: await demoClients(),
    resources: { [url]: scopes },
    login: loginPage({
      async check(username, password) {
        const user = await users.withPassword(username, password)
        return user && { id: user.id, claims: { roles: user.roles } }
      },
    }),
  })
  const resource = protectedResource({ resource: url, authorizationServers: [url], scopes: Object.keys(scopes), name: 'Orders' })
  return {
    controllers: [server, resource],
    issuer: { issuer: url, audience: url, keys: [{ ...key, publicKey: createPublicKey(privateKey) }], typ: 'at+jwt' },
    resourceMetadata: metadataUrl(url),
  }
}
