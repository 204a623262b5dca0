import { expect } from 'chai'
import { bearer } from '../../lib/authentication/bearer.js'
import {
  Authenticated,
  Controller,
  Get,
  StoredRevocations,
  createApi,
  createContainer,
  createLogger,
  tokenIssuer,
  tokens,
} from '../../lib/index.js'
import { MemoryStateStore } from '../../lib/state/memory-state-store.js'
import type { Identity } from '../../lib/context.js'
import { exchangeOf } from '../exchange.js'
import { audience, goodClaims, goodHeader, hmacKey, issuer, now, seconds, segment, sign, signed, verdict, verifierOf } from './forge.js'

const accessClaims = {
  iss: issuer,
  exp: seconds + 300,
  aud: audience,
  sub: '5ba552d67',
  client_id: 's6BhdRkqt3',
  iat: seconds,
  jti: 'dbe39bf3a3ba4238a513f51d6e1691c4',
  scope: 'orders:read',
}
const accessHeader = { ...goodHeader, typ: 'at+jwt' }

const verifier = verifierOf({ typ: 'at+jwt' })
const withType = (typ: unknown) => verdict(verifier, signed({ ...goodHeader, typ }, accessClaims))
const withClaims = (claims: object) => verdict(verifier, signed(accessHeader, { ...accessClaims, ...claims }))

