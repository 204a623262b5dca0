import { KeyObject, generateKeyPairSync } from 'node:crypto'
import { createServer } from 'node:http'
import type { RequestListener, Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect } from 'chai'
import * as fc from 'fast-check'
import { SignJWT } from 'jose'
import type { Algorithm } from '../../lib/authentication/algorithms.js'
import { publicAlgorithms } from '../../lib/authentication/algorithms.js'
import { standardClaims } from '../../lib/authentication/claims-reader.js'
import { JwtVerifier } from '../../lib/authentication/jwt-verifier.js'
import { refused } from '../../lib/authentication/verifier.js'
import { RemoteKeys } from '../../lib/authentication/remote-keys.js'
import type { RemoteKeysOptions } from '../../lib/authentication/remote-keys.js'
import { isSignedWith } from '../../lib/authentication/signature.js'
import { Unavailable } from '../../lib/errors.js'
import { outboundFetch } from '../../lib/outbound.js'
import type { OutboundFetch } from '../../lib/outbound.js'

const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const otherEc = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
const ed = generateKeyPairSync('ed25519')

interface Pair {
  readonly publicKey: KeyObject
}

const jwkOf = ({ publicKey }: Pair, more: object = {}) => ({ ...publicKey.export({ format: 'jwk' }), ...more })
const setOf = (...keys: unknown[]) => JSON.stringify({ keys })
const es256 = { alg: 'ES256', kid: 'one' }
const url = 'https://issuer.test/keys'

/** An issuer that answers with whatever stands in `body`, and counts. */
function issuerOf(body: string) {
  const issuer = { body, status: 200, asked: 0, isBroken: false, outbound: undefined as unknown as OutboundFetch }
  issuer.outbound = async () => {
    issuer.asked += 1
    if (issuer.isBroken) throw new Error('no answer')
    return new Response(issuer.body, { status: issuer.status })
  }
  return issuer
}

/** An issuer that answers when it is told to. */
function slowIssuer() {
  const waiting: ((response: Response | Error) => void)[] = []
  const outbound: OutboundFetch = () =>
    new Promise<Response>((resolve, reject) => void waiting.push((one) => (one instanceof Error ? reject(one) : resolve(one))))
  return { waiting, outbound }
}

function keysOf(outbound: OutboundFetch, options: Partial<RemoteKeysOptions> = {}) {
  const clock = { time: 1_700_000_000_000, now: () => clock.time }
  const errors: unknown[] = []
  const onError = (error: unknown) => void errors.push(error)
  const keys = new RemoteKeys({ url, algorithms: ['ES256'], outbound, clock, onError, ...options })
  const find = async (header: object) => {
    const found = await keys.keyFor(header as Record<string, unknown>)
    return typeof found === 'string' ? found : found.kid
  }
  const failure = async (header: object): Promise<unknown> => {
    try {
      return await find(header)
    } catch (thrown) {
      return thrown
    }
  }
  return { keys, clock, errors, find, failure }
}

/** What a set makes of a token that names `one` and the algorithm. */
async function foundIn(body: string, header: object = es256, algorithms: readonly Algorithm[] = ['ES256']): Promise<string | undefined> {
  return keysOf(issuerOf(body).outbound, { algorithms }).find(header)
}

