import { expect } from 'chai'
import * as fc from 'fast-check'
import jwt from 'jsonwebtoken'
import { tokenIssuer } from '../../lib/authentication/token-issuer.js'
import type { TokenIssuerOptions } from '../../lib/authentication/token-issuer.js'
import { audience, ec, hmacKey, issuer, now, rsa, seconds, secret, verifierOf } from './forge.js'

const clock = { now: () => now + 999 }
const issuerOf = (options: Partial<TokenIssuerOptions> = {}) => tokenIssuer({ issuer, audience, key: hmacKey, clock, ...options })

describe('an issuer of tokens', () => {
  it('says whose token it is, for whom, from when, until when, and which', () => {
    const issued = issuerOf({ lifetime: 90, ids: { next: () => 'id-7' } }).issue({ sub: 'alice', roles: ['customer'] })
    expect(issued).to.include({ tokenId: 'id-7', expiresIn: 90, expiresAt: now + 90_000 })
    expect(jwt.decode(issued.token, { complete: true })).to.deep.include({
      header: { alg: 'HS256', typ: 'JWT', kid: 'one' },
      payload: { sub: 'alice', roles: ['customer'], iss: issuer, aud: audience, iat: seconds, exp: seconds + 90, jti: 'id-7' },
    })
  })

  it('gives tokens an hour and random ids by default', () => {
    const first = issuerOf().issue({ sub: 'alice' })
    expect(first.expiresIn).to.equal(3600)
    expect(first.tokenId)
      .to.match(/^[0-9a-f-]{36}$/)
      .and.not.equal(issuerOf().issue({ sub: 'alice' }).tokenId)
  })

  it('issues what its verifier takes, whatever the claims', () => {
    const names = fc.string().filter((name) => !['iss', 'aud', 'exp', 'nbf', 'iat', 'jti', 'cnf', 'sub', 'roles', 'scope'].includes(name))
    const verifier = verifierOf({ maxTokenBytes: 65_536 })
    fc.assert(
      fc.property(fc.dictionary(names, fc.jsonValue({ maxDepth: 4 })), fc.string({ minLength: 1 }), (more, name) => {
        fc.pre(name.trim() !== '')
        const { token, tokenId, expiresAt } = issuerOf().issue({ ...more, sub: name })
        expect(verifier.verify(token, now + 999)).to.include({ id: name, tokenId, expiresAt })
      }),
    )
  })

  it('issues by the clock it is given, in 1970 too', () => {
    const { token } = issuerOf({ clock: { now: () => 0 } }).issue({ sub: 'alice' })
    expect(jwt.decode(token)).to.include({ iat: 0, exp: 3600 })
  })

  it("lets nobody say what is the issuer's to say", () => {
    for (const name of ['iss', 'aud', 'exp', 'nbf', 'iat', 'jti', 'cnf']) {
      expect(() => issuerOf().issue({ sub: 'alice', [name]: 'x' }), name).to.throw(TypeError, name)
    }
    expect(issuerOf().issue({ sub: 'alice', exp: undefined }).expiresIn).to.equal(3600)
  })

  it('issues no roles and no scope that verifiers would refuse', () => {
    for (const scope of ['', ' ', [], 7])
      expect(() => issuerOf().issue({ sub: 'alice', scope: scope as string })).to.throw(TypeError, 'scope')
    for (const roles of ['admin', [1]])
      expect(() => issuerOf().issue({ sub: 'alice', roles: roles as unknown as string[] })).to.throw(TypeError, 'roles')
  })

  it('needs a subject', () => {
    for (const sub of ['', ' ', undefined, 7, null, '\ud800'])
      expect(() => issuerOf().issue({ sub: sub as string })).to.throw(TypeError, 'sub')
  })

  it('does not start with wrong options, and says all that is wrong', () => {
    expect(() => issuerOf({ issuer: '', audience: ' ', lifetime: Number.NaN, key: { algorithm: 'HS256', secret: 'secret' } })).to.throw(
      TypeError,
      /tokenIssuer\.issuer.*\n.*tokenIssuer\.audience.*\n.*tokenIssuer\.lifetime.*\n.*tokenIssuer\.key.*48 bits/,
    )
    for (const lifetime of [0, -1, 0.5, Infinity, 31_536_001]) expect(() => issuerOf({ lifetime })).to.throw(TypeError, 'lifetime')
  })

  it('does not start without a private key', () => {
    expect(() => issuerOf({ key: { algorithm: 'RS256', publicKey: rsa.publicKey } })).to.throw(TypeError, 'no private key')
    expect(() => issuerOf({ key: { algorithm: 'RS256', privateKey: rsa.publicKey } })).to.throw(
      TypeError,
      'cannot be read as a private key',
    )
    expect(() => issuerOf({ key: { algorithm: 'RS256', secret } })).to.throw(TypeError, 'no secret')
    expect(() => issuerOf({ key: { algorithm: 'ES256', privateKey: ec.privateKey, publicKey: rsa.publicKey } })).to.throw(TypeError)
  })
})
