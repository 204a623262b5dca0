import { createPublicKey, generateKeyPairSync } from 'node:crypto'
import { expect } from 'chai'
import { bearer } from '../../lib/authentication/bearer.js'
import { readCompactSignature } from '../../lib/authentication/compact-token.js'
import { keysInDocument } from '../../lib/authentication/key-set.js'
import type { Jwk } from '../../lib/authentication/key-material.js'
import { isSignedWith } from '../../lib/authentication/signature.js'
import { tokenIssuer } from '../../lib/authentication/token-issuer.js'
import { audience, goodClaims, issuer, now, segment, verdict } from './forge.js'

/** The key and the signature of appendix A. */
const jwk: Jwk = { kty: 'OKP', crv: 'Ed25519', x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo' }
const input = `${segment('{"alg":"EdDSA"}')}.${segment('Example of Ed25519 signing')}`
const signature = 'hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg'

const key = createPublicKey({ key: jwk, format: 'jwk' })
const isRight = (token: string) => isSignedWith({ key, algorithm: 'EdDSA' }, token)

const pair = generateKeyPairSync('ed25519')
const verifierWith = (...keys: Jwk[]) => bearer({ issuer, audience, jwks: { keys } })

describe('the signatures of RFC 8037', () => {
  it('RFC 8037 A.5: are right as they stand, and wrong when changed', () => {
    expect(readCompactSignature(`${input}.${signature}`)).to.deep.equal({
      header: { alg: 'EdDSA' },
      payload: segment('Example of Ed25519 signing'),
      signatureLength: 86,
    })
    expect(isRight(`${input}.${signature}`)).to.equal(true)
    expect(isRight(`${input}A.${signature}`)).to.equal(false)
    expect(isRight(`${input}.A${signature.slice(1)}`)).to.equal(false)
    expect(isRight(`${input}.`)).to.equal(false)
  })

  it('RFC 8032 §5.1.7: have one spelling: S is below the order of the group', () => {
    const bytes = Buffer.from(signature, 'base64url')
    const order = 2n ** 252n + 27_742_317_777_372_353_535_851_937_790_883_648_493n
    const s = BigInt(`0x${Buffer.from(bytes.subarray(32)).reverse().toString('hex')}`) + order
    const other = Buffer.concat([bytes.subarray(0, 32), Buffer.from(s.toString(16).padStart(64, '0'), 'hex').reverse()])
    expect(other).to.have.length(64)
    expect(isRight(`${input}.${other.toString('base64url')}`)).to.equal(false)
  })

  it('RFC 8037 §3.1, RFC 9864 §2.2: go by the name EdDSA and by Ed25519', () => {
    for (const algorithm of ['EdDSA', 'Ed25519'] as const) {
      const { token } = tokenIssuer({ issuer, audience, key: { algorithm, privateKey: pair.privateKey }, clock: { now: () => now } }).issue(
        {
          sub: 'alice',
        },
      )
      for (const alg of ['EdDSA', 'Ed25519', undefined]) {
        const { verifier, mistakes } = verifierWith({ ...pair.publicKey.export({ format: 'jwk' }), alg })
        expect([mistakes.length, verdict(verifier, token)]).to.deep.equal([0, 'accepted'])
      }
    }
  })

  it('RFC 8037 §2: need a key of Ed25519 that is public', () => {
    const other = generateKeyPairSync('ed448').publicKey.export({ format: 'jwk' })
    const agreement = generateKeyPairSync('x25519').publicKey.export({ format: 'jwk' })
    expect(keysInDocument({ keys: [other, agreement, { ...other, alg: 'EdDSA' }, { ...agreement, alg: 'EdDSA' }] })).to.deep.equal([])
    const problemsOf = (one: Jwk) => verifierWith(one).mistakes.map(({ problem }) => problem)
    expect(problemsOf(pair.privateKey.export({ format: 'jwk' }))).to.deep.equal(['publicKey holds a private key'])
    expect(problemsOf({ ...jwk, x: segment('short') })).to.deep.equal(['publicKey cannot be read as a public key'])
    const ed448 = bearer({ issuer, audience, keys: [{ algorithm: 'EdDSA', publicKey: other }] })
    expect(ed448.mistakes.map(({ problem }) => problem)).to.deep.equal(['EdDSA needs an Ed25519 key, and this is of type ed448'])
  })

  it('RFC 8037 §5: are taken where the algorithm is on the list alone', () => {
    const { token } = tokenIssuer({ issuer, audience, key: { algorithm: 'EdDSA', privateKey: pair.privateKey } }).issue({ sub: 'alice' })
    const public256 = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ format: 'jwk' })
    const { verifier } = bearer({
      issuer,
      audience,
      algorithms: ['ES256'],
      jwks: { keys: [pair.publicKey.export({ format: 'jwk' }), public256] },
    })
    expect(verdict(verifier, token)).to.equal('wrong-algorithm')
    const none = `${segment({ alg: 'Ed448' })}.${segment(goodClaims)}.${signature}`
    expect(verdict(verifierWith(jwk).verifier, none)).to.equal('wrong-algorithm')
  })
})
