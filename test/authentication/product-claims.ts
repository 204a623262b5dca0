import type { ClaimsReader } from '../../lib/authentication/claims-reader.js'
import { TokenRefused } from '../../lib/authentication/verifier.js'
import type { Identity } from '../../lib/context.js'
import { audience, issuer, now, seconds, signed, verifierOf } from './forge.js'

/** What is known of the caller whom a token with these claims names; or why it is refused. */
export function identityOf(claims: ClaimsReader, ...parts: object[]) {
  const verifier = verifierOf({ claims, requireTokenId: false })
  const token = signed({ alg: 'HS256', typ: 'JWT', kid: 'one' }, Object.assign({ iss: issuer, aud: audience }, ...parts) as object)
  try {
    const { id, kind, roles, scopes, grants } = verifier.verify(token, now) as Identity
    return { id, kind, roles, scopes, grants }
  } catch (thrown) {
    if (thrown instanceof TokenRefused) return thrown.reason
    throw thrown
  }
}

export const without = (claims: object, ...names: string[]) =>
  Object.fromEntries(Object.entries(claims).filter(([name]) => !names.includes(name)))

export const times = { iat: seconds - 10, exp: seconds + 290 }

export const keycloakUser = {
  ...times,
  auth_time: seconds - 11,
  jti: 'onrtac:1b3f2c7e-2f0c-4a39-9b1c-8a7f0a6a1f55',
  aud: [audience, 'account'],
  sub: 'f1a3c9d2-5f57-4e1c-8f0e-3c1b6f0d7a10',
  typ: 'Bearer',
  azp: 'shop-web',
  sid: '6d0f2f0a-37c9-4a52-9e5c-0a2b8d3b7c11',
  acr: '1',
  'allowed-origins': ['https://shop.test'],
  realm_access: { roles: ['default-roles-shop', 'offline_access', 'manager'] },
  resource_access: { 'orders-api': { roles: ['auditor'] }, account: { roles: ['manage-account', 'view-profile'] } },
  scope: 'openid email profile orders:read',
  email_verified: true,
  name: 'Alice Example',
  preferred_username: 'alice',
  email: 'alice@shop.test',
}

export const keycloakServiceAccount = {
  ...times,
  jti: 'trrtcc:0f0c6f7d-3f1b-4b43-8a8e-f3b1c2d4e5f6',
  sub: '0b8a4c2e-7a52-4f68-93d3-6f1e2d3c4b5a',
  typ: 'Bearer',
  azp: 'Warehouse',
  acr: '1',
  realm_access: { roles: ['default-roles-shop'] },
  resource_access: { 'orders-api': { roles: ['packer'] } },
  scope: 'profile email orders:read',
  clientHost: '10.0.0.5',
  clientAddress: '10.0.0.5',
  email_verified: false,
  preferred_username: 'service-account-warehouse',
  client_id: 'Warehouse',
}

export const auth0User = {
  ...times,
  sub: 'auth0|65f2c0ffee65f2c0ffee65f2',
  aud: [audience, 'https://shop.eu.auth0.test/userinfo'],
  azp: 'S0dM3cLi3nTiDs0dM3cLi3nTiDs0dM3c',
  scope: 'openid profile email offline_access orders:read',
  permissions: ['orders:read', 'orders:write'],
  'https://api.test/roles': ['manager'],
}

export const auth0Machine = {
  ...times,
  sub: 'W4r3h0us3Cl13ntW4r3h0us3Cl13ntW4@clients',
  azp: 'W4r3h0us3Cl13ntW4r3h0us3Cl13ntW4',
  gty: 'client-credentials',
  scope: 'orders:read orders:pack',
  permissions: ['orders:read', 'orders:pack'],
}

export const entra = {
  ...times,
  nbf: seconds - 10,
  aio: 'AWQAm/8bAAAAxyz',
  azp: '6e74172b-be56-4843-9ff4-e66a39bb12e3',
  azpacr: '1',
  rh: '0.AAAA.',
  tid: '72f988bf-86f1-41af-91ab-2d7cd011db47',
  uti: 'fqiBqXLPj0eQa82S-IYFAA',
  ver: '2.0',
}
export const entraUser = {
  ...entra,
  name: 'Alice Example',
  oid: '690222be-ff1a-4d56-abd1-7e4f7d38e474',
  preferred_username: 'alice@shop.test',
  roles: ['Manager'],
  scp: 'Orders.Read Orders.Write',
  sub: 'HKZpfaHyWadeOouYlitjrI-KffTm222X5rrV3xDqfKQ',
}
export const entraApplication = {
  ...entra,
  idtyp: 'app',
  oid: 'b3b6c9f4-1f1e-4c7e-8a55-0f8f6a4f1a11',
  sub: 'b3b6c9f4-1f1e-4c7e-8a55-0f8f6a4f1a11',
  roles: ['Orders.Read.All'],
}

export const okta = { ...times, ver: 1, jti: 'AT.0mP4JKAZX1iACIT4vbEDF7LpvDVjxypPMf0D7uX39RE', cid: '0oabv6kx4qq6h1U5l0h7' }
export const oktaUser = {
  ...okta,
  uid: '00ub0oNGTSWTBKOLGLNR',
  auth_time: seconds - 11,
  scp: ['openid', 'orders:read'],
  sub: 'alice@shop.test',
  groups: ['Everyone', 'Managers'],
}
export const oktaMachine = { ...okta, scp: ['orders:read'], sub: okta.cid }

export const cognitoUser = {
  ...times,
  sub: 'aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee',
  'cognito:groups': ['managers'],
  version: 2,
  client_id: '7k8abcdefghijklmnopqrstuvw',
  origin_jti: 'aaaaaaaa-bbbb-cccc-dddd-ffffffffffff',
  token_use: 'access',
  scope: 'openid orders/read',
  auth_time: seconds - 11,
  jti: 'aaaaaaaa-bbbb-cccc-dddd-000000000000',
  username: 'alice',
}
