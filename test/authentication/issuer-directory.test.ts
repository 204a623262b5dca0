import crypto, { createHmac, createSign, generateKeyPairSync, randomBytes } from 'node:crypto'
import { expect } from 'chai'
import * as fc from 'fast-check'
import { bearer } from '../../lib/authentication/bearer.js'
import { keycloakClaims, standardClaims } from '../../lib/authentication/claims-reader.js'
import type { IssuerOptions } from '../../lib/authentication/issuer.js'
import { IssuerDirectory } from '../../lib/authentication/issuer-directory.js'
import type { TokenJudge, TokenVerifier } from '../../lib/authentication/verifier.js'
import { TokenRefused } from '../../lib/authentication/verifier.js'
import type { Identity } from '../../lib/context.js'
import { Unavailable } from '../../lib/errors.js'
import { goodClaims, goodHeader, now, rsa, seconds, segment, signed, verdict } from './forge.js'

const own = 'https://own.test'
const partner = 'https://partner.test'
const ownSecret = randomBytes(32)
const partnerSecret = randomBytes(32)
const ownIssuer: IssuerOptions = { issuer: own, audience: 'orders', keys: [{ kid: 'one', algorithm: 'HS256', secret: ownSecret }] }
const partnerIssuer: IssuerOptions = {
  issuer: partner,
  audience: 'orders',
  keys: [{ kid: 'one', algorithm: 'HS256', secret: partnerSecret }],
}

const tokenOf = (iss: unknown, secret: Uint8Array, more: object = {}, header: object = {}) =>
  signed({ ...goodHeader, ...header }, { ...goodClaims, aud: 'orders', iss, ...more }, secret)

function directoryOf(issuers: readonly IssuerOptions[], options: object = {}): TokenVerifier {
  const { verifier, mistakes } = bearer({ issuers, ...options })
  if (mistakes.length > 0) throw new TypeError(JSON.stringify(mistakes))
  return verifier
}

const both = (options: object = {}) => directoryOf([ownIssuer, partnerIssuer], options)

/** Verifies whatever it is shown, and remembers it. */
function asking() {
  const asked: string[] = []
  const identity = { id: 'opaque', kind: 'user', issuer: 'https://opaque.test' } as unknown as Identity
  const verifier: TokenVerifier = { verify: (token) => (asked.push(token), identity) }
  return { asked, verifier, identity }
}