describe('the keys of another issuer', () => {
  it('verify tokens of every algorithm that has a public key', async () => {
    const pairs = new Map<Algorithm, { publicKey: KeyObject; privateKey: KeyObject }>([
      ...(['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'] as const).map((algorithm) => [algorithm, rsa] as const),
      ['ES256', ec],
      ['ES384', generateKeyPairSync('ec', { namedCurve: 'P-384' })],
      ['ES512', generateKeyPairSync('ec', { namedCurve: 'P-521' })],
      ['EdDSA', ed],
      ['Ed25519', ed],
    ])
    expect([...pairs.keys()]).to.have.members([...publicAlgorithms])
    for (const [alg, pair] of pairs) {
      const { keys } = keysOf(issuerOf(setOf(jwkOf(pair, { kid: 'one', alg, use: 'sig', key_ops: ['verify'] }))).outbound, {
        algorithms: [alg],
      })
      const key = await keys.keyFor({ alg, kid: 'one' })
      if (typeof key === 'string') expect.fail(`${alg}: ${key}`)
      const token = await new SignJWT({ sub: 'alice' }).setProtectedHeader({ alg }).sign(pair.privateKey)
      expect(key.key).to.be.instanceOf(KeyObject)
      expect(key, alg).to.include({ kid: 'one', algorithm: alg, signatureLength: token.length - token.lastIndexOf('.') - 1 })
      expect([isSignedWith(key, token), isSignedWith(key, `${token.slice(0, -8)}AAAAAAAA`)], alg).to.deep.equal([true, false])
    }
  })

  it('take Ed25519 under both of its names, as far as they are on the list (RFC 9864)', async () => {
    for (const alg of ['EdDSA', 'Ed25519', undefined]) {
      const body = setOf(jwkOf(ed, { kid: 'one', alg }))
      for (const name of ['EdDSA', 'Ed25519']) expect(await foundIn(body, { alg: name, kid: 'one' }, ['EdDSA', 'Ed25519'])).to.equal('one')
      expect(await foundIn(body, { alg: 'Ed25519', kid: 'one' }, ['EdDSA'])).to.equal('wrong-algorithm')
    }
  })

  it('are there at once, when they are known', async () => {
    const { keys, find } = keysOf(issuerOf(setOf(jwkOf(ec, { kid: 'one' }))).outbound)
    expect(keys.keyFor(es256)).to.be.instanceOf(Promise)
    await find(es256)
    expect(keys.keyFor(es256)).to.include({ kid: 'one' })
    expect(keys.keyFor(es256)).to.equal(keys.keyFor(es256))
    expect(keys.keyFor({ alg: 'ES256', kid: 'two' })).to.equal('unknown-key')
  })

  describe('which', () => {
    it('must be named by the token, or be the only one that fits', async () => {
      expect(await foundIn(setOf(jwkOf(ec)), { alg: 'ES256' })).to.equal(undefined)
      expect(await foundIn(setOf(jwkOf(ec, { kid: 'one' }), jwkOf(rsa, { kid: 'two' })), { alg: 'ES256' }, ['RS256', 'ES256'])).to.equal(
        'one',
      )
      expect(await foundIn(setOf(jwkOf(ec, { kid: 'one' }), jwkOf(otherEc, { kid: 'two' })), { alg: 'ES256' })).to.equal('unknown-key')
      expect(await foundIn(setOf(jwkOf(ec, { kid: 'one' }), jwkOf(otherEc)), { alg: 'ES256' })).to.equal('unknown-key')
      expect(await foundIn(setOf(jwkOf(ec)), es256)).to.equal('unknown-key')
      expect(await foundIn(setOf(), { alg: 'ES256' })).to.equal('unknown-key')
    })

    it('is never found by a name that is none, or by one that every object has', async () => {
      const body = setOf(jwkOf(ec, { kid: 'one' }), jwkOf(otherEc, { kid: 'two' }))
      const names: unknown[] = [
        '__proto__',
        'constructor',
        'toString',
        'hasOwnProperty',
        '',
        'One',
        'one ',
        0,
        null,
        true,
        {},
        [],
        ['one'],
        { toString: 'one' },
      ]
      for (const kid of names) expect(await foundIn(body, { alg: 'ES256', kid }), JSON.stringify(kid)).to.equal('unknown-key')
      const issuer = issuerOf(body)
      const { clock, find } = keysOf(issuer.outbound)
      await find(es256)
      clock.time += 60_000
      for (const kid of [0, null, ['one'], {}]) expect(await find({ alg: 'ES256', kid })).to.equal('unknown-key')
      expect(issuer.asked).to.equal(1)
      for (const kid of ['', 5, null]) {
        expect(await foundIn(setOf(jwkOf(ec, { kid })), { alg: 'ES256' })).to.equal('unknown-key')
        expect(await foundIn(setOf(jwkOf(ec, { kid })), { alg: 'ES256', kid })).to.equal('unknown-key')
      }
      const odd = setOf(...['__proto__', 'constructor'].map((kid) => jwkOf(ec, { kid })))
      for (const kid of ['__proto__', 'constructor']) expect(await foundIn(odd, { alg: 'ES256', kid })).to.equal(kid)
      expect(await foundIn(odd, { alg: 'ES256', kid: 'toString' })).to.equal('unknown-key')
    })

    it('is never used with an algorithm that is not on the list, or not its own (RFC 8725 §3.1)', async () => {
      const { outbound, asked } = issuerOf(setOf(jwkOf(rsa, { kid: 'one' })))
      const { keys } = keysOf(outbound, { algorithms: ['PS256', 'RS256', 'HS256', 'none' as Algorithm] })
      for (const alg of ['HS256', 'RS384', 'ps256', '', 'toString', '__proto__', undefined, null, 5, ['PS256'], {}]) {
        expect(keys.keyFor({ alg, kid: 'one' }), JSON.stringify(alg)).to.equal('wrong-algorithm')
      }
      expect(asked).to.equal(0)
      const body = setOf(jwkOf(rsa, { kid: 'one' }))
      expect(await foundIn(body, { alg: 'PS256', kid: 'one' }, ['PS256', 'RS256'])).to.equal('one')
      expect(await foundIn(body, { alg: 'RS256', kid: 'one' }, ['PS256', 'RS256'])).to.equal('wrong-algorithm')
      expect(await foundIn(setOf(jwkOf(rsa, { kid: 'one', alg: 'RS256' })), { alg: 'PS256', kid: 'one' }, ['PS256', 'RS256'])).to.equal(
        'wrong-algorithm',
      )
      expect(await foundIn(setOf(jwkOf(rsa, { kid: 'one', alg: 'RS512' })), { alg: 'RS256', kid: 'one' }, ['RS256'])).to.equal(
        'unknown-key',
      )
      expect(await foundIn(setOf(jwkOf(rsa, { kid: 'one', alg: 'RSA-OAEP' })), { alg: 'RS256', kid: 'one' }, ['RS256'])).to.equal(
        'unknown-key',
      )
    })

    it('must be fit: strong, public, for signatures, and the only one of its name', async () => {
      const weak = generateKeyPairSync('rsa', { modulusLength: 1024 })
      const message = rsa.publicKey.export({ format: 'jwk' })
      const { d } = ec.privateKey.export({ format: 'jwk' })
      const sets: readonly unknown[][] = [
        [jwkOf(weak, { kid: 'one' })],
        [{ ...message, e: 'AQ', kid: 'one' }],
        [{ kty: 'oct', k: Buffer.alloc(64, 1).toString('base64url'), kid: 'one' }],
        [{ kty: 'oct', k: Buffer.alloc(64, 1).toString('base64url'), kid: 'one', alg: 'HS256' }],
        [jwkOf(ec, { kid: 'one', use: 'enc' })],
        [jwkOf(ec, { kid: 'one', use: '' })],
        [jwkOf(ec, { kid: 'one', key_ops: ['encrypt'] })],
        [jwkOf(ec, { kid: 'one', key_ops: [] })],
        [jwkOf(ec, { kid: 'one', key_ops: 'verify' })],
        [jwkOf(ec, { kid: 'one', d })],
        [jwkOf(ec, { kid: 'one', d: '' })],
        ...['p', 'q', 'dp', 'dq', 'qi', 'k', 'oth', 'priv'].map((name) => [jwkOf(rsa, { kid: 'one', [name]: 'AQAB' })]),
        [jwkOf(ec, { kid: 'one' }), jwkOf(otherEc, { kid: 'one' })],
        [jwkOf(ec, { kid: 'one' }), jwkOf(rsa, { kid: 'one' })],
        [jwkOf(ec, { kid: 'one' }), jwkOf(ec, { kid: 'one' })],
        [jwkOf(ec, { kid: ['one'] })],
        [jwkOf(ec, { kid: 'one', crv: 'P-384' })],
        [jwkOf(ec, { kid: 'one', x: 'AQAB' })],
        [jwkOf(ec, { kid: 'one', x: 5 })],
        [jwkOf(ec, { kid: 'one', kty: 'RSA' })],
        [jwkOf(generateKeyPairSync('ec', { namedCurve: 'secp256k1' }), { kid: 'one' })],
        [jwkOf(generateKeyPairSync('x25519'), { kid: 'one' })],
        [jwkOf(generateKeyPairSync('ed448'), { kid: 'one' })],
        [{ kid: 'one' }],
        [{}],
      ]
      for (const [index, keys] of sets.entries()) {
        for (const alg of ['ES256', 'RS256', 'EdDSA']) {
          const found = await foundIn(setOf(...keys, jwkOf(generateKeyPairSync('ed25519'), { kid: 'good' })), { alg, kid: 'one' }, [
            'RS256',
            'ES256',
            'EdDSA',
          ])
          expect(found, `set ${index}, ${alg}`).to.equal('unknown-key')
        }
      }
      // One of the same name that is for encryption is no rival.
      expect(await foundIn(setOf(jwkOf(ec, { kid: 'one', use: 'sig' }), jwkOf(otherEc, { kid: 'one', use: 'enc' })))).to.equal('one')
    })
  })

  describe('when they are asked for', () => {
    it('are asked for once by many callers at once, and with the first token only', async () => {
      const issuer = issuerOf(setOf(jwkOf(ec, { kid: 'one' })))
      const { find } = keysOf(issuer.outbound)
      expect(issuer.asked).to.equal(0)
      const found = await Promise.all(Array.from({ length: 50 }, () => find(es256)))
      expect([new Set(found), issuer.asked]).to.deep.equal([new Set(['one']), 1])
    })

    it('include a new one after one more question', async () => {
      const issuer = issuerOf(setOf(jwkOf(ec, { kid: 'one' })))
      const { clock, find } = keysOf(issuer.outbound)
      await find(es256)
      issuer.body = setOf(jwkOf(ec, { kid: 'one' }), jwkOf(otherEc, { kid: 'two' }))
      clock.time += 29_999
      expect(await find({ alg: 'ES256', kid: 'two' })).to.equal('unknown-key')
      clock.time += 1
      expect(await Promise.all([find({ alg: 'ES256', kid: 'two' }), find(es256), find({ alg: 'ES256', kid: 'two' })])).to.deep.equal([
        'two',
        'one',
        'two',
      ])
      expect([await find({ alg: 'ES256', kid: 'two' }), issuer.asked]).to.deep.equal(['two', 2])
    })

    it('are asked for once in a cool-down, however many unknown keys are named', async () => {
      for (const isBroken of [false, true]) {
        const issuer = issuerOf(setOf(jwkOf(ec, { kid: 'one' })))
        const { clock, find, errors } = keysOf(issuer.outbound)
        await find(es256)
        issuer.isBroken = isBroken
        for (let round = 1; round <= 3; round += 1) {
          clock.time += 30_000
          const flood = Array.from({ length: 500 }, (_, index) => find({ alg: 'ES256', kid: `unknown-${round}-${index}` }))
          expect(new Set(await Promise.all(flood))).to.deep.equal(new Set(['unknown-key']))
          for (let index = 0; index < 500; index += 1) expect(await find({ alg: 'ES256', kid: `more-${index}` })).to.equal('unknown-key')
          expect([issuer.asked, await find(es256)]).to.deep.equal([1 + round, 'one'])
        }
        expect(errors).to.have.lengthOf(isBroken ? 3 : 0)
      }
    })

    it('are asked for once while the issuer does not answer, and serve those who name a known one', async () => {
      const issuer = slowIssuer()
      const { keys, clock, find } = keysOf(issuer.outbound)
      const first = find(es256)
      issuer.waiting[0]?.(new Response(setOf(jwkOf(ec, { kid: 'one' }))))
      await first
      clock.time += 60_000
      const flood = Array.from({ length: 1_000 }, (_, index) => find({ alg: 'ES256', kid: `unknown-${index}` }))
      clock.time += 60_000
      flood.push(find({ alg: 'ES256', kid: 'another' }))
      expect([issuer.waiting.length, keys.keyFor(es256)]).to.deep.equal([2, keys.keyFor(es256)])
      expect(keys.keyFor(es256)).to.include({ kid: 'one' })
      issuer.waiting[1]?.(new Error('no answer'))
      expect(new Set(await Promise.all(flood))).to.deep.equal(new Set(['unknown-key']))
    })

    it('are unavailable where they could never be had, at once until the cool-down has passed', async () => {
      const issuer = issuerOf(setOf(jwkOf(ec, { kid: 'one' })))
      issuer.isBroken = true
      const { keys, clock, errors, find, failure } = keysOf(issuer.outbound)
      const failures = await Promise.all(Array.from({ length: 20 }, () => failure(es256)))
      for (const one of failures)
        expect(one).to.be.instanceOf(Unavailable).and.to.include({ status: 503, reason: 'jwks-unavailable', cause: errors[0] })
      clock.time += 29_999
      expect(() => keys.keyFor(es256)).to.throw(Unavailable)
      expect([issuer.asked, errors.length]).to.deep.equal([1, 1])
      issuer.isBroken = false
      clock.time += 1
      expect(await find(es256)).to.equal('one')
    })

    it('stay in use while the issuer fails, however long', async () => {
      const issuer = issuerOf(setOf(jwkOf(ec, { kid: 'one' })))
      const { clock, errors, find } = keysOf(issuer.outbound)
      await find(es256)
      const answers: [number, string, boolean][] = [
        [200, '', true],
        [500, '{}', false],
        [404, setOf(jwkOf(otherEc, { kid: 'two' })), false],
        [302, '', false],
        [204, '', false],
        [200, '<!doctype html><title>Sign in</title>', false],
        [200, '', false],
        [200, 'null', false],
        [200, '[]', false],
        [200, '{}', false],
        [200, '{"keys":{}}', false],
        [200, '{"keys":[5]}', false],
        [200, setOf(jwkOf(otherEc, { kid: 'two' })).slice(0, -1), false],
        [200, setOf(...Array.from({ length: 101 }, (_, index) => jwkOf(otherEc, { kid: String(index) }))), false],
      ]
      for (const [index, [status, body, isBroken]] of answers.entries()) {
        Object.assign(issuer, status === 204 ? { isBroken: true } : { status, body, isBroken })
        clock.time += 600_000
        expect(await find(es256), String(index)).to.equal('one')
        expect(await find({ alg: 'ES256', kid: 'two' })).to.equal('unknown-key')
        expect([issuer.asked, errors.length]).to.deep.equal([index + 2, index + 1])
      }
      clock.time += 31_536_000_000
      expect(await find(es256)).to.equal('one')
    })

    it('are gone when the issuer has withdrawn them, once they are old', async () => {
      for (const after of [setOf(jwkOf(otherEc, { kid: 'two' })), setOf()]) {
        const issuer = issuerOf(setOf(jwkOf(ec, { kid: 'one' })))
        const { keys, clock, find } = keysOf(issuer.outbound)
        await find(es256)
        issuer.body = after
        clock.time += 599_999
        expect([await find(es256), issuer.asked]).to.deep.equal(['one', 1])
        clock.time += 1
        // The old ones serve while the new ones are fetched.
        expect(keys.keyFor(es256)).to.include({ kid: 'one' })
        await find({ alg: 'ES256', kid: 'unknown' })
        expect([await find(es256), issuer.asked]).to.deep.equal(['unknown-key', 2])
      }
    })

    it('are not used before they are asked for anew where nobody has asked for long: a withdrawn one could be among them', async () => {
      const issuer = slowIssuer()
      const { keys, clock, find } = keysOf(issuer.outbound)
      const first = find(es256)
      issuer.waiting[0]?.(new Response(setOf(jwkOf(ec, { kid: 'one' }))))
      await first
      clock.time += 1_200_000
      const both = Promise.all([find(es256), find(es256)])
      expect(issuer.waiting).to.have.lengthOf(2)
      issuer.waiting[1]?.(new Response(setOf(jwkOf(otherEc, { kid: 'two' }))))
      expect([await both, issuer.waiting.length]).to.deep.equal([['unknown-key', 'unknown-key'], 2])
      expect(keys.keyFor({ alg: 'ES256', kid: 'two' })).to.include({ kid: 'two' })
    })

    it('take with them what is remembered of tokens, where they are withdrawn, and nothing where they are not', async () => {
      const issuer = slowIssuer()
      const answers = (...keys: unknown[]) => issuer.waiting.at(-1)?.(new Response(setOf(...keys)))
      const { keys, clock } = keysOf(issuer.outbound)
      const [one, two] = [jwkOf(ec, { kid: 'one' }), jwkOf(otherEc, { kid: 'two' })]
      const verifier = new JwtVerifier({
        ...{ issuer: 'https://issuer.test', audiences: ['api'], tolerance: 0, requireTokenId: false, read: standardClaims() },
        ...{ keys, types: new Set(['jwt']), typeRequired: false, maxTokenBytes: 8_192, cacheSize: 10, decoyKey: undefined },
      })
      const claims = { iss: 'https://issuer.test', aud: 'api', sub: 'alice', exp: clock.time / 1_000 + 1e9 }
      const token = await new SignJWT(claims).setProtectedHeader({ alg: 'ES256', kid: 'one', typ: 'JWT' }).sign(ec.privateKey)
      const isAsking = (count: number) => expect(issuer.waiting).to.have.lengthOf(count)
      const first = verifier.judge(token, clock.time)
      answers(one, two)
      const identity = await first
      expect(identity).to.include({ id: 'alice' })
      const rounds = [
        { after: 600_000, set: [one] },
        { after: 600_000, set: [one, two] },
        { after: 31_536_000_000, set: [one, jwkOf(rsa, { kid: 'three' })] },
      ]
      for (const [index, { after, set }] of rounds.entries()) {
        expect(verifier.judge(token, clock.time), 'remembered').to.equal(verifier.judge(token, clock.time))
        clock.time += after
        const again = verifier.judge(token, clock.time)
        isAsking(index + 2)
        answers(...set)
        expect(await again, 'and verified anew').to.include({ id: 'alice' })
        await new Promise(setImmediate)
      }
      expect(verifier.cacheUse.misses, 'at first, once a key had gone, and while the keys were too old to rely on').to.equal(3)
      clock.time += 600_000
      void verifier.judge(token, clock.time)
      answers(two)
      await new Promise(setImmediate)
      expect(verifier.judge(token, clock.time)).to.deep.equal(refused('unknown-key'))
    })

    it('are asked for anew when the clock was set back', async () => {
      const issuer = issuerOf(setOf(jwkOf(ec, { kid: 'one' })))
      const { clock, find } = keysOf(issuer.outbound)
      await find(es256)
      clock.time -= 86_400_000
      issuer.body = setOf()
      await find(es256)
      expect([await find(es256), issuer.asked]).to.deep.equal(['unknown-key', 2])
    })

    it('tell when nothing in them can be used, and survive a log that fails', async () => {
      const { errors, find } = keysOf(issuerOf(setOf(jwkOf(rsa, { kid: 'one' }))).outbound)
      expect(await find(es256)).to.equal('unknown-key')
      expect(String(errors)).to.contain('the key set has no key that can be used')
      const onError = () => {
        throw new Error('the disk is full')
      }
      const issuer = issuerOf(setOf(jwkOf(ec, { kid: 'one' })))
      const { clock, find: findAgain } = keysOf(issuer.outbound, { onError })
      await findAgain(es256)
      issuer.isBroken = true
      clock.time += 700_000
      expect(await findAgain(es256)).to.equal('one')
      expect(await findAgain({ alg: 'ES256', kid: 'unknown' })).to.equal('unknown-key')
    })

    it('survive any header and any document', async () => {
      const { keys, find } = keysOf(issuerOf(setOf(jwkOf(ec, { kid: 'one' }))).outbound)
      await find(es256)
      const anything = fc.record({ alg: fc.oneof(fc.constant('ES256'), fc.jsonValue()), kid: fc.jsonValue() })
      fc.assert(fc.property(anything, (header) => void expect(keys.keyFor(header)).to.be.oneOf(['unknown-key', 'wrong-algorithm'])))
      const member = fc.oneof(fc.constantFrom(...Object.values(jwkOf(ec)), 'sig', 'one', 'ES256'), fc.jsonValue())
      const jwk = fc.dictionary(fc.constantFrom('kty', 'crv', 'x', 'y', 'kid', 'alg', 'use', 'key_ops', '__proto__', 'n', 'e'), member)
      await fc.assert(
        fc.asyncProperty(fc.array(fc.oneof(jwk, fc.jsonValue())), async (all) => {
          const { failure } = keysOf(issuerOf(setOf(...all)).outbound)
          const found = await failure(es256)
          if (found !== 'one' && found !== 'unknown-key') expect(found).to.be.instanceOf(Unavailable)
        }),
      )
    })
  })

  describe('over the network', () => {
    let server: Server
    let answer: RequestListener
    let address: string
    let asked = 0

    before(async () => {
      server = createServer((request, response) => {
        asked += 1
        answer(request, response)
      })
      await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
      address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/keys`
    })

    after(() => {
      server.close()
      server.closeAllConnections()
    })

    const remote = (options: object = {}) => keysOf(outboundFetch({ privateHosts: ['127.0.0.1'], ...options }), { url: address })

    it('are read as JSON, whatever type they are said to have', async () => {
      for (const type of ['application/json', 'application/jwk-set+json', 'text/plain']) {
        answer = ({ headers, method }, response) => {
          expect([method, headers.accept]).to.deep.equal(['GET', 'application/json, application/jwk-set+json'])
          response.writeHead(200, { 'content-type': type }).end(setOf(jwkOf(ec, { kid: 'one' })))
        }
        expect(await remote().find(es256)).to.equal('one')
      }
    })

    it('are unavailable behind redirects, in huge documents, in HTML, in part, and too late', async () => {
      const good = setOf(jwkOf(ec, { kid: 'one' }))
      const answers: RequestListener[] = [
        (_request, response) => void response.writeHead(302, { location: address }).end(good),
        (_request, response) => void response.end(good + ' '.repeat(262_144)),
        (_request, response) => void response.writeHead(200, { 'content-type': 'text/html' }).end('<p>Sign in</p>'),
        (_request, response) => void response.writeHead(200, { 'content-length': good.length + 1 }).write(good, () => response.destroy()),
        (_request, response) => void response.writeHead(500).end(good),
        () => undefined,
      ]
      for (const [index, one] of answers.entries()) {
        answer = one
        asked = 0
        const timeout = index === answers.length - 1 ? 50 : 5_000
        expect(await remote({ timeout }).failure(es256), String(index)).to.be.instanceOf(Unavailable)
        expect(asked).to.equal(1)
      }
    })

    it('are asked for once while the issuer hangs', async () => {
      answer = () => undefined
      asked = 0
      const { keys, failure, errors } = remote({ timeout: 50 })
      const failures = await Promise.all(Array.from({ length: 100 }, (_, index) => failure({ alg: 'ES256', kid: `${index}` })))
      for (const one of failures) expect(one).to.be.instanceOf(Unavailable)
      expect(() => keys.keyFor(es256)).to.throw(Unavailable)
      expect([asked, String(errors)]).to.deep.equal([1, `Error: ${new URL(address).origin} did not answer within 50 ms`])
    })

    it('are never asked for at an address that is not public', async () => {
      asked = 0
      const { errors, failure } = keysOf(outboundFetch(), { url: address.replace('http:', 'https:') })
      expect(await failure(es256)).to.be.instanceOf(Unavailable)
      expect([asked, String(errors)]).to.deep.equal([
        0,
        'Error: 127.0.0.1 is not asked: its address is loopback, and it is not in privateHosts',
      ])
    })
  })
})
