import crypto, { createHmac, createSign, generateKeyPairSync, randomBytes } from 'node:crypto'
import { expect } from 'chai'
import * as fc from 'fast-check'
import { standardClaims } from '../../lib/authentication/claims-reader.js'
import { bearer } from '../../lib/authentication/bearer.js'
import type { Identity } from '../../lib/context.js'
import { tokenIssuer } from '../../lib/authentication/token-issuer.js'
import type { KeyOptions } from '../../lib/authentication/keys.js'
import {
  audience,
  ec,
  goodClaims,
  goodHeader,
  goodToken,
  hmacKey,
  issuer,
  now,
  rsa,
  seconds,
  secret,
  segment,
  sign,
  signed,
  verdict,
  verifierOf,
} from './forge.js'

const accessClaims = { ...goodClaims, client_id: 'shop' }
const withHeader = (header: object) => verdict(verifierOf(), signed({ ...goodHeader, ...header }, goodClaims))
const withClaims = (claims: object) => verdict(verifierOf(), signed(goodHeader, { ...goodClaims, ...claims }))
/** Claims as text, for what JSON.stringify does not write. */
const withText = (more: string) => verdict(verifierOf(), signed(goodHeader, `${JSON.stringify(goodClaims).slice(0, -1)},${more}}`))
const without = (name: string) => signed(goodHeader, Object.fromEntries(Object.entries(goodClaims).filter(([one]) => one !== name)))

