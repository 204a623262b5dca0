import { createSign, generateKeyPairSync, randomBytes } from 'node:crypto'
import { expect } from 'chai'
import { bearer } from '../../lib/authentication/bearer.js'
import type { IssuerOptions } from '../../lib/authentication/issuer.js'
import type { KeyOptions } from '../../lib/authentication/keys.js'
import type { TokenVerifier } from '../../lib/authentication/verifier.js'
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
  secret,
  segment,
  sign,
  signed,
  verdict,
  verifierOf,
} from './forge.js'

const problemsOf = (options: Partial<IssuerOptions>) => bearer({ issuer, audience, ...options }).mistakes.map(({ problem }) => problem)

/** A verifier with these keys and no others. */
function verifierWith(...keys: KeyOptions[]): TokenVerifier {
  return verifierOf({ keys })
}

/** A token with a right signature by the RSA or the EC key. */
function signedBy(alg: string, key: 'rsa' | 'ec', padding: object = {}): string {
  const input = `${segment({ ...goodHeader, alg })}.${segment(goodClaims)}`
  const options = key === 'ec' ? { key: ec.privateKey, dsaEncoding: 'ieee-p1363' as const } : { key: rsa.privateKey, ...padding }
  return `${input}.${createSign('sha256').update(input).sign(options).toString('base64url')}`
}

const pss = { padding: 6, saltLength: 32 }

