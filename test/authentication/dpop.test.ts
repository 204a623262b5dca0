import { createHash, generateKeyPairSync, sign as signBytes } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { expect } from 'chai'
import * as fc from 'fast-check'
import { ProofRefused, proofVerifier } from '../../lib/authentication/dpop.js'
import type { ProofOptions } from '../../lib/authentication/dpop-options.js'
import { normalUrl } from '../../lib/authentication/dpop-url.js'
import { Unavailable } from '../../lib/errors.js'
import { MemoryStateStore } from '../../lib/state/memory-state-store.js'
import type { StateStore } from '../../lib/state/state-store.js'
import { now, seconds, segment, sign } from './forge.js'

const url = 'https://api.test/orders'
const token = 'Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU'
const ath = 'fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo'
const p256 = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const jwkOf = (key: KeyObject) => key.export({ format: 'jwk' }) as Record<string, unknown>
const header = { typ: 'dpop+jwt', alg: 'ES256', jwk: jwkOf(p256.publicKey) }
const claims = { jti: 'proof-1', htm: 'GET', htu: url, iat: seconds }

/** A proof with a right signature over whatever it is given. */
function proof(head: object = {}, body: object = {}, key: KeyObject = p256.privateKey): string {
  const input = `${segment({ ...header, ...head })}.${segment({ ...claims, ...body })}`
  const signature =
    key.asymmetricKeyType === 'ed25519'
      ? signBytes(null, Buffer.from(input), key)
      : signBytes('sha256', Buffer.from(input), { key, dsaEncoding: 'ieee-p1363' })
  return `${input}.${signature.toString('base64url')}`
}

interface Asked {
  readonly options?: ProofOptions
  readonly rawHeaders?: readonly string[]
  readonly accessToken?: string
  readonly method?: string
  readonly url?: string
  readonly time?: number
  readonly state?: StateStore
}

function verifierAt(options: ProofOptions = {}, state: StateStore = new MemoryStateStore({ clock: { now: () => now } }), time = now) {
  return proofVerifier(options, { state, clock: { now: () => time } })
}

/** Why a proof is refused; `accepted` where it is not. */
async function verdict(text: string, asked: Asked = {}): Promise<string> {
  const { rawHeaders = ['DPoP', text], method = 'GET', accessToken } = asked
  const request = { method, rawHeaders, headers: rawHeaders.length === 0 ? {} : { dpop: rawHeaders[1] } }
  try {
    const verifier = verifierAt(asked.options, asked.state, asked.time)
    await verifier.verify({ request, url: asked.url ?? url, ...(accessToken === undefined ? {} : { accessToken }) })
    return 'accepted'
  } catch (thrown) {
    if (thrown instanceof ProofRefused) return thrown.reason
    throw thrown
  }
}

