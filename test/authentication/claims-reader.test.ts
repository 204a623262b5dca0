import { expect } from 'chai'
import { auth0Claims, entraClaims, keycloakClaims, oktaClaims, standardClaims } from '../../lib/authentication/claims-reader.js'
import {
  auth0Machine,
  auth0User,
  cognitoUser,
  entra,
  entraApplication,
  entraUser,
  identityOf,
  keycloakServiceAccount,
  keycloakUser,
  okta,
  oktaMachine,
  oktaUser,
  times,
  without,
} from './product-claims.js'

describe('claims of Keycloak', () => {
  const read = keycloakClaims({ client: 'orders-api' })

  it('name the roles of the realm and of the client, and the scopes that lend something', () => {
    expect(identityOf(read, keycloakUser)).to.deep.equal({
      id: keycloakUser.sub,
      kind: 'user',
      roles: ['default-roles-shop', 'offline_access', 'manager', 'auditor'],
      scopes: ['orders:read'],
      grants: [],
    })
    expect(identityOf(keycloakClaims(), keycloakUser)).to.deep.include({ roles: keycloakUser.realm_access.roles })
    expect(identityOf(read, without(keycloakUser, 'realm_access', 'resource_access', 'scope'))).to.deep.include({ roles: [], scopes: [] })
  })

  it('name a service account, whose scopes are its permissions', () => {
    const expected = {
      id: keycloakServiceAccount.sub,
      kind: 'client',
      roles: ['default-roles-shop', 'packer'],
      scopes: ['orders:read'],
      grants: [],
    }
    expect(identityOf(read, keycloakServiceAccount)).to.deep.equal(expected)
    // As releases before 22 wrote it.
    expect(identityOf(read, without(keycloakServiceAccount, 'client_id'), { clientId: 'Warehouse' })).to.deep.equal(expected)
  })

  it('never take a user for a service account, whatever name the user chose', () => {
    const named = (name: unknown) => ({ ...keycloakUser, preferred_username: name })
    for (const name of ['service-account-', 'service-account-shop-web', 'service-account-warehouse', ['service-account-shop-web']]) {
      expect(identityOf(read, named(name)), JSON.stringify(name)).to.include({ kind: 'user' })
      expect(identityOf(read, without(named(name), 'sid')), JSON.stringify(name)).to.include({ kind: 'user' })
      expect(identityOf(read, named(name), { client_id: 'shop-web' }), JSON.stringify(name)).to.include({ kind: 'user' })
      expect(identityOf(read, without(named(name), 'sid'), { client_id: 'shop-web', session_state: 'x' })).to.include({ kind: 'user' })
    }
    expect(identityOf(read, keycloakServiceAccount, { azp: 'shop-web' })).to.include({ kind: 'user' })
    expect(identityOf(read, keycloakServiceAccount, { client_id: 'shop-web', azp: 'shop-web' })).to.include({ kind: 'user' })
    expect(identityOf(read, without(keycloakServiceAccount, 'azp', 'client_id'))).to.include({ kind: 'user' })
  })

  it('are those of an access token, not of an ID or refresh token', () => {
    for (const typ of ['ID', 'Refresh', 'Offline', 'Logout', 'bearer', '', null, 1, ['Bearer']]) {
      expect(identityOf(read, keycloakUser, { typ }), String(typ)).to.equal('malformed')
    }
    expect(identityOf(read, keycloakUser, { typ: 'DPoP' })).to.include({ kind: 'user' })
    expect(identityOf(read, without(keycloakUser, 'typ'))).to.include({ kind: 'user' })
  })

  it('give no roles of a client that is named like a member of every object', () => {
    for (const client of ['__proto__', 'constructor', 'toString']) {
      expect(identityOf(keycloakClaims({ client }), keycloakUser)).to.deep.include({ roles: keycloakUser.realm_access.roles })
    }
    expect(identityOf(keycloakClaims({ client: '' }), keycloakUser)).to.deep.include({ roles: keycloakUser.realm_access.roles })
  })
})

describe('claims of Auth0', () => {
  const read = auth0Claims({ roles: 'https://api.test/roles' })

  it('name the permissions of a user, and the scopes that lend something', () => {
    const expected = { id: auth0User.sub, kind: 'user', scopes: ['orders:read'], grants: ['orders:read', 'orders:write'] }
    expect(identityOf(read, auth0User)).to.deep.equal({ ...expected, roles: ['manager'] })
    expect(identityOf(auth0Claims(), auth0User)).to.deep.equal({ ...expected, roles: [] })
    // Without role-based access control there are no permissions.
    expect(identityOf(read, without(auth0User, 'permissions'))).to.deep.include({ grants: [] })
    expect(identityOf(read, auth0User, { scope: '' })).to.deep.include({ scopes: [] })
  })

  it('name a machine, in both profiles of tokens', () => {
    const expected = {
      id: auth0Machine.sub,
      kind: 'client',
      roles: [],
      scopes: ['orders:read', 'orders:pack'],
      grants: auth0Machine.permissions,
    }
    expect(identityOf(read, auth0Machine)).to.deep.equal(expected)
    const strict = { ...without(auth0Machine, 'gty', 'azp'), client_id: auth0Machine.azp, jti: 'x' }
    expect(identityOf(read, strict)).to.deep.equal(expected)
    expect(identityOf(read, strict, { client_id: 'another' })).to.include({ kind: 'user' })
    expect(identityOf(read, without(auth0User, 'azp'), { sub: 'undefined@clients' })).to.include({ kind: 'user' })
  })
})

