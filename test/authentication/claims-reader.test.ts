import { expect } from 'chai'
import * as fc from 'fast-check'
import { auth0Claims, entraClaims, keycloakClaims, oktaClaims, standardClaims } from '../../lib/authentication/claims-reader.js'
import type { ClaimsReader } from '../../lib/authentication/claims-reader.js'
import { TokenRefused } from '../../lib/authentication/verifier.js'
import type { Identity } from '../../lib/context.js'
import { audience, issuer, now, seconds, signed, verifierOf } from './forge.js'

/** What is known of the caller whom a token with these claims names; or why it is refused. */
function identityOf(claims: ClaimsReader, ...parts: object[]) {
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

const without = (claims: object, ...names: string[]) => Object.fromEntries(Object.entries(claims).filter(([name]) => !names.includes(name)))

const times = { iat: seconds - 10, exp: seconds + 290 }

const keycloakUser = {
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

const keycloakServiceAccount = {
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

const auth0User = {
  ...times,
  sub: 'auth0|65f2c0ffee65f2c0ffee65f2',
  aud: [audience, 'https://shop.eu.auth0.test/userinfo'],
  azp: 'S0dM3cLi3nTiDs0dM3cLi3nTiDs0dM3c',
  scope: 'openid profile email offline_access orders:read',
  permissions: ['orders:read', 'orders:write'],
  'https://api.test/roles': ['manager'],
}

const auth0Machine = {
  ...times,
  sub: 'W4r3h0us3Cl13ntW4r3h0us3Cl13ntW4@clients',
  azp: 'W4r3h0us3Cl13ntW4r3h0us3Cl13ntW4',
  gty: 'client-credentials',
  scope: 'orders:read orders:pack',
  permissions: ['orders:read', 'orders:pack'],
}

const entra = {
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
const entraUser = {
  ...entra,
  name: 'Alice Example',
  oid: '690222be-ff1a-4d56-abd1-7e4f7d38e474',
  preferred_username: 'alice@shop.test',
  roles: ['Manager'],
  scp: 'Orders.Read Orders.Write',
  sub: 'HKZpfaHyWadeOouYlitjrI-KffTm222X5rrV3xDqfKQ',
}
const entraApplication = {
  ...entra,
  idtyp: 'app',
  oid: 'b3b6c9f4-1f1e-4c7e-8a55-0f8f6a4f1a11',
  sub: 'b3b6c9f4-1f1e-4c7e-8a55-0f8f6a4f1a11',
  roles: ['Orders.Read.All'],
}

const okta = { ...times, ver: 1, jti: 'AT.0mP4JKAZX1iACIT4vbEDF7LpvDVjxypPMf0D7uX39RE', cid: '0oabv6kx4qq6h1U5l0h7' }
const oktaUser = {
  ...okta,
  uid: '00ub0oNGTSWTBKOLGLNR',
  auth_time: seconds - 11,
  scp: ['openid', 'orders:read'],
  sub: 'alice@shop.test',
  groups: ['Everyone', 'Managers'],
}
const oktaMachine = { ...okta, scp: ['orders:read'], sub: okta.cid }

const cognitoUser = {
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
    expect(identityOf(read, auth0User, { gty: 'password' })).to.include({ kind: 'user' })
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

describe('claims in hostile shapes', () => {
  const readers: Readonly<Record<string, ClaimsReader>> = {
    standard: standardClaims(),
    named: standardClaims({ roles: '__proto__', scope: 'constructor', permissions: 'toString' }),
    keycloak: keycloakClaims({ client: 'orders-api' }),
    auth0: auth0Claims({ roles: 'roles' }),
    entra: entraClaims(),
    okta: oktaClaims(),
  }
  const good: Readonly<Record<string, object>> = {
    standard: { ...times, sub: 'alice' },
    named: { ...times, sub: 'alice' },
    keycloak: keycloakUser,
    auth0: auth0User,
    entra: entraUser,
    okta: oktaUser,
  }
  const lists: Readonly<Record<string, readonly string[]>> = {
    standard: ['roles', 'permissions'],
    named: [],
    keycloak: [],
    auth0: ['roles', 'permissions'],
    entra: ['roles'],
    okta: ['groups'],
  }
  const scopes: Readonly<Record<string, string>> = { standard: 'scope', keycloak: 'scope', auth0: 'scope', entra: 'scp', okta: 'scp' }

  for (const [name, read] of Object.entries(readers)) {
    it(`are refused, and never guessed at: ${name}`, () => {
      for (const list of lists[name] ?? []) {
        for (const value of ['admin', 1, true, null, {}, { 0: 'admin', length: 1 }, ['admin', 1], [['admin']], [{}], [null]]) {
          expect(identityOf(read, good[name]!, { [list]: value }), `${list}: ${JSON.stringify(value)}`).to.equal('malformed')
        }
      }
      const scope = scopes[name]
      if (scope === undefined) return
      for (const value of [1, true, null, {}, { split: 'x' }, [1], [['a']], [null], [], [''], ' ']) {
        expect(identityOf(read, good[name]!, { [scope]: value }), `${scope}: ${JSON.stringify(value)}`).to.equal('malformed')
      }
    })

    it(`give facts or a refusal, and never an error: ${name}`, () => {
      const names = 'roles scope scp permissions groups gty azp appid client_id clientId cid uid oid idtyp typ sub sid preferred_username'
      const anything = fc.dictionary(
        fc.constantFrom(...names.split(' '), 'realm_access', 'resource_access', 'token_use', '__proto__', 'constructor', 'toString'),
        fc.oneof(fc.jsonValue(), fc.constantFrom({ toString: 1, valueOf: 1 }, { roles: ['a'] }, { 'orders-api': { roles: 'a' } })),
      )
      fc.assert(
        fc.property(anything, (more) => {
          const facts = read({ ...good[name], ...more })
          if (facts === undefined) return
          for (const list of [facts.roles, facts.scopes, facts.grants]) {
            expect(list).to.be.an('array')
            for (const one of list ?? []) expect(one).to.be.a('string')
          }
          expect(facts.kind).to.be.oneOf(['user', 'client'])
        }),
      )
    })
  }

  it('give no roles of Keycloak where they do not stand as it writes them', () => {
    const read = keycloakClaims({ client: 'orders-api' })
    for (const value of [['manager'], 'manager', 1, null, { Roles: ['manager'] }, {}, []]) {
      const roles = { realm_access: value, resource_access: value }
      expect(identityOf(read, keycloakUser, roles), JSON.stringify(value)).to.deep.include({ roles: [] })
    }
    for (const value of ['manager', 1, {}, [1], [['manager']], null]) {
      expect(identityOf(read, keycloakUser, { realm_access: { roles: value } }), JSON.stringify(value)).to.equal('malformed')
      const nested = { resource_access: { 'orders-api': { roles: value } } }
      expect(identityOf(read, keycloakUser, nested), JSON.stringify(value)).to.equal('malformed')
    }
  })

  it('cannot be changed by whoever gets them: the next request would have the change', () => {
    const claims = () => ({ roles: ['customer'], scopes: ['orders:read'], grants: ['orders:read'] })
    for (const [reader, token] of [
      [claims, { ...times, sub: 'alice' }],
      [readers['keycloak']!, keycloakUser],
      [readers['auth0']!, auth0User],
      [readers['entra']!, entraUser],
      [readers['okta']!, oktaUser],
    ] as ReadonlyArray<readonly [ClaimsReader, object]>) {
      const found = identityOf(reader, token)
      if (typeof found === 'string') expect.fail(found)
      for (const list of [found.roles, found.scopes, found.grants]) expect(Object.isFrozen(list)).to.equal(true)
    }
  })
})