describe('several issuers', () => {
  it('each vouch for their own callers', () => {
    const verifier = both()
    expect(verifier.verify(tokenOf(own, ownSecret), now)).to.include({ id: 'alice', issuer: own })
    expect(verifier.verify(tokenOf(partner, partnerSecret), now)).to.include({ id: 'alice', issuer: partner })
  })

  it('never have their keys used for one another, whatever the keys are called', () => {
    const verifier = both()
    expect(verdict(verifier, tokenOf(own, partnerSecret))).to.equal('bad-signature')
    expect(verdict(verifier, tokenOf(partner, ownSecret))).to.equal('bad-signature')
    const named = directoryOf([ownIssuer, { ...partnerIssuer, keys: [{ kid: 'two', algorithm: 'HS256', secret: partnerSecret }] }])
    expect(verdict(named, tokenOf(partner, partnerSecret, {}, { kid: 'two' }))).to.equal('accepted')
    expect(verdict(named, tokenOf(own, partnerSecret, {}, { kid: 'two' }))).to.equal('unknown-key')
    expect(verdict(named, tokenOf(partner, ownSecret))).to.equal('unknown-key')
  })

  it('never have their algorithms used for one another', () => {
    const verifier = directoryOf([
      { issuer: own, audience: 'orders', keys: [{ kid: 'one', algorithm: 'RS256', publicKey: rsa.publicKey }] },
      partnerIssuer,
    ])
    const publicForms = [
      rsa.publicKey.export({ format: 'pem', type: 'spki' }),
      rsa.publicKey.export({ format: 'der', type: 'spki' }),
      Buffer.from(rsa.publicKey.export({ format: 'jwk' }).n ?? '', 'base64url'),
    ]
    for (const form of publicForms) {
      expect(verdict(verifier, tokenOf(own, Buffer.from(form)))).to.equal('wrong-algorithm')
      expect(verdict(verifier, tokenOf(partner, Buffer.from(form)))).to.equal('bad-signature')
    }
    expect(verdict(verifier, tokenOf(own, partnerSecret))).to.equal('wrong-algorithm')
    const input = `${segment({ ...goodHeader, alg: 'RS256' })}.${segment({ ...goodClaims, aud: 'orders', iss: partner })}`
    expect(verdict(verifier, `${input}.${createSign('sha256').update(input).sign(rsa.privateKey, 'base64url')}`)).to.equal(
      'wrong-algorithm',
    )
  })

  it('are found by nothing but their exact name', () => {
    const verifier = both()
    const names: unknown[] = [
      ...[undefined, null, '', 0, 1, true, {}, [], [own], [own, partner], { own }, { toString: own }],
      ...[
        '__proto__',
        'constructor',
        'toString',
        'hasOwnProperty',
        `${own}/`,
        ` ${own}`,
        own.toUpperCase(),
        `${own},${partner}`,
        `${own}\0`,
      ],
    ]
    for (const iss of names) {
      for (const secret of [ownSecret, partnerSecret])
        expect(verdict(verifier, tokenOf(iss, secret)), JSON.stringify(iss)).to.equal('wrong-issuer')
    }
    const twice = `${JSON.stringify({ ...goodClaims, aud: 'orders', iss: own }).slice(0, -1)},"iss":"${partner}"}`
    expect(verdict(verifier, signed(goodHeader, twice, ownSecret))).to.equal('malformed')
    // The header may name the issuer of an encrypted token (RFC 7519 §5.3); of a signed one the claims alone count.
    expect(verdict(verifier, tokenOf(partner, ownSecret, {}, { iss: own }))).to.equal('bad-signature')
  })

  it('refuse whatever names none of them, without an error', () => {
    const verifier = both()
    fc.assert(
      fc.property(fc.jsonValue(), fc.dictionary(fc.string(), fc.jsonValue()), (iss, more) => {
        expect(verdict(verifier, signed(goodHeader, { ...more, iss }, ownSecret))).to.be.oneOf(['wrong-issuer', 'malformed'])
      }),
    )
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => void expect(verdict(verifier, text)).to.equal('malformed')))
    expect(verdict(directoryOf([]), tokenOf(own, ownSecret))).to.equal('wrong-issuer')
  })

  it('each have rules of their own', () => {
    const verifier = directoryOf([
      { ...ownIssuer, typ: 'at+jwt', clockTolerance: 60 },
      { ...partnerIssuer, audience: 'partners', requireTokenId: false, claims: keycloakClaims() },
    ])
    const access = { client_id: 'shop', roles: ['customer'] }
    expect(verifier.verify(tokenOf(own, ownSecret, access, { typ: 'at+jwt' }), now + 90_000)).to.deep.include({ roles: ['customer'] })
    expect(verdict(verifier, tokenOf(own, ownSecret))).to.equal('wrong-type')
    const theirs = { aud: 'partners', jti: undefined, roles: ['admin'], realm_access: { roles: ['guest'] } }
    expect(verifier.verify(tokenOf(partner, partnerSecret, theirs), now)).to.deep.include({ roles: ['guest'] })
    expect(verdict(verifier, tokenOf(partner, partnerSecret, theirs), now + 60_000)).to.equal('expired')
    expect(verdict(verifier, tokenOf(partner, partnerSecret, { ...theirs, aud: 'orders' }))).to.equal('wrong-audience')
    expect(verdict(verifier, tokenOf(own, ownSecret, { ...access, aud: 'partners' }, { typ: 'at+jwt' }))).to.equal('wrong-audience')
    expect(verdict(verifier, tokenOf(own, ownSecret, { ...access, jti: undefined }, { typ: 'at+jwt' }))).to.equal('no-token-id')
  })

  it('are verified with keys of every family', () => {
    const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const verifier = directoryOf([
      ownIssuer,
      { issuer: partner, audience: 'orders', jwks: { keys: [{ ...ec.publicKey.export({ format: 'jwk' }), kid: 'one' }] } },
    ])
    const input = `${segment({ ...goodHeader, alg: 'ES256' })}.${segment({ ...goodClaims, aud: 'orders', iss: partner })}`
    const signature = createSign('sha256').update(input).sign({ key: ec.privateKey, dsaEncoding: 'ieee-p1363' })
    expect(verdict(verifier, `${input}.${signature.toString('base64url')}`)).to.equal('accepted')
    expect(verdict(verifier, tokenOf(own, ownSecret))).to.equal('accepted')
    const mac = createHmac('sha256', ownSecret).update(input).digest('base64url')
    expect(verdict(verifier, `${input}.${mac}`)).to.equal('bad-signature')
  })

  describe('remember tokens', () => {
    it('apart: a flood of one does not displace those of another', () => {
      const verifier = both({ cache: { size: 2 } })
      const token = tokenOf(own, ownSecret)
      const identity = verifier.verify(token, now)
      for (let index = 0; index < 10; index += 1) void verifier.verify(tokenOf(partner, partnerSecret, { jti: `flood-${index}` }), now)
      expect(verifier.verify(token, now)).to.equal(identity)
      for (let index = 0; index < 10; index += 1) void verifier.verify(tokenOf(own, ownSecret, { jti: `flood-${index}` }), now)
      expect(verifier.verify(token, now)).not.to.equal(identity)
    })

    it('and ask for their times at each request', () => {
      const verifier = both()
      const token = tokenOf(partner, partnerSecret, { nbf: seconds + 10 })
      expect([0, 10_000, 59_999, 60_000].map((later) => verdict(verifier, token, now + later))).to.deep.equal([
        'not-yet-valid',
        'accepted',
        'accepted',
        'expired',
      ])
      expect(verdict(verifier, token, now)).to.equal('not-yet-valid')
    })

    it('whole: the signature of one with the claims of another is neither', () => {
      const verifier = both()
      const [first, second] = [tokenOf(own, ownSecret), tokenOf(partner, partnerSecret)]
      for (const token of [first, second]) expect(verdict(verifier, token)).to.equal('accepted')
      const mixed = (one: string, other: string) => one.slice(0, one.lastIndexOf('.')) + other.slice(other.lastIndexOf('.'))
      expect([verdict(verifier, mixed(first, second)), verdict(verifier, mixed(second, first))]).to.deep.equal([
        'bad-signature',
        'bad-signature',
      ])
    })

    it('not at all where they are told so', () => {
      const verifier = both({ cache: false })
      const token = tokenOf(own, ownSecret)
      expect(verifier.verify(token, now)).not.to.equal(verifier.verify(token, now))
    })
  })

  describe('one of which is asked about its tokens', () => {
    const local = bearer(ownIssuer).verifier as TokenJudge
    const directory = ({ verify }: TokenVerifier) =>
      new IssuerDirectory(
        [
          { issuer: own, verifier: local },
          { issuer: 'https://opaque.test', verifier: { verify, judge: verify } },
        ],
        8_192,
      )

    it('gets what is no JWT, and the JWTs that name it', () => {
      const { asked, verifier, identity } = asking()
      const own = tokenOf('https://opaque.test', partnerSecret)
      for (const token of ['SlAV32hkKG', own]) expect(directory(verifier).verify(token, now)).to.equal(identity)
      expect(asked).to.deep.equal(['SlAV32hkKG', own])
    })

    it('is never shown the tokens of others, good or bad, nor what is too large', () => {
      const { asked, verifier } = asking()
      const several = directory(verifier)
      expect(verdict(several, tokenOf(own, ownSecret))).to.equal('accepted')
      expect(verdict(several, tokenOf(own, partnerSecret))).to.equal('bad-signature')
      expect(verdict(several, tokenOf('https://elsewhere.test', partnerSecret))).to.equal('wrong-issuer')
      expect(verdict(several, tokenOf(undefined, partnerSecret))).to.equal('wrong-issuer')
      expect(verdict(several, 'x'.repeat(8_193))).to.equal('too-large')
      expect(asked).to.deep.equal([])
    })

    it('refuses and fails for itself', async () => {
      const failing = (thrown: Error) => directory({ verify: () => Promise.reject(thrown) })
      for (const thrown of [new TokenRefused('inactive'), new Unavailable()]) {
        const several = failing(thrown)
        expect(await Promise.resolve(several.verify('opaque', now)).catch((caught: unknown) => caught)).to.equal(thrown)
        expect(verdict(several, tokenOf(own, ownSecret))).to.equal('accepted')
      }
    })
  })

  it('refuse the token of a stranger at the cost of a verification: time does not tell which they are', () => {
    const original = crypto.createHmac
    let count = 0
    Object.assign(crypto, { createHmac: (...args: Parameters<typeof original>) => ((count += 1), original(...args)) })
    try {
      const verifier = both()
      for (const token of [
        tokenOf('https://elsewhere.test', ownSecret),
        tokenOf(undefined, ownSecret),
        tokenOf(own, partnerSecret),
        'x.y.z',
        '',
      ]) {
        count = 0
        expect(verdict(verifier, token)).not.to.equal('accepted')
        expect(count).to.equal(1)
      }
    } finally {
      Object.assign(crypto, { createHmac: original })
    }
  })

  it('have names of their own, and one of them at most is asked', () => {
    const problemsOf = (...issuers: IssuerOptions[]) => bearer({ issuers }).mistakes.map(({ place, problem }) => `${place}: ${problem}`)
    expect(problemsOf(ownIssuer, partnerIssuer)).to.deep.equal([])
    expect(problemsOf(ownIssuer, { ...partnerIssuer, issuer: own })).to.deep.equal([
      `authentication.issuers: two issuers are called "${own}"`,
    ])
    const introspection = { endpoint: 'https://opaque.test/introspect', clientId: 'api', clientSecret: 'a secret' }
    const asked = (issuer: string): IssuerOptions => ({ issuer, audience: 'orders', introspection })
    expect(problemsOf(ownIssuer, asked('https://a.test'))).to.deep.equal([])
    expect(problemsOf(asked('https://a.test'), asked('https://b.test'))).to.deep.equal([
      'authentication.issuers: two issuers have tokens that only they can read',
    ])
    expect(problemsOf(ownIssuer, { ...partnerIssuer, audience: '', claims: standardClaims(), keys: [] })).to.deep.equal([
      'authentication.issuers[1].audience: audience is empty: tokens meant for others would be taken',
      'authentication.issuers[1].keys: there is no key to verify tokens with',
    ])
  })
})
