import { createSign, generateKeyPairSync } from 'node:crypto'
import { expect } from 'chai'
import * as fc from 'fast-check'
import type { Algorithm } from '../../lib/authentication/algorithms.js'
import { bearer } from '../../lib/authentication/bearer.js'
import type { Jwk } from '../../lib/authentication/key-material.js'
import { keysInDocument } from '../../lib/authentication/key-set.js'
import { audience, ec, goodClaims, goodHeader, issuer, rsa, segment, signed, verdict } from './forge.js'

const otherEc = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const ed = generateKeyPairSync('ed25519')
const jwkOf = ({ publicKey }: Pick<typeof ec, 'publicKey'>, more: object = {}): Jwk => ({ ...publicKey.export({ format: 'jwk' }), ...more })

const verifying = (keys: readonly unknown[], algorithms?: readonly Algorithm[]) =>
  bearer({ issuer, audience, jwks: { keys: keys as Jwk[] }, ...(algorithms === undefined ? {} : { algorithms }) })

const problemsIn = (keys: readonly unknown[], algorithms?: readonly Algorithm[]) =>
  verifying(keys, algorithms).mistakes.map(({ place, problem }) => `${place}: ${problem}`)

function tokenBy({ privateKey }: Pick<typeof ec, 'privateKey'>, header: object = {}): string {
  const input = `${segment({ ...goodHeader, alg: 'ES256', ...header })}.${segment(goodClaims)}`
  return `${input}.${createSign('sha256').update(input).sign({ key: privateKey, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`
}

const found = (keys: readonly unknown[], algorithms?: readonly Algorithm[]) =>
  keysInDocument({ keys: keys as Jwk[] }, algorithms).map(({ kid, algorithm }) => [kid, algorithm])