describe('the best practices of RFC 8725', () => {
  describe('of verifying', () => {
    it('RFC 8725 §3.1: an issuer has a list of algorithms, and takes no other', () => {
      const jwks = { keys: [ec.publicKey.export({ format: 'jwk' })] }
      expect(problemsOf({ jwks })).to.deep.equal([])
      expect(problemsOf({ jwks, algorithms: ['ES384'] })).to.deep.equal(['there is no key to verify tokens with'])
      expect(problemsOf({ keys: [hmacKey], algorithms: ['HS512'] })).to.deep.equal(['a key is for HS256, which is not among them'])
      expect(problemsOf({ keys: [hmacKey], algorithms: ['HS256', 'ES256'] })).to.deep.equal([
        'one issuer has keys of two families: HS256 and ES256',
      ])
    })

    it('RFC 8725 §3.1: a key has exactly one algorithm', () => {
      const ofRs256 = verifierWith({ kid: 'one', algorithm: 'RS256', publicKey: rsa.publicKey })
      const ofPs256 = verifierWith({ kid: 'one', algorithm: 'PS256', publicKey: rsa.publicKey })
      const verdicts = (token: string) => [verdict(ofRs256, token), verdict(ofPs256, token)]
      expect(verdicts(signedBy('RS256', 'rsa'))).to.deep.equal(['accepted', 'wrong-algorithm'])
      expect(verdicts(signedBy('PS256', 'rsa', pss))).to.deep.equal(['wrong-algorithm', 'accepted'])
      // The signature fits the key, and the name of the algorithm does not.
      expect(verdicts(signedBy('RS256', 'rsa', pss))).to.deep.equal(['bad-signature', 'wrong-algorithm'])
    })

    it('RFC 8725 §2.1, §3.1: a public key is no secret', () => {
      const verifier = verifierWith({ kid: 'one', algorithm: 'ES256', publicKey: ec.publicKey })
      const { x = '', y = '' } = ec.publicKey.export({ format: 'jwk' })
      const point = Buffer.concat([Buffer.from([4]), Buffer.from(x, 'base64url'), Buffer.from(y, 'base64url')])
      const forms = [ec.publicKey.export({ format: 'pem', type: 'spki' }), ec.publicKey.export({ format: 'der', type: 'spki' }), point]
      for (const form of forms) {
        for (const alg of ['HS256', 'ES256']) {
          expect(verdict(verifier, signed({ ...goodHeader, alg }, goodClaims, Buffer.from(form)))).not.to.equal('accepted')
        }
      }
    })

    it('RFC 8725 §3.2: there is no algorithm none, not even on a list', () => {
      const listed = bearer({ issuer, audience, keys: [hmacKey], algorithms: ['none'] as never })
      expect(listed.mistakes.map(({ problem }) => problem)).to.deep.equal(['"none" is no algorithm for tokens'])
      for (const alg of ['none', 'None', 'nOnE']) {
        const input = `${segment({ ...goodHeader, alg })}.${segment(goodClaims)}`
        for (const token of [`${input}.`, `${input}.AA`, sign(input)]) {
          expect(verdict(verifierOf(), token), token).to.be.oneOf(['malformed', 'wrong-algorithm'])
          expect(verdict(listed.verifier, token), token).to.be.oneOf(['malformed', 'wrong-algorithm'])
        }
      }
    })

    it('RFC 8725 §3.3: whatever is signed and was changed refuses the whole', () => {
      const [header = '', claims = '', signature = ''] = goodToken.split('.')
      const otherHeader = segment({ ...goodHeader, typ: 'at+jwt' })
      const otherClaims = segment({ ...goodClaims, sub: 'carol' })
      expect(verdict(verifierOf(), `${otherHeader}.${claims}.${signature}`)).to.equal('bad-signature')
      expect(verdict(verifierOf(), `${header}.${otherClaims}.${signature}`)).to.equal('bad-signature')
      expect(verdict(verifierOf(), signed(goodHeader, goodClaims, randomBytes(32)))).to.equal('bad-signature')
    })

    it('RFC 8725 §3.4: a point beside the curve is no key', () => {
      const jwk = ec.publicKey.export({ format: 'jwk' })
      for (const wrong of [
        { x: jwk.y, y: jwk.x },
        { y: segment(Buffer.alloc(32)) },
        { x: segment(Buffer.alloc(32, 0xff)) },
        { crv: 'P-384' },
      ]) {
        expect(problemsOf({ keys: [{ algorithm: 'ES256', publicKey: { ...jwk, ...wrong } }] })).to.have.length(1)
      }
    })
  })

  describe('of keys', () => {
    it('RFC 8725 §3.5: a secret is random, as long as the hash, and no password', () => {
      const problemsWith = (given: string | Uint8Array) => problemsOf({ keys: [{ algorithm: 'HS256', secret: given }] }).join('; ')
      expect(problemsWith(randomBytes(32))).to.equal('')
      expect(problemsWith(randomBytes(31))).to.include('248 bits')
      for (const password of ['correct horse battery staple correct', 'Password123!Password123!Password123!', 'a'.repeat(64)]) {
        expect(problemsWith(password), password).to.include('can be guessed')
      }
    })

    it('RFC 8725bis: an RSA key can be neither short nor factored', () => {
      const short = generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey
      expect(problemsOf({ keys: [{ algorithm: 'RS256', publicKey: short }] }).join()).to.include('1024 bits')
      expect(problemsOf({ keys: [{ algorithm: 'RS256', publicKey: factorable() }] })).to.deep.equal([
        'the RSA key can be factored: a faulty chip made it (CVE-2017-15361)',
      ])
    })

    it('RFC 8725bis: keys are fetched from no private address that was not named', () => {
      for (const jwksUri of ['https://127.0.0.1/keys', 'https://[::1]/keys', 'https://169.254.169.254/keys', 'http://auth.test/keys']) {
        const places = bearer({ issuer, audience, jwksUri }).mistakes.map(({ place }) => place)
        expect(places, jwksUri).to.deep.equal(['authentication.jwksUri'])
      }
      expect(
        bearer({ issuer, audience, jwksUri: 'https://127.0.0.1/keys', outbound: { privateHosts: ['127.0.0.1'] } }).mistakes,
      ).to.deep.equal([])
    })
  })

  describe('of tokens', () => {
    it('RFC 8725 §3.6: nothing is decompressed: what is encrypted is no token', () => {
      const header = segment({ alg: 'dir', enc: 'A256GCM', zip: 'DEF', kid: 'one' })
      const password = segment({ alg: 'PBES2-HS256+A128KW', enc: 'A128GCM', p2c: 2_147_483_647, p2s: 'AAAA' })
      for (const one of [header, password]) expect(verdict(verifierOf(), `${one}.AAAA.AAAAAAAAAAAAAAAA.AAAA.AAAA`)).to.equal('malformed')
      expect(
        verdict(verifierOf(), signed({ ...goodHeader, zip: 'DEF' }, Buffer.from('eJyrVkosLclQslJQKi1OLVKqBQA7kQZC', 'base64'))),
      ).to.equal('malformed')
    })

    it('RFC 8725 §3.7: texts are in UTF-8', () => {
      const claims = JSON.stringify(goodClaims)
      expect(verdict(verifierOf(), signed(goodHeader, claims.replace('alice', 'Zoë')))).to.equal('accepted')
      for (const bytes of [
        Buffer.from(claims, 'utf16le'),
        Buffer.from(`\uFEFF${claims}`),
        Buffer.from(claims.replace('alice', 'Zoë'), 'latin1'),
      ]) {
        expect(verdict(verifierOf(), signed(goodHeader, bytes))).to.equal('malformed')
      }
    })

    it('RFC 8725 §3.8: keys are those of the issuer, and a caller is the issuer and the subject', () => {
      const other = { ...hmacKey, secret: randomBytes(32) }
      const { verifier } = bearer({
        issuers: [
          { issuer, audience, keys: [hmacKey] },
          { issuer: 'https://other.test', audience, keys: [other] },
        ],
      })
      const byOther = (claims: object) => signed(goodHeader, { ...goodClaims, ...claims }, other.secret)
      expect(verdict(verifier, byOther({}))).to.equal('bad-signature')
      expect(verdict(verifier, byOther({ iss: 'https://elsewhere.test' }))).to.equal('wrong-issuer')
      expect(verifier.verify(byOther({ iss: 'https://other.test' }), now)).to.include({ id: 'alice', issuer: 'https://other.test' })
      expect(verifier.verify(goodToken, now)).to.include({ id: 'alice', issuer })
      for (const sub of [undefined, '', ' ', 7])
        expect(verdict(verifierOf(), signed(goodHeader, { ...goodClaims, sub }))).to.equal('no-subject')
    })

    it('RFC 8725 §3.9: a token is for this API by name', () => {
      expect(problemsOf({ keys: [hmacKey], audience: '' })).to.have.length(1)
      for (const aud of [undefined, 'https://other.test', ['https://other.test'], `${audience}/`, []]) {
        expect(verdict(verifierOf(), signed(goodHeader, { ...goodClaims, aud }))).to.equal('wrong-audience')
      }
    })

    it('RFC 8725 §3.10: a token names its key, and neither brings one along nor says where one is', () => {
      for (const kid of ['../../../../dev/null', "x' UNION SELECT 'secret", '__proto__', 'https://attacker.test/key', 'one\0']) {
        expect(verdict(verifierOf(), signed({ ...goodHeader, kid }, goodClaims)), kid).to.equal('unknown-key')
      }
      const own = {
        jwk: { kty: 'oct', k: secret.toString('base64url') },
        jku: 'https://attacker.test/keys',
        x5u: 'https://attacker.test/x',
        x5c: ['AA'],
      }
      for (const [name, value] of Object.entries(own)) {
        expect(verdict(verifierOf(), signed({ ...goodHeader, [name]: value }, goodClaims)), name).to.equal('unknown-extension')
      }
    })

    it('RFC 8725 §3.11: a token says of what type it is, where a type is asked for', () => {
      const verifier = verifierOf({ typ: 'order+jwt' })
      const typed = (typ: unknown) => verdict(verifier, signed({ ...goodHeader, typ }, goodClaims))
      expect(['order+jwt', 'application/ORDER+JWT'].map(typed)).to.deep.equal(['accepted', 'accepted'])
      expect(['JWT', 'at+jwt', undefined, ''].map(typed)).to.deep.equal(['wrong-type', 'wrong-type', 'wrong-type', 'wrong-type'])
    })

    it('RFC 8725 §3.12: a token of one kind never passes for one of another', () => {
      for (const typ of [
        'dpop+jwt',
        'logout+jwt',
        'secevent+jwt',
        'token-introspection+jwt',
        'oauth-authz-req+jwt',
        'client-authentication+jwt',
      ]) {
        expect(verdict(verifierOf(), signed({ ...goodHeader, typ }, { ...goodClaims, client_id: 'x' })), typ).to.equal('wrong-type')
      }
      // An ID token names the client as its audience, and is of no type of its own.
      expect(verdict(verifierOf({ typ: 'at+jwt' }), goodToken)).to.equal('wrong-type')
      expect(verdict(verifierOf(), signed(goodHeader, { ...goodClaims, aud: 'shop-web', nonce: 'n' }))).to.equal('wrong-audience')
      expect(verdict(verifierOf(), signed(goodHeader, { ...goodClaims, token_use: 'id' }))).to.equal('malformed')
    })

    it('RFC 8725bis §3.14: a token has one spelling', () => {
      const [header = '', claims = '', signature = ''] = goodToken.split('.')
      for (const token of [`${goodToken}=`, ` ${goodToken}`, `${header}.${claims} .${signature}`, `${goodToken}.`, `${header}.${claims}`]) {
        expect(verdict(verifierOf(), token), token).to.equal('malformed')
      }
      const twice = `${JSON.stringify(goodClaims).slice(0, -1)},"sub":"carol"}`
      expect(verdict(verifierOf(), signed(goodHeader, twice))).to.equal('malformed')
      const last = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
      const another = last[last.indexOf(signature.at(-1) ?? '') ^ 1] ?? ''
      expect(verdict(verifierOf(), `${goodToken.slice(0, -1)}${another}`)).to.equal('malformed')
    })
  })
})

/** A modulus as the faulty library made them: a power of 65537 modulo the product of all small primes, so it can be told. */
function factorable() {
  const primes = [2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97, 101, 103, 107, 109, 113]
  const product = [...primes, 127, 131, 137, 139, 149, 151, 157, 163, 167].reduce((all, prime) => all * BigInt(prime), 1n)
  let power = 1n
  for (let times = 0; times < 1_000; times += 1) power = (power * 65_537n) % product
  const start = 2n ** 2_047n
  const modulus = start - (start % product) + product + power
  return { kty: 'RSA', e: 'AQAB', n: Buffer.from(modulus.toString(16), 'hex').toString('base64url') }
}