describe('claims of Entra', () => {
  const read = entraClaims()

  it('name the scopes and app roles of a user', () => {
    const expected = { id: entraUser.sub, kind: 'user', roles: ['Manager'], scopes: ['Orders.Read', 'Orders.Write'], grants: [] }
    expect(identityOf(read, entraUser)).to.deep.equal(expected)
    expect(identityOf(read, entraUser, { idtyp: 'user' })).to.deep.equal(expected)
    expect(identityOf(read, without(entraUser, 'azp', 'roles'), { ver: '1.0', appid: entra.azp })).to.deep.equal({ ...expected, roles: [] })
  })

  it('name an application, with or without the optional claim', () => {
    const expected = { id: entraApplication.sub, kind: 'client', roles: ['Orders.Read.All'], scopes: [], grants: [] }
    expect(identityOf(read, entraApplication)).to.deep.equal(expected)
    expect(identityOf(read, without(entraApplication, 'idtyp'))).to.deep.equal(expected)
    expect(identityOf(read, without(entraApplication, 'idtyp', 'oid'))).to.include({ kind: 'user' })
    expect(identityOf(read, entraUser, { oid: entraUser.sub })).to.include({ kind: 'user' })
    expect(identityOf(read, without(entraUser, 'scp'))).to.include({ kind: 'user' })
  })

  it('are not those of an ID token', () => {
    expect(identityOf(read, without(entraUser, 'azp', 'azpacr', 'scp'))).to.equal('malformed')
    for (const azp of ['', 1, ['x'], {}]) expect(identityOf(read, entraUser, { azp })).to.equal('malformed')
  })
})

describe('claims of Okta', () => {
  const read = oktaClaims()

  it('name the scopes and groups of a user', () => {
    const expected = { id: 'alice@shop.test', kind: 'user', roles: ['Everyone', 'Managers'], scopes: ['openid', 'orders:read'], grants: [] }
    expect(identityOf(read, oktaUser)).to.deep.equal(expected)
    expect(identityOf(oktaClaims({ roles: 'shop_roles' }), oktaUser, { shop_roles: ['manager'] })).to.deep.equal({
      ...expected,
      roles: ['manager'],
    })
  })

  it('name a machine, and no user whose login reads as one', () => {
    expect(identityOf(read, oktaMachine)).to.deep.equal({ id: okta.cid, kind: 'client', roles: [], scopes: ['orders:read'], grants: [] })
    expect(identityOf(read, oktaUser, { sub: okta.cid })).to.include({ kind: 'user' })
  })

  it('are not those of an ID token', () => {
    expect(identityOf(read, without(oktaUser, 'cid', 'scp'), { jti: 'ID.x', amr: ['pwd'] })).to.equal('malformed')
  })
})

describe('claims of no product in particular', () => {
  it('name roles, scopes and permissions under their usual names', () => {
    const claims = { ...times, sub: 'alice', roles: ['customer'], scope: 'orders:read', permissions: ['orders:write'] }
    const expected = { id: 'alice', kind: 'user', roles: ['customer'], scopes: ['orders:read'], grants: ['orders:write'] }
    expect(identityOf(standardClaims(), claims)).to.deep.equal(expected)
    // What was granted stands in `scope`, whatever `scp` says besides.
    expect(identityOf(standardClaims(), claims, { scp: ['admin'] })).to.deep.equal(expected)
    expect(identityOf(standardClaims(), without(claims, 'scope'), { scp: ['orders:read'] })).to.deep.equal(expected)
    expect(identityOf(standardClaims(), without(claims, 'scope'), { scp: 'orders:read' })).to.deep.equal(expected)
  })

  it('name those of Amazon Cognito under the names that they are told', () => {
    const read = standardClaims({ roles: 'cognito:groups' })
    expect(identityOf(read, cognitoUser)).to.deep.equal({
      id: cognitoUser.sub,
      kind: 'user',
      roles: ['managers'],
      scopes: ['openid', 'orders/read'],
      grants: [],
    })
    const machine = { ...without(cognitoUser, 'cognito:groups', 'username'), sub: cognitoUser.client_id, scope: 'orders/read' }
    expect(identityOf(read, machine)).to.include({ kind: 'client' })
    for (const token_use of ['id', 'refresh', '', null, ['access']])
      expect(identityOf(read, cognitoUser, { token_use })).to.equal('malformed')
    // Its tokens have no `aud` of themselves: without one they are not for us.
    expect(identityOf(read, cognitoUser, { aud: undefined })).to.equal('wrong-audience')
  })

  it('name a client only where the subject is the client itself (RFC 9068 §2.2)', () => {
    const kindOf = (claims: object) => identityOf(standardClaims(), times, claims)
    expect(kindOf({ sub: 'warehouse', client_id: 'warehouse' })).to.include({ kind: 'client' })
    expect(kindOf({ sub: 'alice', client_id: 'warehouse' })).to.include({ kind: 'user' })
    expect(kindOf({ sub: 'warehouse' })).to.include({ kind: 'user' })
    expect(kindOf({ sub: 'warehouse', azp: 'warehouse' })).to.include({ kind: 'user' })
  })
})
