import { expect } from 'chai'
import { keysOfSet } from '../../lib/authentication/own-keys.js'
import type { Jwk } from '../../lib/authentication/key-material.js'
import { ec, rsa } from './forge.js'

const privateJwk = ec.privateKey.export({ format: 'jwk' })
const publicJwk = ec.publicKey.export({ format: 'jwk' })

describe('the keys of a key set of one’s own', () => {
  it('sign where they are private, and verify where they are public', () => {
    expect(
      keysOfSet({
        keys: [
          { ...privateJwk, kid: 'new' },
          { ...publicJwk, kid: 'old' },
        ],
      }),
    ).to.deep.equal([
      { kid: 'new', algorithm: 'ES256', privateKey: { ...privateJwk, kid: 'new' } },
      { kid: 'old', algorithm: 'ES256', publicKey: { ...publicJwk, kid: 'old' } },
    ])
  })

  it('are secrets where they are octets', () => {
    expect(keysOfSet({ keys: [{ kty: 'oct', k: 'AQID', alg: 'HS512', kid: 'a' }] })).to.deep.equal([
      { kid: 'a', algorithm: 'HS512', secret: Buffer.from([1, 2, 3]) },
    ])
  })

  it('have the algorithm that they name, or else the usual one of their kind', () => {
    const keys = [
      rsa.publicKey.export({ format: 'jwk' }),
      { ...rsa.publicKey.export({ format: 'jwk' }), alg: 'PS384' },
      { kty: 'oct', k: 'AQID' },
    ]
    expect(keysOfSet({ keys }).map(({ algorithm }) => algorithm)).to.deep.equal(['RS256', 'PS384', 'HS256'])
  })

  it('are refused where they are none, by their place and without being quoted', () => {
    const wrong: ReadonlyArray<readonly [document: unknown, said: RegExp]> = [
      [undefined, /holds no keys/],
      [null, /holds no keys/],
      [[], /holds no keys/],
      [{ keys: {} }, /holds no keys/],
      [{ keys: [] }, /holds no keys/],
      [{ keys: [privateJwk, 'hunter2'] }, /^keys\[1\] is no JWK/],
      [{ keys: [null] }, /^keys\[0\] is no JWK/],
      [{ keys: [{ kty: 'oct', k: 7 }] }, /^keys\[0\] has no secret/],
      [{ keys: [{ ...privateJwk, alg: 'ECDH-ES' }] }, /^keys\[0\] is no key that tokens are signed with/],
      [{ keys: [{ ...privateJwk, use: 'enc' }] }, /^keys\[0\] is no key that tokens are signed with/],
      [{ keys: [{ kty: 'OKP', crv: 'Ed448', x: 'AA' }] }, /^keys\[0\] is no key that tokens are signed with/],
    ]
    for (const [document, said] of wrong) {
      expect(() => keysOfSet(document as { keys: readonly Jwk[] }), JSON.stringify(document)).to.throw(TypeError, said)
      expect(() => keysOfSet(document as { keys: readonly Jwk[] })).not.to.throw(/hunter2/)
    }
  })
})