describe('the access tokens of RFC 9068', () => {
  it('RFC 9068 §2.1, §4: are of the type at+jwt and no other', () => {
    expect(['at+jwt', 'application/at+jwt', 'AT+JWT', 'Application/At+Jwt'].map(withType)).to.deep.equal(Array(4).fill('accepted'))
    for (const typ of [undefined, 'JWT', 'jwt', '', 'at', 'at+jwt;v=1', 'application/jwt', 'text/at+jwt', null, ['at+jwt']]) {
      expect(withType(typ), JSON.stringify(typ)).to.equal('wrong-type')
    }
  })

  it('RFC 9068 §2.2: have iss, exp, aud, sub, client_id, iat and jti', () => {
    const refusals = {
      iss: 'wrong-issuer',
      exp: 'malformed',
      aud: 'wrong-audience',
      sub: 'no-subject',
      client_id: 'no-client',
      iat: 'no-client',
    }
    expect(withClaims({})).to.equal('accepted')
    for (const [name, reason] of Object.entries(refusals)) expect(withClaims({ [name]: undefined }), name).to.equal(reason)
    expect(withClaims({ jti: undefined })).to.equal('no-token-id')
    // Whatever the issuer's other tokens may leave out.
    const lenient = verifierOf({ requireTokenId: false })
    expect(verdict(lenient, signed(accessHeader, { ...accessClaims, jti: undefined }))).to.equal('no-client')
    expect(verdict(lenient, signed(goodHeader, { ...goodClaims, jti: undefined }))).to.equal('accepted')
  })

  it('RFC 9068 §2.2.2, §2.2.3: name the login and the scopes', () => {
    const claims = { ...accessClaims, auth_time: seconds - 60, acr: 'urn:mace:incommon:iap:silver', amr: ['pwd', 'otp'] }
    const identity = verifier.verify(signed(accessHeader, claims), now) as Identity
    expect(identity).to.deep.include({ id: '5ba552d67', kind: 'user', scopes: ['orders:read'] })
    expect(identity.claims).to.include({ auth_time: seconds - 60, acr: 'urn:mace:incommon:iap:silver' })
  })

  it('RFC 9068 §2.2.3.1: name roles and grants where the authorization server writes them', () => {
    const identity = verifier.verify(signed(accessHeader, { ...accessClaims, roles: ['manager'], permissions: ['orders:read'] }), now)
    expect(identity).to.deep.include({ roles: ['manager'], grants: ['orders:read'] })
  })

  it('RFC 9068 §4: are of the issuer, character by character, and for this resource', () => {
    for (const iss of [issuer.slice(0, -1), issuer.toUpperCase(), `${issuer}x`, [issuer]])
      expect(withClaims({ iss })).to.equal('wrong-issuer')
    expect(withClaims({ aud: ['https://other.test', audience] })).to.equal('accepted')
    for (const aud of ['https://other.test', [], `${audience}/orders`]) expect(withClaims({ aud })).to.equal('wrong-audience')
  })

  it('RFC 9068 §4: are signed, with a key of the authorization server', () => {
    const input = `${segment({ ...accessHeader, alg: 'none' })}.${segment(accessClaims)}`
    for (const token of [`${input}.`, sign(input)]) expect(verdict(verifier, token)).to.be.oneOf(['malformed', 'wrong-algorithm'])
    expect(verdict(verifier, signed(accessHeader, accessClaims, Buffer.alloc(32, 1)))).to.equal('bad-signature')
    expect(verdict(verifier, signed({ ...accessHeader, kid: 'another' }, accessClaims))).to.equal('unknown-key')
  })

  it('RFC 9068 §4: end with exp', () => {
    expect(verdict(verifier, signed(accessHeader, accessClaims), now + 299_999)).to.equal('accepted')
    expect(verdict(verifier, signed(accessHeader, accessClaims), now + 300_000)).to.equal('expired')
  })

  it('RFC 9068 §4: are refused with invalid_token, whatever is wrong with them', async () => {
    const clock = { now: () => now }
    const state = new MemoryStateStore({ clock })
    const revocations = new StoredRevocations(state, { clock })
    void revocations.revokeToken({ issuer, tokenId: 'gone', expiresAt: now + 60_000 })
    const container = createContainer()
    container.register(tokens.clock, { useValue: clock })
    container.register(tokens.revocations, { useValue: revocations })

    @Controller('/orders')
    class Orders {
      @Get('/')
      @Authenticated()
      list() {
        return []
      }
    }
    const api = createApi({
      ...{ controllers: [Orders], container, https: 'off', audit: { sinks: [] }, logger: createLogger({ silent: true }) },
      authentication: bearer({ issuer, audience, keys: [hmacKey], typ: 'at+jwt' }),
    })
    const answerTo = async (token: string) => {
      const headers = { host: 'api.test', authorization: `Bearer ${token}` }
      const { status, headers: sent } = await api.answer(exchangeOf({ request: { target: '/orders', headers } }).request)
      return [status, sent[sent.indexOf('WWW-Authenticate') + 1]]
    }
    const bad = {
      'of another type': signed(goodHeader, accessClaims),
      'without client': signed(accessHeader, { ...accessClaims, client_id: undefined }),
      'of another issuer': signed(accessHeader, { ...accessClaims, iss: 'https://other.test' }),
      'for others': signed(accessHeader, { ...accessClaims, aud: 'https://other.test' }),
      forged: signed(accessHeader, accessClaims, Buffer.alloc(32, 1)),
      old: signed(accessHeader, { ...accessClaims, exp: seconds }),
      revoked: signed(accessHeader, { ...accessClaims, jti: 'gone' }),
      opaque: 'SlAV32hkKG',
    }
    expect((await answerTo(signed(accessHeader, accessClaims)))[0]).to.equal(200)
    for (const [name, token] of Object.entries(bad)) {
      const challenge = 'Bearer realm="api", error="invalid_token", error_description="The access token is not valid"'
      expect(await answerTo(token), name).to.deep.equal([401, challenge])
    }
  })

  it('RFC 9068 §2.2, §5: name a client that acts for itself as their subject', () => {
    const client = verifier.verify(signed(accessHeader, { ...accessClaims, sub: 's6BhdRkqt3' }), now)
    expect(client).to.include({ kind: 'client', id: 's6BhdRkqt3' })
    // Scopes of a client are permissions: nobody else may have them so.
    expect(verifier.verify(signed(accessHeader, { ...accessClaims, sub: 'S6BhdRkqt3' }), now)).to.include({ kind: 'user' })
  })

  it('RFC 9068 §2: are what tokenIssuer issues under this name, and it issues none that lacks something', () => {
    const issues = tokenIssuer({ issuer, audience, key: hmacKey, typ: 'at+jwt', clock: { now: () => now } })
    const { token } = issues.issue({ sub: 'alice', client_id: 'shop', scope: 'orders:read' })
    expect(JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString())).to.deep.equal({
      typ: 'at+jwt',
      kid: 'one',
      alg: 'HS256',
    })
    expect(verdict(verifier, token)).to.equal('accepted')
    for (const client_id of ['', undefined]) {
      expect(() => issues.issue({ sub: 'alice', ...(client_id === undefined ? {} : { client_id }) })).to.throw(
        TypeError,
        'client_id is missing',
      )
    }
    expect(() => issues.issue({ sub: '', client_id: 'shop' })).to.throw(TypeError, 'sub is missing')
  })
})
