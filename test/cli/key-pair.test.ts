import { createPublicKey } from 'node:crypto'
import { expect } from 'chai'
import { calculateJwkThumbprint } from 'jose'
import type { Algorithm } from '../../lib/authentication/algorithms.js'
import { bearer } from '../../lib/authentication/bearer.js'
import type { Jwk } from '../../lib/authentication/key-material.js'
import { tokenIssuer } from '../../lib/authentication/token-issuer.js'
import { portcullis } from './portcullis.js'

const issuer = 'https://auth.test'
const audience = 'https://api.test'

async function made(...words: readonly string[]) {
  const { status, stdout, stderr } = await portcullis('key-pair', ...words)
  expect(status, stderr).to.equal(0)
  const [secret = '', open = ''] = stdout.split('\n\n')
  return { secret, jwk: JSON.parse(open) as Jwk, stderr }
}

/** Whether what is signed with one half is taken by the other. */
async function subjectThrough(privateKey: string | Jwk, publicKey: Jwk): Promise<string> {
  const { kid, alg } = publicKey as { readonly kid: string; readonly alg: Algorithm }
  const { token } = tokenIssuer({ issuer, audience, key: { kid, algorithm: alg, privateKey } }).issue({ sub: 'alice' })
  const { verifier, mistakes } = bearer({ issuer, audience, keys: [{ kid, algorithm: alg, publicKey }] })
  expect(mistakes).to.deep.equal([])
  return (await verifier.verify(token, Date.now())).id
}

describe('portcullis key-pair', function () {
  this.timeout(60_000)

  it('prints two halves that sign and verify tokens, and nothing private but in the first', async () => {
    await Promise.all(
      ['ES256', 'RS256', 'PS256', 'EdDSA'].map(async (algorithm) => {
        const { secret, jwk, stderr } = await made('--algorithm', algorithm)
        expect(secret).to.match(/^-----BEGIN PRIVATE KEY-----\n[^]*\n-----END PRIVATE KEY-----$/)
        expect(jwk).to.include({ alg: algorithm, use: 'sig' })
        for (const name of ['d', 'p', 'q', 'dp', 'dq', 'qi']) expect(jwk).not.to.have.property(name)
        expect(stderr).to.include('shown only now').and.not.to.include('BEGIN')
        expect(await subjectThrough(secret, jwk), algorithm).to.equal('alice')
        const { modulusLength } = createPublicKey({ key: jwk, format: 'jwk' }).asymmetricKeyDetails ?? {}
        if (modulusLength !== undefined) expect(modulusLength).to.equal(3072)
      }),
    )
  })

  it('prints the private half as a JWK too, on one line', async () => {
    const { secret, jwk } = await made('--format', 'jwk', '--kid', '2026-11')
    const privateJwk = JSON.parse(secret) as Jwk
    expect(secret).not.to.include('\n')
    expect([privateJwk['kid'], jwk['kid']]).to.deep.equal(['2026-11', '2026-11'])
    expect(await subjectThrough(privateJwk, jwk)).to.equal('alice')
  })

  it('names a key by its thumbprint unless it is told a name', async () => {
    const { jwk } = await made()
    expect(jwk).to.include({ alg: 'ES256', crv: 'P-256' })
    expect(jwk['kid']).to.equal(await calculateJwkThumbprint(jwk))
  })

  it('refuses algorithms and forms that it does not know', async () => {
    const wrong = [
      ['--algorithm', 'HS256'],
      ['--algorithm', 'es256'],
      ['--algorithm', 'none'],
      ['--format', 'der'],
    ]
    for (const { status, stdout, stderr } of await Promise.all(wrong.map((words) => portcullis('key-pair', ...words)))) {
      expect([status, stdout]).to.deep.equal([2, ''])
      expect(stderr).to.match(/^portcullis key-pair: --(?:algorithm|format) ".*" is /)
    }
  })
})