describe('a DPoP proof', () => {
  it('gives the thumbprint of the key that it proves (RFC 7638, RFC 9449 §6.1)', async () => {
    const members = { crv: 'P-256', kty: 'EC', x: header.jwk['x'], y: header.jwk['y'] }
    const expected = createHash('sha256').update(JSON.stringify(members)).digest('base64url')
    const request = { method: 'GET', rawHeaders: ['DPoP', proof()], headers: { dpop: proof() } }
    expect(await verifierAt().verify({ request, url })).to.equal(expected)
  })

  it('is taken with any asymmetric algorithm that its key is for', async () => {
    const ed = generateKeyPairSync('ed25519')
    for (const alg of ['EdDSA', 'Ed25519']) {
      expect(await verdict(proof({ alg, jwk: jwkOf(ed.publicKey) }, {}, ed.privateKey)), alg).to.equal('accepted')
    }
    const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
    expect(await verdict(proof({ alg: 'RS256', jwk: jwkOf(rsa.publicKey) }, {}, rsa.privateKey))).to.equal('accepted')
    expect(await verdict(proof(), { options: { algorithms: ['ES384'] } })).to.equal('wrong-algorithm')
  })

  it('comes once, in one header (RFC 9449 §4.3)', async () => {
    expect(await verdict('', { rawHeaders: [] })).to.equal('missing')
    expect(await verdict('', { rawHeaders: ['DPoP', proof(), 'dpop', proof()] })).to.equal('repeated')
    expect(await verdict(`${proof()}, ${proof()}`)).to.equal('malformed')
  })

  it('is a JWS to the letter, of its own type', async () => {
    for (const text of ['', 'a.b.c', `${proof()}=`, proof().replace('.', '..'), 'x'.repeat(9_000)]) {
      expect(await verdict(text), text.slice(0, 20)).to.equal('malformed')
    }
    for (const typ of ['JWT', 'at+jwt', '', undefined, 1]) expect(await verdict(proof({ typ }))).to.equal('wrong-type')
    for (const typ of ['DPoP+JWT', 'application/dpop+jwt']) expect(await verdict(proof({ typ }))).to.equal('accepted')
    for (const name of ['crit', 'b64', 'jku', 'x5u', 'x5c']) expect(await verdict(proof({ [name]: ['x'] })), name).to.equal('malformed')
  })

  it('is signed with the key that it brings along, and no secret', async () => {
    for (const alg of ['none', 'HS256', 'es256', undefined, ['ES256']]) expect(await verdict(proof({ alg }))).to.equal('wrong-algorithm')
    const other = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    expect(await verdict(proof({ jwk: jwkOf(other.publicKey) }))).to.equal('bad-signature')
    const input = `${segment({ ...header, alg: 'HS256', jwk: { kty: 'oct', k: 'c2VjcmV0' } })}.${segment(claims)}`
    expect(await verdict(sign(input, Buffer.from('secret')))).to.equal('wrong-algorithm')
    expect(await verdict(`${proof().slice(0, -4)}AAAA`)).to.equal('bad-signature')
  })

  it('brings a public key alone, fit for its algorithm', async () => {
    expect(await verdict(proof({ jwk: jwkOf(p256.privateKey) }))).to.equal('unfit-key')
    for (const jwk of [undefined, null, 'x', [], {}, { kty: 'oct', k: 'c2VjcmV0' }, { ...header.jwk, crv: 'P-384' }]) {
      expect(await verdict(proof({ jwk })), JSON.stringify(jwk)).to.equal('unfit-key')
    }
    const weak = generateKeyPairSync('rsa', { modulusLength: 1024 })
    expect(await verdict(proof({ alg: 'RS256', jwk: jwkOf(weak.publicKey) }, {}, weak.privateKey))).to.equal('unfit-key')
  })

  it('is for one method and one address', async () => {
    for (const htm of ['POST', 'get', '', undefined, ['GET']]) expect(await verdict(proof({}, { htm }))).to.equal('wrong-method')
    for (const htu of [
      'https://evil.test/orders',
      'https://api.test/orders/1',
      'http://api.test/orders',
      'https://api.test:8443/orders',
      '',
      undefined,
    ]) {
      expect(await verdict(proof({}, { htu })), String(htu)).to.equal('wrong-url')
    }
    for (const htu of [
      'HTTPS://API.TEST/orders',
      'https://api.test:443/orders',
      'https://api.test/orders?a=1#b',
      'https://api.test/%6Frders',
    ]) {
      expect(await verdict(proof({}, { htu })), htu).to.equal('accepted')
    }
  })

  it('is fresh: from a little in the future to a minute old', async () => {
    const at = (offset: number) => verdict(proof({}, { iat: seconds + offset }))
    expect(await Promise.all([-60, -59.999, 0, 10, 10.001].map(at))).to.deep.equal([
      ...['wrong-time', 'accepted', 'accepted', 'accepted', 'wrong-time'],
    ])
    for (const iat of ['1', null, undefined, 1e300, -1]) expect(await verdict(proof({}, { iat })), String(iat)).to.equal('wrong-time')
  })

  it('names the token that it comes with (RFC 9449 §4.3)', async () => {
    expect(await verdict(proof({}, { ath }), { accessToken: token })).to.equal('accepted')
    for (const wrong of [undefined, '', ath.slice(1), `${ath}=`, ath.toLowerCase(), 1]) {
      expect(await verdict(proof({}, { ath: wrong }), { accessToken: token }), String(wrong)).to.equal('wrong-token')
    }
    expect(await verdict(proof({}, { ath }), { accessToken: `${token}x` })).to.equal('wrong-token')
  })

  it('has an id', async () => {
    for (const jti of ['', 1, null, undefined, 'x'.repeat(257)])
      expect(await verdict(proof({}, { jti })), String(jti)).to.equal('malformed')
  })

  it('is taken once, of twenty at once too, and by its key and id alone', async () => {
    const state = new MemoryStateStore({ clock: { now: () => now } })
    const verdicts = await Promise.all(Array.from({ length: 20 }, () => verdict(proof(), { state })))
    expect(verdicts.filter((one) => one === 'accepted')).to.have.length(1)
    expect(new Set(verdicts)).to.deep.equal(new Set(['accepted', 'replayed']))
    expect(await verdict(proof({}, { jti: 'proof-2' }), { state })).to.equal('accepted')
    const other = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    expect(await verdict(proof({ jwk: jwkOf(other.publicKey) }, {}, other.privateKey), { state })).to.equal('accepted')
  })

  it('is not used up by a request that it is not for', async () => {
    const state = new MemoryStateStore({ clock: { now: () => now } })
    expect(await verdict(proof(), { state, method: 'POST' })).to.equal('wrong-method')
    expect(await verdict(proof(), { state })).to.equal('accepted')
  })

  it('proves nothing while the store does not answer', async () => {
    const state = Object.assign(new MemoryStateStore(), { add: () => Promise.reject(new Unavailable()) })
    const outcome = await verdict(proof(), { state: state as unknown as StateStore }).catch((thrown: unknown) => thrown)
    expect(outcome).to.be.instanceOf(Unavailable)
  })

  describe('with a nonce', () => {
    const options: ProofOptions = { nonce: { secret: 'x'.repeat(32), lifetime: 300 } }
    const nonceAt = (time: number) => verifierAt(options, undefined, time).nonce()

    it('must hold the one that is handed out, or the one before', async () => {
      for (const nonce of [nonceAt(now), nonceAt(now - 300_000)])
        expect(await verdict(proof({}, { nonce }), { options })).to.equal('accepted')
      for (const nonce of [undefined, '', 'x', 'é'.repeat(43), nonceAt(now - 600_000), nonceAt(now + 300_000)]) {
        expect(await verdict(proof({}, { nonce }), { options }), String(nonce)).to.equal('nonce')
      }
    })

    it('is the same on all processes, and another with another secret', () => {
      expect(nonceAt(now)).to.equal(verifierAt(options).nonce())
      expect(nonceAt(now)).not.to.equal(verifierAt({ nonce: { secret: 'y'.repeat(32) } }).nonce())
      expect(verifierAt().nonce()).to.equal(undefined)
    })
  })
})

