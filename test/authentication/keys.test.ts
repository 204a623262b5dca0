import { createSecretKey, generateKeyPairSync, randomBytes } from 'node:crypto'
import { expect } from 'chai'
import { signingKey, verificationKeys } from '../../lib/authentication/keys.js'
import type { KeyOptions } from '../../lib/authentication/keys.js'
import type { Mistake } from '../../lib/errors.js'
import { ec, rsa, secret } from './forge.js'

function mistakesIn(...keys: ReadonlyArray<object | string | undefined>): string[] {
  const mistakes: Mistake[] = []
  verificationKeys(keys as unknown as KeyOptions[], 'keys', (mistake) => void mistakes.push(mistake))
  return mistakes.map(({ place, problem }) => `${place}: ${problem}`)
}

function onlyMistakeIn(...keys: ReadonlyArray<object>): string {
  const mistakes = mistakesIn(...keys)
  expect(mistakes, mistakes.join('\n')).to.have.length(1)
  return mistakes[0]!
}

const publicPem = rsa.publicKey.export({ format: 'pem', type: 'spki' })
const privatePem = rsa.privateKey.export({ format: 'pem', type: 'pkcs8' })

describe('keys', () => {
  it('are taken in every form, and prepared once', () => {
    const fine: ReadonlyArray<KeyOptions> = [
      { algorithm: 'HS256', secret },
      { algorithm: 'HS256', secret: secret.toString('base64url') },
      { algorithm: 'HS512', secret: createSecretKey(randomBytes(64)) },
      { algorithm: 'RS256', publicKey: rsa.publicKey },
      { algorithm: 'PS512', publicKey: publicPem as string },
      { algorithm: 'RS256', publicKey: rsa.publicKey.export({ format: 'jwk' }) },
      { algorithm: 'RS256', privateKey: rsa.privateKey },
      { algorithm: 'RS256', privateKey: privatePem as string, publicKey: publicPem as string },
      { algorithm: 'ES256', publicKey: { ...ec.publicKey.export({ format: 'jwk' }), use: 'sig', alg: 'ES256', key_ops: ['verify'] } },
    ]
    for (const key of fine) {
      const [prepared] = verificationKeys([key], 'keys', ({ problem }) => expect.fail(problem))
      expect(prepared?.key.type).to.equal(key.algorithm.startsWith('HS') ? 'secret' : 'public')
    }
  })

  it('must be there', () => {
    expect(mistakesIn()).to.deep.equal(['keys: there is no key to verify tokens with'])
    expect(onlyMistakeIn({ algorithm: 'HS256' })).to.include('HS256 needs a secret')
    expect(onlyMistakeIn({ algorithm: 'RS256' })).to.include('no public key')
    expect(onlyMistakeIn({ algorithm: 'HS256', secret: 42 })).to.include('neither a text, nor bytes')
    expect(onlyMistakeIn({ algorithm: 'HS256', secret: rsa.privateKey })).to.include('neither a text, nor bytes')
  })

  it('have an algorithm that is one', () => {
    for (const algorithm of ['none', 'hs256', 'ES256K', '', undefined, 'HS1', '__proto__', ['HS256']]) {
      expect(onlyMistakeIn({ algorithm, secret }), String(algorithm)).to.include('is no algorithm')
    }
  })

  it('are as long as the hash of their algorithm', () => {
    for (const [algorithm, bytes] of [
      ['HS256', 32],
      ['HS384', 48],
      ['HS512', 64],
    ] as const) {
      expect(mistakesIn({ algorithm, secret: randomBytes(bytes) })).to.deep.equal([])
      expect(mistakesIn({ algorithm, secret: randomBytes(bytes - 1) })).to.include(
        `keys[0]: the secret has ${bytes * 8 - 8} bits, and ${algorithm} needs ${bytes * 8}`,
      )
      expect(onlyMistakeIn({ algorithm, secret: '' })).to.include('0 bits')
    }
  })

  it('are not to be guessed, nor public', () => {
    expect(onlyMistakeIn({ algorithm: 'HS256', secret: 'secret'.repeat(6) })).to.include('can be guessed')
    expect(onlyMistakeIn({ algorithm: 'HS256', secret: createSecretKey(Buffer.alloc(32, 7)) })).to.include('can be guessed')
    expect(onlyMistakeIn({ algorithm: 'HS256', secret: publicPem })).to.include('is an asymmetric key')
  })

  it('may be guessable where that is said with its danger, and never short or public', () => {
    const accepting = { algorithm: 'HS256', dangerouslyAcceptGuessableSecret: true }
    expect(mistakesIn({ ...accepting, secret: 'secret'.repeat(6) })).to.deep.equal([])
    expect(onlyMistakeIn({ ...accepting, secret: 'secret' })).to.include('48 bits')
    expect(onlyMistakeIn({ ...accepting, secret: publicPem })).to.include('is an asymmetric key')
  })

  it('fit their algorithm', () => {
    const small = generateKeyPairSync('rsa', { modulusLength: 1024 })
    const pss = generateKeyPairSync('rsa-pss', { modulusLength: 2048 })
    const ed = generateKeyPairSync('ed25519')
    expect(onlyMistakeIn({ algorithm: 'RS256', publicKey: small.publicKey })).to.include('1024 bits')
    expect(onlyMistakeIn({ algorithm: 'RS256', privateKey: small.privateKey })).to.include('1024 bits')
    expect(onlyMistakeIn({ algorithm: 'RS256', publicKey: ec.publicKey })).to.include('needs an RSA key')
    expect(onlyMistakeIn({ algorithm: 'PS256', publicKey: pss.publicKey })).to.include('of type rsa-pss')
    expect(onlyMistakeIn({ algorithm: 'ES256', publicKey: rsa.publicKey })).to.include('the curve prime256v1')
    expect(onlyMistakeIn({ algorithm: 'ES384', publicKey: ec.publicKey })).to.include('on prime256v1')
    expect(onlyMistakeIn({ algorithm: 'ES256', publicKey: ed.publicKey })).to.include('of type ed25519')
    const jwk = rsa.publicKey.export({ format: 'jwk' })
    expect(onlyMistakeIn({ algorithm: 'RS256', publicKey: { ...jwk, e: 'AQ' } })).to.match(/exponent 1$|cannot be read/)
  })

  it('of one half do not stand for the other', () => {
    const other = generateKeyPairSync('rsa', { modulusLength: 2048 })
    for (const publicKey of [rsa.privateKey, privatePem, rsa.privateKey.export({ format: 'jwk' })]) {
      expect(onlyMistakeIn({ algorithm: 'RS256', publicKey })).to.include('publicKey holds a private key')
    }
    expect(onlyMistakeIn({ algorithm: 'RS256', privateKey: publicPem })).to.include('cannot be read as a private key')
    expect(onlyMistakeIn({ algorithm: 'RS256', privateKey: rsa.privateKey, publicKey: other.publicKey })).to.include('not the public half')
    expect(onlyMistakeIn({ algorithm: 'HS256', secret, publicKey: publicPem })).to.include('neither publicKey nor privateKey')
    expect(onlyMistakeIn({ algorithm: 'RS256', secret })).to.include('RS256 has no secret')
  })

  it('that cannot be read are a mistake, not an error', () => {
    for (const publicKey of [
      '',
      'garbage',
      '-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----',
      {},
      { kty: 'oct', k: 'AAAA' },
      { kty: 'RSA' },
      42,
      null,
      createSecretKey(secret),
    ]) {
      expect(mistakesIn({ algorithm: 'RS256', publicKey })).to.have.length(1)
      expect(mistakesIn({ algorithm: 'ES256', privateKey: publicKey })).to.have.length(1)
    }
  })

  it('are used as their JWK says', () => {
    const jwk = ec.publicKey.export({ format: 'jwk' })
    for (const wrong of [{ use: 'enc' }, { alg: 'ES384' }, { key_ops: ['sign'] }, { key_ops: [] }, { key_ops: 'verify' }]) {
      expect(onlyMistakeIn({ algorithm: 'ES256', publicKey: { ...jwk, ...wrong } })).to.include('which does not allow to verify with ES256')
    }
  })

  it('have names, each its own, where there are several', () => {
    const keys = (...kids: unknown[]) =>
      mistakesIn(...kids.map((kid) => ({ algorithm: 'HS256', secret: randomBytes(32), ...(kid === undefined ? {} : { kid }) })))
    expect(keys(undefined)).to.deep.equal([])
    expect(keys('a', 'b')).to.deep.equal([])
    expect(keys('a', undefined)).to.deep.equal(['keys[1]: the key has no kid, and there are several keys'])
    expect(keys(undefined, undefined)).to.have.length(2)
    expect(keys('a', 'b', 'a')).to.deep.equal(['keys[2]: two keys have the kid "a"'])
    expect(keys('')).to.deep.equal(['keys[0]: kid is no name'])
    expect(keys(7)).to.deep.equal(['keys[0]: kid is no name'])
  })

  it('of two families, or for two algorithms, are not mixed', () => {
    expect(mistakesIn({ kid: 'a', algorithm: 'HS256', secret }, { kid: 'b', algorithm: 'RS256', publicKey: rsa.publicKey })).to.deep.equal([
      'keys: one issuer has keys of two families: HS256 and RS256',
    ])
    expect(
      mistakesIn({ kid: 'a', algorithm: 'RS256', publicKey: rsa.publicKey }, { kid: 'b', algorithm: 'PS256', publicKey: publicPem }),
    ).to.deep.equal(['keys: one key is used with RS256 and PS256'])
    expect(
      mistakesIn({ kid: 'a', algorithm: 'RS256', publicKey: rsa.publicKey }, { kid: 'b', algorithm: 'ES256', publicKey: ec.publicKey }),
    ).to.deep.equal(['keys: one issuer has keys of two families: RS256 and ES256'])
  })

  it('with several mistakes show them all', () => {
    expect(mistakesIn({ algorithm: 'HS256', secret: 'secret' }, { algorithm: 'none' }, undefined, 'RS256').length).to.be.at.least(6)
  })

  it('sign with their private half', () => {
    const key = signingKey({ algorithm: 'ES256', privateKey: ec.privateKey.export({ format: 'jwk' }), kid: 'a' }, 'key', ({ problem }) =>
      expect.fail(problem),
    )
    expect(key).to.include({ kid: 'a', algorithm: 'ES256' })
    expect(key?.key.type).to.equal('private')
  })
})
