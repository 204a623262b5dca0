import { hashClientSecret } from '../../lib/oauth.js'
import type { OAuthClient } from '../../lib/oauth.js'

/** For the demonstration only: no other program keeps secrets in its source. */
const demoSecrets = { warehouse: 'warehouse-demo-secret', 'shop-web': 'shop-web-demo-secret' } as const

/** The programs that may get tokens: one that acts for itself, one in the browser, and one on a server. */
export async function demoClients(): Promise<readonly OAuthClient[]> {
  const shopScopes = ['orders:read', 'orders:write']
  return [
    {
      id: 'warehouse',
      name: 'Warehouse',
      secretHash: await hashClientSecret(demoSecrets.warehouse),
      grants: ['client_credentials'],
      scopes: ['orders:read', 'orders:fulfil'],
    },
    { id: 'shop-spa', name: 'Shop', redirectUris: ['http://127.0.0.1:8400/callback'], scopes: shopScopes },
    {
      id: 'shop-web',
      name: 'Shop',
      secretHash: await hashClientSecret(demoSecrets['shop-web']),
      redirectUris: ['http://127.0.0.1:8401/callback'],
      scopes: shopScopes,
    },
  ]
}
