import { createPrivateKey } from 'node:crypto'
import { expect } from 'chai'
import { calculateJwkThumbprint } from 'jose'
import { algorithms } from '../../lib/authentication/algorithms.js'
import { bearer } from '../../lib/authentication/bearer.js'
import type { Jwk } from '../../lib/authentication/key-material.js'
import type { KeyOptions } from '../../lib/authentication/keys.js'
import { keysOfSet } from '../../lib/authentication/own-keys.js'
import { tokenIssuer } from '../../lib/authentication/token-issuer.js'
import { called, printed } from './called.js'

const issuer = 'https://auth.test'
const audience = 'https://api.test'

/** Whom a token is of that one key signs and the other verifies. */
async function subjectThrough(signing: KeyOptions, verifying: KeyOptions): Promise<string> {
  const { token } = tokenIssuer({ issuer, audience, key: signing }).issue({ sub: 'alice' })
  const { verifier, mistakes } = bearer({ issuer, audience, keys: [verifying] })
  expect(mistakes).to.deep.equal([])
  return (await verifier.verify(token, Date.now())).id
}

async function generated(...words: readonly string[]): Promise<{ readonly keys: readonly Jwk[] }> {
  return JSON.parse(await printed(['keys', 'generate', ...words])) as { readonly keys: readonly Jwk[] }
}

describe('portcullis keys generate', () => {
  it('makes for each algorithm a key that signs what it verifies', async () => {
    for (const algorithm of algorithms) {
      const set = await generated('--algorithm', algorithm)
      const [key] = keysOfSet(set)
      expect(set.keys).to.have.length(1)
      expect(set.keys[0]).to.include({ alg: algorithm, use: 'sig' })
      expect(await subjectThrough(key, key), algorithm).to.equal('alice')
    }
  })

  it('makes secrets as long as their hash, and RSA keys of 3,072 bits', async () => {
    for (const [algorithm, bytes] of [
      ['HS256', 32],
      ['HS384', 48],
      ['HS512', 64],
    ] as const) {
      const [jwk] = (await generated('--algorithm', algorithm)).keys
      expect(Buffer.from(String(jwk?.['k']), 'base64url')).to.have.length(bytes)
    }
    const [rsa] = (await generated('--algorithm', 'PS256')).keys
    expect(createPrivateKey({ key: rsa ?? {}, format: 'jwk' }).asymmetricKeyDetails?.modulusLength).to.equal(3_072)
  })

  it('names a key pair by its thumbprint, a secret by chance and not by its hash, and both as it is told', async () => {
    const [pair] = (await generated()).keys
    expect(pair).to.include({ alg: 'ES256', crv: 'P-256', kid: await calculateJwkThumbprint(pair ?? {}) })
    const [secret] = (await generated('--algorithm', 'HS256')).keys
    expect(secret?.['kid']).to.match(/^[\w-]{22}$/)
    expect(secret?.['kid']).not.to.equal(await calculateJwkThumbprint(secret ?? {}))
    expect((await generated('--kid', '2026-11')).keys[0]).to.include({ kid: '2026-11' })
  })

  it('says when the key was made', async () => {
    const before = Math.floor(Date.now() / 1_000)
    const [jwk] = (await generated()).keys
    expect(jwk?.['iat']).to.be.within(before, Date.now() / 1_000)
  })

  it('writes a key pair as PEM, whose public half keys publish prints', async () => {
    for (const algorithm of ['ES384', 'RS256', 'PS256', 'EdDSA'] as const) {
      const privateKey = await printed(['keys', 'generate', '--algorithm', algorithm, '--format', 'pem'])
      expect(privateKey).to.match(/^-----BEGIN PRIVATE KEY-----\n[^]*\n-----END PRIVATE KEY-----$/)
      const set = JSON.parse(await printed(['keys', 'publish', '-', '--algorithm', algorithm], { input: privateKey })) as {
        keys: readonly [Jwk]
      }
      expect(Object.keys(set.keys[0])).not.to.include.members(['d'])
      expect(await subjectThrough({ algorithm, privateKey }, { algorithm, publicKey: set.keys[0] }), algorithm).to.equal('alice')
    }
  })

  it('writes a secret as a text that is as good in the environment of an API', async () => {
    const secret = await printed(['keys', 'generate', '--algorithm', 'HS512', '--format', 'text'])
    expect(secret).to.match(/^[\w-]{86}$/)
    expect(await subjectThrough({ algorithm: 'HS512', secret }, { algorithm: 'HS512', secret })).to.equal('alice')
  })

  it('writes a JWK on one line', async () => {
    const line = await printed(['keys', 'generate', '--format', 'jwk'])
    expect(line).not.to.include('\n')
    const privateKey = JSON.parse(line) as Jwk
    expect(await subjectThrough({ algorithm: 'ES256', privateKey }, { algorithm: 'ES256', privateKey })).to.equal('alice')
  })

  it('says of the key on the error stream that it is secret, and nothing that is', async () => {
    for (const algorithm of ['HS256', 'ES256']) {
      const { output, said } = await called(['keys', 'generate', '--algorithm', algorithm, '--kid', 'mine'])
      const [jwk] = (JSON.parse(output) as { keys: readonly Jwk[] }).keys
      expect(said).to.include('"mine" is secret')
      expect(said).not.to.include(String(jwk?.['d'] ?? jwk?.['k']))
    }
  })

  it('refuses algorithms and forms that it does not know, or that do not go together', async () => {
    const wrong = [
      ['--algorithm', 'es256'],
      ['--algorithm', 'none'],
      ['--format', 'der'],
      ['--format', 'text'],
      ['--algorithm', 'HS256', '--format', 'pem'],
    ]
    for (const words of wrong) {
      const { exitCode, output, said } = await called(['keys', 'generate', ...words])
      expect([exitCode, output], words.join(' ')).to.deep.equal([2, ''])
      expect(said).to.match(/^portcullis keys generate: --(?:algorithm|format) .* is /)
    }
  })
})
