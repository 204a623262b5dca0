import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { expect } from 'chai'
import { weaknessOf } from '../lib/weak-secret.js'

const of = (secret: string | Uint8Array) => weaknessOf(typeof secret === 'string' ? Buffer.from(secret) : secret)

describe('the strength of secrets', () => {
  it('is not questioned where they are random, in whatever spelling', () => {
    for (let round = 0; round < 200; round += 1) {
      const bytes = randomBytes(32)
      for (const secret of [
        bytes,
        bytes.toString('base64'),
        bytes.toString('base64url'),
        bytes.toString('hex'),
        `my-secret-${bytes.toString('base64')}`,
      ]) {
        expect(of(secret), String(secret)).to.equal(undefined)
      }
    }
  })

  it('is nothing where they can be guessed, however long', () => {
    for (const secret of [
      'secret'.repeat(20),
      'SECRETsecret'.repeat(20),
      Buffer.alloc(64),
      Buffer.alloc(64, 0xff),
      Buffer.from(Array.from({ length: 64 }, (_, index) => index)),
      Buffer.from(Array.from({ length: 64 }, (_, index) => 255 - index * 2)),
      'abcdefghijklmnopqrstuvwxyz0123456789',
      '0123456789abcdef'.repeat(4),
      'ab'.repeat(100),
      'your-256-bit-secret-your-256-bit-secret',
      'your-512-bit-secret-that-is-long-enough-for-hs512-really-it-is-long-enough',
      'please_change_this_secret_in_production!!',
      'this is a very long secret that nobody will ever guess',
      'SuperSecretPasswordForMyApplication123!',
      'iLikeToWalkMyDogInTheEvening',
      Buffer.from('a very secret key for the application').toString('base64'),
      Buffer.from('a very secret key for the application').toString('hex'),
      '00000000000000000000000000000001',
      '12345678901234567890123456789012',
    ]) {
      expect(of(secret), String(secret)).to.match(/can be guessed/)
    }
  })

  it('is that of a UUID where they are one', () => {
    expect(of('3f2b8c1e-5a7d-4e90-b1c6-2d8f4a6e0c93')).to.match(/UUID/)
    expect(of('3F2B8C1E-5A7D-4E90-B1C6-2D8F4A6E0C93')).to.match(/UUID/)
  })

  it('is nothing where they are the key that everybody may have', () => {
    for (const { publicKey, privateKey } of [
      generateKeyPairSync('rsa', { modulusLength: 2048 }),
      generateKeyPairSync('ec', { namedCurve: 'P-256' }),
    ]) {
      const pem = publicKey.export({ format: 'pem', type: 'spki' }).toString()
      const der = publicKey.export({ format: 'der', type: 'spki' })
      const jwk = JSON.stringify(publicKey.export({ format: 'jwk' }))
      const own = privateKey.export({ format: 'pem', type: 'pkcs8' }).toString()
      for (const secret of [
        pem,
        pem.trim(),
        der,
        der.toString('base64'),
        der.toString('hex'),
        Buffer.from(pem).toString('base64'),
        jwk,
        own,
      ]) {
        expect(of(secret), String(secret)).to.equal('is an asymmetric key')
      }
    }
  })
})
