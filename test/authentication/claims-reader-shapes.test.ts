import { expect } from 'chai'
import * as fc from 'fast-check'
import { auth0Claims, entraClaims, keycloakClaims, oktaClaims, standardClaims } from '../../lib/authentication/claims-reader.js'
import type { ClaimsReader } from '../../lib/authentication/claims-reader.js'
import { auth0User, entraUser, identityOf, keycloakUser, oktaUser, times } from './product-claims.js'

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

  it('give no roles of Keycloak out of what every object inherits, should somebody have added to it', () => {
    const added = { configurable: true, value: ['admin'] }
    try {
      Reflect.defineProperty(Object.prototype, 'roles', added)
      Reflect.defineProperty(Object.prototype, 'orders-api', { configurable: true, value: { roles: ['admin'] } })
      const none = { realm_access: {}, resource_access: {} }
      expect(identityOf(keycloakClaims({ client: 'orders-api' }), keycloakUser, none)).to.deep.include({ roles: [] })
    } finally {
      for (const name of ['roles', 'orders-api']) Reflect.deleteProperty(Object.prototype, name)
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