describe('a verifier of tokens', () => {
  it('gives the identity that the token speaks of', () => {
    const claims = { ...goodClaims, scope: 'orders:read  orders:write', permissions: ['x'] }
    expect(verifierOf().verify(signed(goodHeader, claims), now)).to.deep.equal({
      id: 'alice',
      kind: 'user',
      issuer,
      roles: ['customer'],
      scopes: ['orders:read', 'orders:write'],
      claims,
      tokenId: 'token-1',
      expiresAt: now + 60_000,
      issuedAt: now,
      grants: ['x'],
      keyId: 'one',
      sessionId: undefined,
      proofKey: undefined,
    })
  })

  it('reads roles and scopes from the claims it is told, and calls a client a client', () => {
    const verifier = verifierOf({ claims: standardClaims({ roles: 'groups', scope: 'scp' }) })
    const token = signed(goodHeader, { ...goodClaims, sub: 'warehouse', client_id: 'warehouse', groups: ['ops'], scp: ['orders:read'] })
    expect(verifier.verify(token, now))
      .to.include({ kind: 'client' })
      .and.to.deep.include({ roles: ['ops'], scopes: ['orders:read'] })
  })

  it('refuses a token in which any single character is another', () => {
    const verifier = verifierOf()
    expect(verdict(verifier, goodToken)).to.equal('accepted')
    const characters = fc.constantFrom(...Array.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.= '))
    fc.assert(
      fc.property(fc.nat(goodToken.length - 1), characters, (place, character) => {
        fc.pre(goodToken[place] !== character)
        expect(verdict(verifier, goodToken.slice(0, place) + character + goodToken.slice(place + 1))).not.to.equal('accepted')
      }),
      { numRuns: 1_000 },
    )
  })

  it('refuses any text that is no token, without an error of its own', () => {
    const verifier = verifierOf()
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => void expect(verdict(verifier, text)).to.equal('malformed')))
  })

  it('refuses any header and claims but the right ones, without an error of its own', () => {
    const anything = fc.dictionary(
      fc.constantFrom('alg', 'kid', 'typ', 'iss', 'aud', 'exp', 'sub', 'jti', 'nbf', 'cty', 'roles', 'scope'),
      fc.jsonValue(),
    )
    fc.assert(
      fc.property(
        anything,
        anything,
        (header, claims) => void expect(verdict(verifierOf(), signed(header, claims))).not.to.equal('accepted'),
      ),
    )
    fc.assert(fc.property(anything, (claims) => void expect(verdict(verifierOf(), signed(goodHeader, claims))).not.to.equal('accepted')))
  })

  describe('algorithms', () => {
    it('refuses none in every spelling, with and without a signature', () => {
      for (const alg of ['none', 'None', 'NONE', 'nOnE', '', ' none', 'none\0', null, 0, true, [], ['HS256'], {}, ['none']]) {
        const input = `${segment({ ...goodHeader, alg })}.${segment(goodClaims)}`
        for (const token of [`${input}.`, sign(input), input, `${input}.AA`]) {
          expect(verdict(verifierOf(), token), token).to.be.oneOf(['wrong-algorithm', 'malformed'])
        }
      }
      expect(verdict(verifierOf(), signed({ typ: 'JWT', kid: 'one' }, goodClaims))).to.equal('wrong-algorithm')
    })

    it('refuses an HMAC keyed with the public key of RS256, in every form of that key', () => {
      const verifier = verifierOf({ keys: [{ kid: 'one', algorithm: 'RS256', publicKey: rsa.publicKey }] })
      const forms = [
        rsa.publicKey.export({ format: 'pem', type: 'spki' }),
        rsa.publicKey.export({ format: 'pem', type: 'pkcs1' }),
        rsa.publicKey.export({ format: 'der', type: 'spki' }),
        Buffer.from(JSON.stringify(rsa.publicKey.export({ format: 'jwk' }))),
        Buffer.from(rsa.publicKey.export({ format: 'pem', type: 'spki' }).toString().trim()),
      ]
      for (const form of forms) {
        for (const alg of ['HS256', 'RS256']) {
          expect(verdict(verifier, signed({ ...goodHeader, alg }, goodClaims, Buffer.from(form)))).to.be.oneOf([
            'wrong-algorithm',
            'bad-signature',
          ])
        }
      }
    })

    it('refuses another algorithm of the same key and family', () => {
      const input = `${segment({ ...goodHeader, alg: 'HS512' })}.${segment(goodClaims)}`
      const token = `${input}.${createHmac('sha512', secret).update(input).digest('base64url')}`
      expect(verdict(verifierOf(), token)).to.equal('wrong-algorithm')
      expect(withHeader({ alg: 'hs256' })).to.equal('wrong-algorithm')
    })

    const pairs: Array<
      readonly [KeyOptions['algorithm'], () => { publicKey: KeyOptions['publicKey']; privateKey: KeyOptions['privateKey'] }]
    > = [
      ['RS256', () => rsa],
      ['RS384', () => rsa],
      ['RS512', () => rsa],
      ['PS256', () => rsa],
      ['PS384', () => rsa],
      ['PS512', () => rsa],
      ['ES256', () => ec],
      ['ES384', () => generateKeyPairSync('ec', { namedCurve: 'P-384' })],
      ['ES512', () => generateKeyPairSync('ec', { namedCurve: 'P-521' })],
      ['EdDSA', () => generateKeyPairSync('ed25519')],
      ['Ed25519', () => generateKeyPairSync('ed25519')],
    ]
    for (const [algorithm, pair] of pairs) {
      it(`verifies ${algorithm}, and refuses it changed`, () => {
        const { publicKey, privateKey } = pair()
        const { token } = tokenIssuer({ issuer, audience, key: { algorithm, privateKey: privateKey! }, clock: { now: () => now } }).issue({
          sub: 'alice',
        })
        const verifier = verifierOf({ keys: [{ algorithm, publicKey: publicKey! }] })
        expect(verdict(verifier, token)).to.equal('accepted')
        const [header = '', claims = '', signature = ''] = token.split('.')
        const other = segment({ ...(JSON.parse(Buffer.from(claims, 'base64url').toString()) as object), sub: 'carol' })
        expect(verdict(verifier, `${header}.${other}.${signature}`)).to.equal('bad-signature')
        expect(verdict(verifier, `${header}.${claims}.${signature.slice(4)}`)).to.equal('bad-signature')
        expect(
          verdict(verifier, `${header}.${claims}.${Buffer.alloc(Math.floor((signature.length * 3) / 4)).toString('base64url')}`),
        ).to.equal('bad-signature')
      })
    }

    it('refuses an ECDSA signature in DER', () => {
      const input = `${segment({ alg: 'ES256' })}.${segment(goodClaims)}`
      const der = createSign('sha256').update(input).sign(ec.privateKey).toString('base64url')
      expect(verdict(verifierOf({ keys: [{ algorithm: 'ES256', publicKey: ec.publicKey }] }), `${input}.${der}`)).to.equal('bad-signature')
    })
  })

  describe('keys', () => {
    it('finds a key by nothing but its exact kid', () => {
      for (const kid of [
        'two',
        'ONE',
        'one ',
        '',
        '__proto__',
        'constructor',
        'toString',
        '../../dev/null',
        "one' OR '1'='1",
        null,
        0,
        true,
        ['one'],
        { one: 1 },
      ]) {
        expect(withHeader({ kid }), JSON.stringify(kid)).to.equal('unknown-key')
      }
    })

    it('takes a token without kid only where there is one key', () => {
      const token = signed({ alg: 'HS256' }, goodClaims)
      expect(verdict(verifierOf(), token)).to.equal('accepted')
      expect(verdict(verifierOf({ keys: [hmacKey, { kid: 'two', algorithm: 'HS256', secret: randomBytes(32) }] }), token)).to.equal(
        'unknown-key',
      )
    })

    it('takes no kid for a key that has none', () => {
      const verifier = verifierOf({ keys: [{ algorithm: 'HS256', secret }] })
      expect(verdict(verifier, signed({ alg: 'HS256' }, goodClaims))).to.equal('accepted')
      expect(verdict(verifier, goodToken)).to.equal('unknown-key')
      expect(verdict(verifier, signed({ alg: 'HS256', kid: 'undefined' }, goodClaims))).to.equal('unknown-key')
    })

    it('refuses a token signed with another of its keys than it names', () => {
      const other = randomBytes(32)
      const verifier = verifierOf({ keys: [hmacKey, { kid: 'two', algorithm: 'HS256', secret: other }] })
      expect(verdict(verifier, signed({ ...goodHeader, kid: 'two' }, goodClaims, other))).to.equal('accepted')
      expect(verdict(verifier, signed({ ...goodHeader, kid: 'two' }, goodClaims, secret))).to.equal('bad-signature')
    })

    it('lets the signing key be changed without refusing anybody', () => {
      const old: KeyOptions = { kid: 'old', algorithm: 'HS256', secret: randomBytes(32) }
      const fresh: KeyOptions = { kid: 'fresh', algorithm: 'HS512', secret: randomBytes(64) }
      const clock = { now: () => now }
      const ofOld = tokenIssuer({ issuer, audience, key: old, clock }).issue({ sub: 'alice' }).token
      const ofFresh = tokenIssuer({ issuer, audience, key: fresh, clock }).issue({ sub: 'alice' }).token
      const verdicts = (keys: KeyOptions[]) => [ofOld, ofFresh].map((token) => verdict(verifierOf({ keys }), token))
      expect(verdicts([old])).to.deep.equal(['accepted', 'unknown-key'])
      expect(verdicts([old, fresh])).to.deep.equal(['accepted', 'accepted'])
      expect(verdicts([fresh])).to.deep.equal(['unknown-key', 'accepted'])
    })

    it('never uses a key that the token brings along', () => {
      const own = generateKeyPairSync('rsa', { modulusLength: 2048 })
      const jwk = own.publicKey.export({ format: 'jwk' })
      const verifier = verifierOf({ keys: [{ algorithm: 'RS256', publicKey: rsa.publicKey }] })
      const header = { alg: 'RS256', jwk }
      const input = `${segment(header)}.${segment(goodClaims)}`
      expect(verdict(verifier, `${input}.${createSign('sha256').update(input).sign(own.privateKey).toString('base64url')}`)).to.equal(
        'unknown-extension',
      )
      for (const name of ['jwk', 'jku', 'x5u', 'x5c'])
        expect(withHeader({ [name]: 'https://evil.test/keys' }), name).to.equal('unknown-extension')
    })

    it('refuses everything where no key is fit', () => {
      const empty = Buffer.alloc(0)
      for (const keys of [[], [{ kid: 'one', algorithm: 'HS256', secret: empty } as const]]) {
        const { verifier, mistakes } = bearer({ issuer, audience, keys })
        expect(mistakes).to.have.length(1)
        expect(verdict(verifier, signed(goodHeader, goodClaims, empty))).to.equal('unknown-key')
        expect(verdict(verifier, signed({ alg: 'HS256' }, goodClaims, empty))).to.equal('unknown-key')
      }
    })
  })

  describe('headers', () => {
    it('refuses extensions that it does not know, critical ones in any form', () => {
      for (const crit of [['exp'], ['b64'], [], [''], 'exp', null, {}, [1]])
        expect(withHeader({ crit }), JSON.stringify(crit)).to.equal('unknown-extension')
      expect(withHeader({ b64: false })).to.equal('unknown-extension')
      expect(withHeader({ b64: true })).to.equal('unknown-extension')
    })

    it('compares typ as a media type', () => {
      for (const typ of ['JWT', 'jwt', 'application/JWT']) expect(withHeader({ typ }), typ).to.equal('accepted')
      for (const typ of ['at+jwt', 'AT+JWT', 'Application/At+Jwt']) {
        expect(verdict(verifierOf(), signed({ ...goodHeader, typ }, accessClaims)), typ).to.equal('accepted')
      }
      for (const typ of [
        '',
        'JOSE',
        'dpop+jwt',
        'secevent+jwt',
        'application/',
        'text/jwt',
        'application/application/jwt',
        null,
        1,
        ['JWT'],
      ]) {
        expect(withHeader({ typ }), JSON.stringify(typ)).to.equal('wrong-type')
      }
      expect(verdict(verifierOf(), signed({ alg: 'HS256', kid: 'one' }, goodClaims))).to.equal('accepted')
    })

    it('takes only the types it is told', () => {
      const verifier = verifierOf({ typ: ['application/at+jwt'] })
      expect(verdict(verifier, signed({ ...goodHeader, typ: 'at+JWT' }, accessClaims))).to.equal('accepted')
      expect(verdict(verifier, goodToken)).to.equal('wrong-type')
      expect(verdict(verifier, signed({ alg: 'HS256', kid: 'one' }, goodClaims))).to.equal('wrong-type')
    })

    it('wants of an access token what RFC 9068 §2.2 wants of it', () => {
      const wanted = (claims: object) => verdict(verifierOf({ requireTokenId: false }), signed({ ...goodHeader, typ: 'at+jwt' }, claims))
      expect(wanted(accessClaims)).to.equal('accepted')
      for (const name of ['iat', 'jti', 'client_id']) expect(wanted({ ...accessClaims, [name]: undefined }), name).to.equal('no-client')
      for (const client_id of ['', 1, null, ['shop']]) expect(wanted({ ...accessClaims, client_id })).to.equal('no-client')
    })

    it('refuses a token within a token', () => {
      for (const cty of ['JWT', 'application/jwt', 1]) expect(withHeader({ cty })).to.equal('wrong-type')
    })
  })

  describe('claims', () => {
    it('needs exp, iss, aud, sub and jti', () => {
      expect(verdict(verifierOf(), without('exp'))).to.equal('malformed')
      expect(verdict(verifierOf(), without('iss'))).to.equal('wrong-issuer')
      expect(verdict(verifierOf(), without('aud'))).to.equal('wrong-audience')
      expect(verdict(verifierOf(), without('sub'))).to.equal('no-subject')
      expect(verdict(verifierOf(), without('jti'))).to.equal('no-token-id')
      expect(verdict(verifierOf(), without('iat'))).to.equal('accepted')
    })

    it('does without jti where it is told to', () => {
      const verifier = verifierOf({ requireTokenId: false })
      expect(verifier.verify(without('jti'), now)).to.include({ tokenId: undefined })
      expect(verdict(verifier, signed(goodHeader, { ...goodClaims, jti: 1 }))).to.equal('no-token-id')
    })

    it('takes only finite numbers of this age for times', () => {
      const wrong = ['"9999999999"', 'null', 'true', '[9999999999]', '{}', '1e400', '-1e400', '1e15', '253402300800', `${now}e0`]
      for (const name of ['exp', 'nbf', 'iat']) {
        for (const value of wrong) {
          const rest = JSON.stringify({ ...goodClaims, [name]: undefined }).slice(0, -1)
          expect(verdict(verifierOf(), signed(goodHeader, `${rest},"${name}":${value}}`)), `${name} ${value}`).to.equal('malformed')
        }
      }
      expect(withClaims({ exp: -1 })).to.equal('expired')
      expect(withClaims({ exp: 0 })).to.equal('expired')
      expect(withClaims({ exp: 253_402_300_799 })).to.equal('accepted')
      expect(withClaims({ nbf: -1, iat: -1 })).to.equal('accepted')
      expect(withText('"NaN":0,"nbf":-0')).to.equal('accepted')
    })

    it('ends with exp and begins with nbf and iat, to the millisecond', () => {
      const token = signed(goodHeader, { ...goodClaims, nbf: seconds + 10.5, exp: seconds + 20.25 })
      const at = (milliseconds: number) => verdict(verifierOf(), token, now + milliseconds)
      expect([10_499, 10_500, 20_249, 20_250].map(at)).to.deep.equal(['not-yet-valid', 'accepted', 'accepted', 'expired'])
      expect(verdict(verifierOf(), goodToken, now - 1)).to.equal('not-yet-valid')
    })

    it('is as tolerant as it is told, to the millisecond', () => {
      const verifier = verifierOf({ clockTolerance: 5, cache: false })
      const at = (milliseconds: number) => verdict(verifier, goodToken, now + milliseconds)
      expect([-5_001, -5_000, 64_999, 65_000].map(at)).to.deep.equal(['not-yet-valid', 'accepted', 'accepted', 'expired'])
    })

    it('refuses by a clock that tells no time', () => {
      expect(verdict(verifierOf(), goodToken, Number.NaN)).to.equal('expired')
    })

    it('compares the issuer character by character', () => {
      for (const iss of [issuer.slice(0, -1), `${issuer}/`, issuer.toUpperCase(), '', null, [issuer], { issuer }]) {
        expect(withClaims({ iss }), JSON.stringify(iss)).to.equal('wrong-issuer')
      }
    })

    it('takes an audience that is or contains its own', () => {
      for (const aud of [audience, [audience], ['https://other.test', audience]]) expect(withClaims({ aud })).to.equal('accepted')
      for (const aud of [
        'https://other.test',
        `${audience}/`,
        [],
        [[audience]],
        [audience, 1],
        { 0: audience },
        '',
        null,
        audience.toUpperCase(),
        `${audience} x`,
      ]) {
        expect(withClaims({ aud }), JSON.stringify(aud)).to.equal('wrong-audience')
      }
    })

    it('takes only whole texts for sub and jti', () => {
      for (const value of ['', ' ', 0, 1, null, true, [], ['alice'], {}, '\ud800', 'a\udc00b']) {
        expect(withClaims({ sub: value }), JSON.stringify(value)).to.equal('no-subject')
        expect(withClaims({ jti: value }), JSON.stringify(value)).to.equal('no-token-id')
      }
      expect(withClaims({ sub: '🔑' })).to.equal('accepted')
    })

    it('refuses a token that is bound in a way that it cannot tell, and names the key of one that is bound to a key', () => {
      const jkt = '0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I'
      const unknown = [{ jkt: 'x' }, {}, null, false, [], { jkt: 1 }, { jkt, 'x5t#S256': 'x' }, { 'x5t#S256': 'x' }, { jwk: {} }]
      for (const cnf of unknown) expect(withClaims({ cnf }), JSON.stringify(cnf)).to.equal('sender-constrained')
      const bound = verifierOf().verify(signed(goodHeader, { ...goodClaims, cnf: { jkt } }), now) as Identity
      expect(bound.proofKey).to.equal(jkt)
    })

    it('refuses roles and scopes in a form that it would have to guess, an empty scope too', () => {
      for (const roles of ['admin', null, 1, { 0: 'admin' }, ['admin', 1], [['admin']]])
        expect(withClaims({ roles }), JSON.stringify(roles)).to.equal('malformed')
      for (const scope of [null, 1, {}, [1], '', ' ', [], ['']]) expect(withClaims({ scope }), JSON.stringify(scope)).to.equal('malformed')
    })

    it('says nothing of claims to whoever cannot sign', () => {
      const forged = signed(goodHeader, { ...goodClaims, iss: 'x', exp: 0 }, randomBytes(32))
      expect(verdict(verifierOf(), forged)).to.equal('bad-signature')
    })
  })

  describe('size', () => {
    it('refuses a token that is too large before it is decoded', () => {
      const verifier = verifierOf({ maxTokenBytes: 1_000 })
      const padded = (length: number) => signed(goodHeader, { ...goodClaims, pad: 'x'.repeat(length) })
      const fitting = padded(300)
      expect(verdict(verifierOf({ maxTokenBytes: fitting.length }), fitting)).to.equal('accepted')
      expect(verdict(verifierOf({ maxTokenBytes: fitting.length - 1 }), fitting)).to.equal('too-large')
      expect(verdict(verifier, '.'.repeat(1_001))).to.equal('too-large')
      expect(verdict(verifierOf(), '['.repeat(10_000))).to.equal('too-large')
    })
  })

  describe('the cost of a refusal', () => {
    const original = crypto.createHmac
    let count = 0

    beforeEach(() => {
      count = 0
      Object.assign(crypto, {
        createHmac: (...args: Parameters<typeof original>) => {
          count += 1
          return original(...args)
        },
      })
    })

    afterEach(() => void Object.assign(crypto, { createHmac: original }))

    const refused: Readonly<Record<string, string>> = {
      'an empty one': '',
      'one of other characters': `${goodToken}=`,
      'broken JSON': signed('{', goodClaims),
      'duplicate names': signed(goodHeader, '{"sub":"a","sub":"b"}'),
      'an unknown kid': signed({ ...goodHeader, kid: 'x' }, goodClaims),
      'another algorithm': signed({ ...goodHeader, alg: 'none' }, goodClaims),
      'a critical extension': signed({ ...goodHeader, crit: ['x'] }, goodClaims),
      'a short signature': goodToken.slice(0, -4),
      'a forged one': signed(goodHeader, goodClaims, randomBytes(32)),
      'an expired one': signed(goodHeader, { ...goodClaims, exp: seconds - 1 }),
      'one for another audience': signed(goodHeader, { ...goodClaims, aud: 'x' }),
      'one without subject': without('sub'),
    }
    for (const [name, token] of Object.entries(refused)) {
      it(`is one verification, for ${name}`, () => {
        for (const keys of [[hmacKey], [hmacKey, { kid: 'two', algorithm: 'HS256', secret: randomBytes(32) } as const]]) {
          count = 0
          expect(verdict(verifierOf({ keys }), token)).not.to.equal('accepted')
          expect(count).to.equal(1)
        }
      })
    }

    it('is nothing for a token that is too large', () => {
      expect(verdict(verifierOf(), 'a'.repeat(8_193))).to.equal('too-large')
      expect(count).to.equal(0)
    })

    it('is one verification for a remembered token that has expired', () => {
      const verifier = verifierOf()
      expect([verdict(verifier, goodToken), verdict(verifier, goodToken), count]).to.deep.equal(['accepted', 'accepted', 1])
      expect([verdict(verifier, goodToken, now + 60_000), count]).to.deep.equal(['expired', 2])
    })

    it('is the same each time: refusals are not remembered', () => {
      const verifier = verifierOf()
      const forged = signed(goodHeader, goodClaims, randomBytes(32))
      for (const times of [1, 2, 3]) expect([verdict(verifier, forged), count]).to.deep.equal(['bad-signature', times])
    })
  })
})
