import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { bearer } from '../../lib/authentication/bearer.js'
import type { Jwk } from '../../lib/authentication/key-material.js'
import type { KeyOptions } from '../../lib/authentication/keys.js'
import { keysOfSet } from '../../lib/authentication/own-keys.js'
import { Authenticated, Controller, Get, createApi } from '../../lib/index.js'
import type { Context } from '../../lib/index.js'
import { inject } from '../../lib/testing.js'
import { called, printed } from './called.js'

const issuer = 'https://auth.test'
const audience = 'https://api.test'

interface KeySet {
  readonly keys: readonly Jwk[]
}

@Controller('/caller')
class CallerController {
  @Get('/')
  @Authenticated()
  who({ principal }: Context) {
    return { id: principal.id }
  }
}

/** An API that is configured with keys, and asks them for each token. */
function apiWith(keys: { readonly keys: readonly KeyOptions[] } | { readonly jwks: KeySet }) {
  return createApi({
    controllers: [CallerController],
    https: 'off',
    audit: { sinks: [] },
    authentication: bearer({ issuer, audience, ...keys }),
  })
}

async function statusOf(keys: Parameters<typeof apiWith>[0], token: string): Promise<number> {
  const api = apiWith(keys)
  const { status } = await inject(api, { path: '/caller', headers: { authorization: `Bearer ${token}` } })
  await api.close()
  return status
}

const kidsOf = ({ keys }: KeySet) => keys.map(({ kid }) => kid)
const parsed = (text: string) => JSON.parse(text) as KeySet
const rotated = async (set: KeySet, ...words: readonly string[]) =>
  parsed(await printed(['keys', 'rotate', '-', ...words], { input: JSON.stringify(set) }))
const generated = async (...words: readonly string[]) => parsed(await printed(['keys', 'generate', ...words]))

function issued(set: KeySet): Promise<string> {
  const words = ['token', 'issue', '--key-file', '-', '--subject', 'alice', '--issuer', issuer, '--audience', audience]
  return printed(words, { input: JSON.stringify(set) })
}