describe('the address of a proof', () => {
  it('is compared after RFC 3986 §6.2.2', () => {
    expect(normalUrl('HTTPS://Example.COM:443/a/../b/%7euser%2f?x#y')).to.equal('https://example.com/b/~user%2F')
    for (const address of ['/a', 'ftp://a/b', 'https:a', 'https:\\\\a\\b', 'https://u:p@a/b', '', null, 1, 'https://a b/c']) {
      expect(normalUrl(address), String(address)).to.equal(undefined)
    }
  })

  it('is the same however its plain characters are escaped, and another with any other path', () => {
    const path = fc
      .array(fc.constantFrom(...Array.from('abcXYZ019-_~')), { minLength: 1, maxLength: 12 })
      .map((characters) => characters.join(''))
    fc.assert(
      fc.property(path, path, fc.infiniteStream(fc.boolean()), (one, other, escapes) => {
        const escaped = Array.from(one)
          .map((character) => (escapes.next().value === true ? `%${character.codePointAt(0)!.toString(16)}` : character))
          .join('')
        expect(normalUrl(`https://a.test/${escaped}`)).to.equal(normalUrl(`https://a.test/${one}`))
        expect(normalUrl(`https://a.test/${one}`) === normalUrl(`https://a.test/${other}`)).to.equal(one === other)
      }),
    )
  })
})
