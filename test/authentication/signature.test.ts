import { createSecretKey, generateKeyPairSync, randomBytes } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { expect } from 'chai'
import * as fc from 'fast-check'
import { CompactSign, compactVerify } from 'jose'
import jwt from 'jsonwebtoken'
import { algorithms } from '../../lib/authentication/algorithms.js'
import type { Algorithm } from '../../lib/authentication/algorithms.js'
import { signatureLength } from '../../lib/authentication/keys.js'
import { isSignedWith, signClaims } from '../../lib/authentication/signature.js'
import { ec, rsa } from './forge.js'

const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' })
const p521 = generateKeyPairSync('ec', { namedCurve: 'P-521' })
const ed = generateKeyPairSync('ed25519')
const secret = createSecretKey(randomBytes(64))

interface Pair {
  readonly privateKey: KeyObject
  readonly publicKey: KeyObject
}

function pairOf(algorithm: Algorithm): Pair {
  if (algorithm.startsWith('HS')) return { privateKey: secret, publicKey: secret }
  if (algorithm.startsWith('ES')) return { ES256: ec, ES384: p384, ES512: p521 }[algorithm as string] ?? ec
  return algorithm.startsWith('Ed') ? ed : rsa
}

const claims = { sub: 'Zoë 🔑', iat: 0, exp: 1.5, nested: { a: [1, null, 'x'] }, empty: '' }

describe('a signature', () => {
  for (const algorithm of algorithms) {
    const { privateKey, publicKey } = pairOf(algorithm)

    it(`of ${algorithm} is what others verify, and those of others are right here`, async () => {
      const ours = signClaims({ key: privateKey, algorithm }, { typ: 'JWT', kid: 'one' }, claims)
      const { payload, protectedHeader } = await compactVerify(ours, publicKey, { algorithms: [algorithm] })
      expect(JSON.parse(Buffer.from(payload).toString())).to.deep.equal(claims)
      expect(protectedHeader).to.deep.equal({ typ: 'JWT', kid: 'one', alg: algorithm })
      const theirs = await new CompactSign(Buffer.from(JSON.stringify(claims))).setProtectedHeader({ alg: algorithm }).sign(privateKey)
      for (const token of [ours, theirs]) {
        expect(isSignedWith({ key: publicKey, algorithm }, token)).to.equal(true)
        expect(token.length - token.lastIndexOf('.') - 1).to.equal(signatureLength(algorithm, publicKey))
      }
    })

    it(`of ${algorithm} is wrong by another key, by another algorithm, and over anything else`, () => {
      const token = signClaims({ key: privateKey, algorithm }, {}, claims)
      for (const other of algorithms) {
        const isAlike = other === algorithm || (other.startsWith('Ed') && algorithm.startsWith('Ed'))
        expect(isSignedWith({ key: pairOf(other).publicKey, algorithm: other }, token), other).to.equal(isAlike)
        if (!isAlike) expect(isSignedWith({ key: publicKey, algorithm: other }, token), other).to.equal(false)
      }
      const [header = '', payload = '', signature = ''] = token.split('.')
      for (const changed of [
        `${header}.${payload}A.${signature}`,
        `A${header}.${payload}.${signature}`,
        `${payload}.${header}.${signature}`,
        `${header}.${payload}.`,
        `${header}.${payload}`,
        `${header}..${signature}`,
      ]) {
        expect(isSignedWith({ key: publicKey, algorithm }, changed)).to.equal(false)
      }
    })
  }

  it('by a secret is no HMAC keyed with a public key, and is spelled in one way', () => {
    const pem = rsa.publicKey.export({ type: 'spki', format: 'pem' })
    const forged = signClaims({ key: createSecretKey(Buffer.from(pem)), algorithm: 'HS256' }, {}, claims)
    expect(isSignedWith({ key: rsa.publicKey, algorithm: 'HS256' }, forged)).to.equal(false)
    const token = signClaims({ key: secret, algorithm: 'HS256' }, {}, claims)
    for (const other of [`${token}=`, `${token} `, `${token.slice(0, -1)}${String.fromCharCode(token.charCodeAt(token.length - 1) + 1)}`]) {
      expect(isSignedWith({ key: secret, algorithm: 'HS256' }, other)).to.equal(false)
    }
    expect(isSignedWith({ key: secret, algorithm: 'HS256' }, token)).to.equal(true)
  })

  it('by a secret is what jsonwebtoken says it is, whatever became of the token', () => {
    const token = signClaims({ key: secret, algorithm: 'HS512' }, { typ: 'JWT' }, claims)
    const options = { algorithms: ['HS512' as const], ignoreExpiration: true }
    const theirs = (text: string) => {
      try {
        jwt.verify(text, secret, options)
        return true
      } catch {
        return false
      }
    }
    fc.assert(
      fc.property(fc.nat({ max: token.length - 1 }), fc.constantFrom('A', 'Z', 'a', 'z', '0', '9', '-', '_'), (place, character) => {
        const changed = `${token.slice(0, place)}${character}${token.slice(place + 1)}`
        expect(isSignedWith({ key: secret, algorithm: 'HS512' }, changed), changed).to.equal(theirs(changed))
      }),
    )
  })

  it('is never right over a text that nobody signed, and no text is an error', () => {
    fc.assert(
      fc.property(fc.constantFrom(...algorithms), fc.string({ unit: 'binary' }), (algorithm, text) => {
        for (const token of [text, `${text}.${text}.${text}`, `e30.e30.${text}`]) {
          expect(isSignedWith({ key: pairOf(algorithm).publicKey, algorithm }, token)).to.equal(false)
        }
      }),
    )
  })

  it('names the algorithm of its key, whatever else the header is told', () => {
    for (const algorithm of ['HS256', 'EdDSA'] as const) {
      const { privateKey, publicKey } = pairOf(algorithm)
      const token = signClaims({ key: privateKey, algorithm }, { alg: 'none' }, claims)
      expect(JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString())).to.include({ alg: algorithm })
      expect(isSignedWith({ key: publicKey, algorithm }, token)).to.equal(true)
    }
  })
})