describe('portcullis keys rotate', () => {
  for (const algorithm of ['ES256', 'EdDSA', 'RS256', 'HS256']) {
    it(`lets an API take the tokens of the old key and of the new one, until the old one is retired (${algorithm})`, async () => {
      const old = await generated('--algorithm', algorithm)
      const both = await rotated(old)
      const alone = await rotated(both, '--step', 'retire')
      const [before, after] = [await issued(old), await issued(both)]
      expect([await statusOf({ keys: keysOfSet(both) }, before), await statusOf({ keys: keysOfSet(both) }, after)]).to.deep.equal([
        200, 200,
      ])
      expect([await statusOf({ keys: keysOfSet(alone) }, before), await statusOf({ keys: keysOfSet(alone) }, after)]).to.deep.equal([
        401, 200,
      ])
      expect(await statusOf({ keys: keysOfSet(old) }, after)).to.equal(401)
    })
  }

  it('refuses no token in three steps, whichever of two neighbouring sets a process has', async () => {
    for (const algorithm of ['ES256', 'HS384']) {
      const old = await generated('--algorithm', algorithm)
      const published = await rotated(old, '--step', 'publish')
      const signing = await rotated(published, '--step', 'sign')
      const retired = await rotated(signing, '--step', 'retire')
      const [first, second] = [kidsOf(old)[0], kidsOf(retired)[0]]
      expect([published, signing, retired].map(kidsOf)).to.deep.equal([[first, second], [second, first], [second]])
      for (const [signs, verifies] of [
        [old, published],
        [published, old],
        [published, signing],
        [signing, published],
        [signing, retired],
        [retired, signing],
      ] as const) {
        expect(
          await statusOf({ keys: keysOfSet(verifies) }, await issued(signs)),
          JSON.stringify([kidsOf(signs), kidsOf(verifies)]),
        ).to.equal(200)
      }
    }
  })

  it('is told by the public halves too, to those who only verify', async () => {
    const old = await generated()
    const both = await rotated(old)
    const jwks = parsed(await printed(['keys', 'publish', '-'], { input: JSON.stringify(both) }))
    for (const member of ['d', 'k']) for (const jwk of jwks.keys) expect(jwk).not.to.have.property(member)
    expect([await statusOf({ jwks }, await issued(old)), await statusOf({ jwks }, await issued(both))]).to.deep.equal([200, 200])
  })

  it('leaves of a key pair that no longer signs the public half, and of one that signs still all', async () => {
    const old = await generated('--algorithm', 'RS256')
    const published = await rotated(old, '--step', 'publish')
    expect(published.keys.map(({ d }) => typeof d)).to.deep.equal(['string', 'string'])
    const signing = await rotated(published, '--step', 'sign')
    expect(Object.keys(signing.keys[1] ?? {}).toSorted()).to.deep.equal(['alg', 'e', 'iat', 'kid', 'kty', 'n', 'use'])
  })

  it('keeps the algorithm, and takes another one of the same family alone', async () => {
    const old = await generated('--algorithm', 'PS256')
    expect((await rotated(old)).keys[0]).to.include({ alg: 'PS256' })
    expect((await rotated(old, '--algorithm', 'PS384', '--kid', 'next')).keys[0]).to.include({ alg: 'PS384', kid: 'next' })
    const { exitCode, said } = await called(['keys', 'rotate', '-', '--algorithm', 'ES256'], { input: JSON.stringify(old) })
    expect(exitCode).to.equal(1)
    expect(said).to.include('two families')
  })

  it('goes on where it was rotated before, within one second', async () => {
    let set = await generated()
    const kids = [...kidsOf(set)]
    for (let round = 0; round < 3; round += 1) {
      set = await rotated(await rotated(set, '--step', 'publish'), '--step', 'sign')
      kids.unshift(kidsOf(set)[0])
      expect(kidsOf(set)).to.deep.equal(kids)
    }
    expect(new Set(kids)).to.have.property('size', 4)
  })

  it('retires no key that signs or is about to', async () => {
    const old = await generated()
    const three = await rotated(await rotated(old), '--step', 'publish')
    const two = await rotated(three, '--step', 'retire')
    expect(kidsOf(two)).to.deep.equal([kidsOf(three)[0], kidsOf(three)[2]])
    expect(kidsOf(await rotated(two, '--step', 'retire'))).to.deep.equal(kidsOf(two))
  })

  it('takes a PEM whose name it is told', async () => {
    const pem = await printed(['keys', 'generate', '--format', 'pem'])
    const set = parsed(await printed(['keys', 'rotate', '-', '--old-kid', '2025'], { input: pem }))
    expect(kidsOf(set)[1]).to.equal('2025')
    expect((await called(['keys', 'rotate', '-'], { input: pem })).said).to.include('has no kid')
  })

  it('refuses what would end in refused tokens, and says what comes first', async () => {
    const old = await generated()
    const published = await rotated(old, '--step', 'publish')
    const open = parsed(await printed(['keys', 'publish', '-'], { input: JSON.stringify(old) }))
    const wrong: ReadonlyArray<readonly [set: unknown, step: readonly string[], said: RegExp]> = [
      [old, ['--step', 'sign'], /--step publish comes first/],
      [published, ['--step', 'publish'], /does not sign yet: --step sign/],
      [published, [], /does not sign yet: --step sign/],
      [open, [], /the first key of FILE cannot sign/],
      [{ keys: [] }, [], /holds no keys/],
      [{ keys: [{ kty: 'oct', k: 'c2VjcmV0', kid: 'a' }] }, [], /would not start with FILE:\n.*48 bits/],
      [{ keys: [...old.keys, ...old.keys] }, [], /two keys have the kid/],
      // A thumbprint can begin with a hyphen.
      [old, [`--kid=${String(kidsOf(old)[0])}`], /would not start with the new set:\n.*two keys have the kid/],
    ]
    for (const [set, step, said] of wrong) {
      const call = await called(['keys', 'rotate', '-', ...step], { input: JSON.stringify(set) })
      expect([call.exitCode, call.output]).to.deep.equal([1, ''])
      expect(call.said).to.match(said)
    }
    expect((await called(['keys', 'rotate', '-', '--step', 'now'], { input: JSON.stringify(old) })).exitCode).to.equal(2)
  })

  it('leaves the file as it was where it could not be changed, and changes it in its place where it is told to', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'portcullis-rotate-'))
    const file = join(directory, 'keys.json')
    try {
      const old = JSON.stringify(await generated())
      writeFileSync(file, old)
      expect((await called(['keys', 'rotate', file, '--out', file])).exitCode).to.equal(1)
      expect((await called(['keys', 'rotate', file, '--step', 'sign', '--out', file, '--force'])).exitCode).to.equal(1)
      expect(readFileSync(file, 'utf8')).to.equal(old)
      await printed(['keys', 'rotate', file, '--out', file, '--force'])
      expect(kidsOf(parsed(readFileSync(file, 'utf8')))).to.have.length(2)
    } finally {
      rmSync(directory, { recursive: true })
    }
  })

  it('publishes no secret', async () => {
    const { exitCode, output, said } = await called(['keys', 'publish', '-'], {
      input: JSON.stringify(await generated('--algorithm', 'HS256')),
    })
    expect([exitCode, output]).to.deep.equal([1, ''])
    expect(said).to.include('has nothing to publish')
  })

  it('publishes nothing of a key that people have added to it', async () => {
    const [jwk] = (await generated()).keys
    const odd = { keys: [{ ...jwk, x5c: ['AA'], priv: 'AA', note: 'ours', key_ops: ['sign', 'verify'] }] }
    const [half] = parsed(await printed(['keys', 'publish', '-'], { input: JSON.stringify(odd) })).keys
    expect(Object.keys(half ?? {}).toSorted()).to.deep.equal(['alg', 'crv', 'iat', 'kid', 'kty', 'use', 'x', 'y'])
  })
})