describe('a key set', () => {
  it('verifies with each key what names it', () => {
    const { verifier, mistakes } = verifying([
      jwkOf(ec, { kid: 'one', use: 'sig', alg: 'ES256', key_ops: ['verify'] }),
      jwkOf(otherEc, { kid: 'two' }),
    ])
    expect(mistakes).to.deep.equal([])
    expect(verdict(verifier, tokenBy(ec))).to.equal('accepted')
    expect(verdict(verifier, tokenBy(otherEc, { kid: 'two' }))).to.equal('accepted')
    expect(verdict(verifier, tokenBy(otherEc))).to.equal('bad-signature')
    expect(verdict(verifier, tokenBy(ec, { kid: 'three' }))).to.equal('unknown-key')
    expect(verdict(verifier, tokenBy(ec, { kid: undefined }))).to.equal('unknown-key')
  })

  it('lets the issuer change its key: the old one, both, the new one', () => {
    const [old, fresh] = [jwkOf(ec, { kid: 'one' }), jwkOf(otherEc, { kid: 'two' })]
    const tokens = [tokenBy(ec), tokenBy(otherEc, { kid: 'two' })]
    const verdicts = (...keys: Jwk[]) => tokens.map((token) => verdict(verifying(keys).verifier, token))
    expect(verdicts(old)).to.deep.equal(['accepted', 'unknown-key'])
    expect(verdicts(old, fresh)).to.deep.equal(['accepted', 'accepted'])
    expect(verdicts(fresh)).to.deep.equal(['unknown-key', 'accepted'])
  })

  it('has keys of one algorithm each, named or not', () => {
    expect(found([jwkOf(ec), jwkOf(rsa), jwkOf(ed)])).to.deep.equal([
      [undefined, 'ES256'],
      [undefined, 'RS256'],
      [undefined, 'EdDSA'],
    ])
    expect(found([jwkOf(rsa, { alg: 'PS384' })])).to.deep.equal([[undefined, 'PS384']])
    expect(found([jwkOf(rsa)], ['PS256', 'RS256'])).to.deep.equal([[undefined, 'PS256']])
    expect(found([jwkOf(rsa, { alg: 'RS256' })], ['PS256', 'RS256'])).to.deep.equal([[undefined, 'RS256']])
    expect(found([jwkOf(ed, { alg: 'EdDSA' })], ['Ed25519'])).to.deep.equal([[undefined, 'Ed25519']])
    const { verifier } = verifying([jwkOf(rsa, { kid: 'one' })])
    const input = `${segment({ ...goodHeader, alg: 'RS512' })}.${segment(goodClaims)}`
    expect(verdict(verifier, `${input}.${createSign('sha512').update(input).sign(rsa.privateKey, 'base64url')}`)).to.equal(
      'wrong-algorithm',
    )
  })

  it('passes over what verifies no token, and what is not on the list', () => {
    const others = [
      jwkOf(rsa, { use: 'enc' }),
      jwkOf(rsa, { use: 'SIG' }),
      jwkOf(rsa, { use: null }),
      jwkOf(rsa, { key_ops: ['encrypt', 'wrapKey'] }),
      jwkOf(rsa, { key_ops: [] }),
      jwkOf(rsa, { key_ops: 'verify' }),
      jwkOf(rsa, { alg: 'RSA-OAEP-256' }),
      jwkOf(rsa, { alg: 'none' }),
      jwkOf(rsa, { alg: 'rs256' }),
      jwkOf(rsa, { alg: '__proto__' }),
      jwkOf(rsa, { alg: ['RS256'] }),
      jwkOf(rsa, { alg: null }),
      jwkOf(generateKeyPairSync('ec', { namedCurve: 'secp256k1' })),
      generateKeyPairSync('x25519').publicKey.export({ format: 'jwk' }),
      generateKeyPairSync('ed448').publicKey.export({ format: 'jwk' }),
      { ...generateKeyPairSync('ed448').publicKey.export({ format: 'jwk' }), alg: 'EdDSA' },
      { kty: 'oct', k: 'AAAA', use: 'enc', alg: 'A256GCM' },
      { kty: 'oct', k: 'AAAA', alg: 'A256KW' },
      { kty: 'new', alg: 'ML-DSA-44', pub: 'AAAA' },
      ...[null, undefined, 1, 'key', [], {}, { kty: 'EC' }],
    ]
    expect(found(others)).to.deep.equal([])
    expect(problemsIn([...others, jwkOf(ec, { kid: 'one' })])).to.deep.equal([])
    expect(verdict(verifying([...others, jwkOf(ec, { kid: 'one' })]).verifier, tokenBy(ec))).to.equal('accepted')
    expect(found([jwkOf(rsa, { kid: 'one' }), jwkOf(ec, { kid: 'two' }), jwkOf(ed)], ['ES256'])).to.deep.equal([['two', 'ES256']])
  })

  it('holds no secret: whoever reads it could sign', () => {
    const k = segment(Buffer.from('Qd93kx0PwLmZ4vRt8YbN1uHjE6aSg7Tc'))
    const expected = ['authentication.jwks.keys[1]: HS256 has neither publicKey nor privateKey']
    for (const more of [{}, { alg: 'HS256' }, { use: 'sig' }, { key_ops: ['sign', 'verify'] }]) {
      const keys = [jwkOf(ec, { kid: 'one' }), { kty: 'oct', k, kid: 'two', ...more }]
      expect(problemsIn(keys), JSON.stringify(more)).to.deep.equal(expected)
      expect(problemsIn(keys, ['ES256']), JSON.stringify(more)).to.deep.equal(expected)
      const token = signed({ ...goodHeader, kid: 'two' }, goodClaims, Buffer.from(k, 'base64url'))
      expect(verdict(verifying(keys).verifier, token)).not.to.equal('accepted')
    }
  })

  it('holds no private key', () => {
    const problem = 'publicKey holds a private key'
    for (const { privateKey } of [ec, rsa, ed]) {
      expect(problemsIn([{ ...privateKey.export({ format: 'jwk' }), kid: 'one' }])).to.deep.equal([
        `authentication.jwks.keys[0]: ${problem}`,
      ])
    }
  })

  it('names each key once, with a text', () => {
    expect(problemsIn([jwkOf(ec, { kid: 'one' }), jwkOf(otherEc, { kid: 'one' })])).to.deep.equal([
      'authentication.jwks.keys[1]: two keys have the kid "one"',
    ])
    expect(problemsIn([jwkOf(ec, { kid: 'one' }), jwkOf(otherEc)])).to.deep.equal([
      'authentication.jwks.keys[1]: the key has no kid, and there are several keys',
    ])
    for (const kid of ['', 1, null, ['one'], {}]) {
      expect(problemsIn([jwkOf(ec, { kid })]), JSON.stringify(kid)).to.deep.equal(['authentication.jwks.keys[0]: kid is no name'])
    }
  })

  it('holds keys of one family, each strong and on its curve', () => {
    expect(problemsIn([jwkOf(ec, { kid: 'one' }), jwkOf(rsa, { kid: 'two' })])).to.deep.equal([
      'authentication.jwks.keys: one issuer has keys of two families: ES256 and RS256',
    ])
    const short = generateKeyPairSync('rsa', { modulusLength: 1024 })
    expect(problemsIn([jwkOf(short)])[0]).to.include('the RSA key has 1024 bits')
    expect(problemsIn([jwkOf(ec, { alg: 'ES384' })])[0]).to.include('ES384 needs a key on the curve secp384r1')
    expect(problemsIn([jwkOf(ec, { alg: 'RS256' })])[0]).to.include('RS256 needs an RSA key')
  })

  it('is a mistake, and never an error, where it is none', () => {
    for (const jwks of [null, {}, { keys: null }, { keys: {} }, { keys: 'keys' }, { keys: [] }, [], 'jwks', 1, { keys: [null] }]) {
      const { mistakes } = bearer({ issuer, audience, jwks } as never)
      expect(
        mistakes.map(({ problem }) => problem),
        JSON.stringify(jwks),
      ).to.deep.equal(['there is no key to verify tokens with'])
    }
    const member = fc.constantFrom('kty', 'crv', 'alg', 'use', 'key_ops', 'kid', 'n', 'e', 'x', 'y', 'd', 'k', '__proto__')
    const value = fc.oneof(fc.jsonValue(), fc.constantFrom('RSA', 'EC', 'OKP', 'oct', 'P-256', 'Ed25519', 'RS256', 'EdDSA', 'sig', 'AQAB'))
    fc.assert(
      fc.property(fc.array(fc.dictionary(member, value)), (keys) => {
        expect(verifying(keys).mistakes).not.to.deep.equal([])
      }),
    )
  })
})
