import { randomBytes } from 'node:crypto'
import { expect } from 'chai'
import * as fc from 'fast-check'
import { authentication } from '../../lib/authentication/authentication.js'
import type { AuthenticationServices } from '../../lib/authentication/authentication.js'
import { bearer } from '../../lib/authentication/bearer.js'
import { StoredRevocations } from '../../lib/authentication/revocations.js'
import type { Revocations } from '../../lib/authentication/revocations.js'
import { TokenRefused } from '../../lib/authentication/verifier.js'
import type { TokenVerifier } from '../../lib/authentication/verifier.js'
import { anonymous } from '../../lib/context.js'
import type { Identity } from '../../lib/context.js'
import { ApiError, InvalidToken, Unavailable } from '../../lib/errors.js'
import type { Exchange } from '../../lib/exchange.js'
import { createLogger } from '../../lib/audit/logger.js'
import type { Step } from '../../lib/protection.js'
import { MemoryStateStore } from '../../lib/state/memory-state-store.js'
import { audience, goodClaims, goodHeader, goodToken, hmacKey, issuer, now, seconds, segment, signed } from './forge.js'
import { exchangeWith, principalOf, routeSetup } from './request.js'
import { take } from '../exchange.js'

const clock = { now: () => now }
const challenge = 'Bearer realm="orders"'

const revocationsOf = () => new StoredRevocations(new MemoryStateStore({ clock }), { clock })

function plain(): AuthenticationServices {
  return {
    tokenVerifier: undefined,
    revocations: revocationsOf(),
    state: new MemoryStateStore({ clock }),
    clock,
    logger: createLogger({ silent: true }),
    principalOf,
    isPublic: () => false,
  }
}

/** Revocations that answer what they are told. */
function answering(isRevoked: Revocations['isRevoked']): Revocations {
  return Object.assign(revocationsOf(), { isRevoked })
}

function stepWith(
  services: Partial<AuthenticationServices> = {},
  options = bearer({ issuer, audience, keys: [hmacKey], realm: 'orders' }),
): Step {
  const all = { ...plain(), ...services }
  return authentication(options, all).compile(routeSetup())!
}

/** What the client would see of a refusal. */
function answerOf(step: Step, exchange: Exchange): object {
  const { status, code, title, message, headers, errors, closes } = refusalOf(step, exchange)
  return { status, code, title, message, headers: [...headers], errors, closes, sent: exchange.answerHeaders }
}

function refusalOf(step: Step, exchange: Exchange): ApiError {
  try {
    expect(take(step, exchange)).to.equal(undefined)
  } catch (thrown) {
    expect(thrown).to.be.instanceOf(ApiError)
    return thrown as ApiError
  }
  return expect.fail('it was let through')
}

const bearing = (token: string) => exchangeWith(['Authorization', `Bearer ${token}`])

describe('authentication', () => {
  it('makes the refusal for a reason once, and nobody can change it', () => {
    const step = stepWith()
    const forged = `${goodToken.slice(0, -6)}AAAAAA`
    const [first, other, again] = [forged, 'no.token', forged].map((token) => refusalOf(step, bearing(token)))
    expect(again).to.equal(first)
    expect(first).to.be.frozen.and.include({ reason: 'token-bad-signature' })
    expect(other).to.be.frozen.and.include({ reason: 'token-malformed' })
  })

  it('names the caller, without a promise where nothing is waited for', () => {
    const exchange = bearing(goodToken)
    expect(stepWith()(exchange)).to.equal(undefined)
    expect(exchange.principal).to.include({ id: 'alice', kind: 'user', issuer, tokenId: 'token-1' })
    expect(exchange.answerHeaders).to.deep.equal([])
  })

  it('says how the caller was known, once it is', () => {
    const methodOf = (name: string, identity: Partial<Identity>) => {
      const way = {
        ...{ challenge: undefined, refusal: [], isAmbient: false, bears: () => true },
        identify: () => ({ ...anonymous, id: 'alice', kind: 'user' as const, ...identity }),
      }
      const exchange = exchangeWith([])
      void authentication({ name, mistakes: [], open: () => way }, plain()).compile(routeSetup())?.(exchange)
      return exchange.authentication
    }
    expect(methodOf('bearer', {})).to.equal('bearer')
    expect(methodOf('bearer', { proofKey: 'thumbprint' })).to.equal('dpop')
    expect(methodOf('session', { proofKey: 'thumbprint' })).to.equal('session')
    const refused = bearing('a.b.c')
    refusalOf(stepWith(), refused)
    expect(refused.authentication).to.equal(undefined)
  })

  it('is described in the inventory, on every route that is not public', () => {
    const services = plain()
    const closed = routeSetup()
    const open = routeSetup()
    const options = bearer({ issuer, audience, keys: [hmacKey] })
    expect(authentication(options, { ...services, isPublic: (policy) => policy === open.policy }).compile(closed)).to.be.a('function')
    expect(authentication(options, { ...services, isPublic: (policy) => policy === open.policy }).compile(open)).to.equal(undefined)
    expect([closed.facts.get('authentication'), open.facts.size]).to.deep.equal(['bearer', 0])
    expect(authentication(options, { ...services, isPublic: () => false })).to.include({ name: 'authentication', phase: 'identity' })
  })

  it('lets nobody in where there is no verifier', () => {
    const step = authentication(undefined, plain()).compile(routeSetup())!
    expect(refusalOf(step, bearing(goodToken))).to.include({ status: 401, reason: 'no-authentication' })
  })

  describe('without a token', () => {
    const without: Readonly<Record<string, readonly [Exchange, string]>> = {
      'no header': [exchangeWith(['Host', 'api.test']), 'no-token'],
      'an empty header': [exchangeWith(['Authorization', '']), 'other-scheme'],
      'another scheme': [exchangeWith(['Authorization', 'Basic YWxpY2U6eA==']), 'other-scheme'],
      'a token without scheme': [exchangeWith(['Authorization', goodToken]), 'other-scheme'],
      'a valid token in the query': [exchangeWith([], `access_token=${goodToken}`), 'token-in-query'],
      'a token under another name': [exchangeWith(['X-Access-Token', goodToken, 'Proxy-Authorization', `Bearer ${goodToken}`]), 'no-token'],
    }
    for (const [name, [exchange, reason]] of Object.entries(without)) {
      it(`answers ${name} with 401 and a challenge that names no error`, () => {
        const refusal = refusalOf(stepWith(), exchange)
        expect(refusal).to.include({ status: 401, code: 'unauthenticated', reason })
        expect(refusal.headers).to.deep.equal(['WWW-Authenticate', challenge])
        expect(exchange.principal).to.equal(anonymous)
      })
    }
  })

  describe('with credentials in two ways', () => {
    const twice: Readonly<Record<string, Exchange>> = {
      'two equal headers': exchangeWith(['Authorization', `Bearer ${goodToken}`, 'Authorization', `Bearer ${goodToken}`]),
      'two headers in different cases': exchangeWith([
        'authorization',
        `Bearer ${goodToken}`,
        'Accept',
        '*/*',
        'AUTHORIZATION',
        'Bearer x',
      ]),
      'two schemes': exchangeWith(['Authorization', 'Basic YTpi', 'Authorization', `Bearer ${goodToken}`]),
      'a header and the query': exchangeWith(['Authorization', `Bearer ${goodToken}`], 'a=1&access_token=x'),
      'a header and the query, in disguise': exchangeWith(['Authorization', `Bearer ${goodToken}`], '%61ccess_token=x'),
      'an empty header and the query': exchangeWith(['Authorization', ''], 'access_token=x'),
    }
    for (const [name, exchange] of Object.entries(twice)) {
      it(`answers ${name} with 400 and a challenge`, () => {
        const refusal = refusalOf(stepWith(), exchange)
        expect(refusal).to.include({ status: 400, code: 'malformed-request' })
        expect(refusal.headers[1]).to.match(/^Bearer realm="orders", error="invalid_request", error_description="[^"]+"$/)
        expect(exchange.principal).to.equal(anonymous)
      })
    }
  })

  describe('with a token that is worth nothing', () => {
    const refused: Readonly<Record<string, readonly [token: string, reason: string]>> = {
      'none behind the scheme': ['', 'token-malformed'],
      'an expired one': [signed(goodHeader, { ...goodClaims, exp: seconds }), 'token-expired'],
      'one of the future': [signed(goodHeader, { ...goodClaims, nbf: seconds + 1 }), 'token-not-yet-valid'],
      'a forged one': [signed(goodHeader, goodClaims, randomBytes(32)), 'token-bad-signature'],
      'one for others': [signed(goodHeader, { ...goodClaims, aud: 'x' }), 'token-wrong-audience'],
      'one of others': [signed(goodHeader, { ...goodClaims, iss: 'x' }), 'token-wrong-issuer'],
      'one of an unknown key': [signed({ ...goodHeader, kid: 'x' }, goodClaims), 'token-unknown-key'],
      'one without algorithm': [`${segment({ alg: 'none' })}.${segment(goodClaims)}.AA`, 'token-wrong-algorithm'],
      'a large one': ['a'.repeat(10_000), 'token-too-large'],
      'two in one header': [`${goodToken}, Bearer ${goodToken}`, 'token-malformed'],
      'a revoked one': [signed(goodHeader, { ...goodClaims, jti: 'gone' }), 'token-revoked'],
    }
    const revocations = revocationsOf()
    void revocations.revokeToken({ issuer, tokenId: 'gone', expiresAt: now + 60_000 })

    for (const [name, [token, reason]] of Object.entries(refused)) {
      it(`answers ${name} like any other, and tells the log why`, () => {
        const step = stepWith({ revocations })
        const exchange = bearing(token)
        expect(answerOf(step, exchange)).to.deep.equal({
          status: 401,
          code: 'invalid-token',
          title: 'Invalid access token',
          message: 'The access token is not valid.',
          headers: ['WWW-Authenticate', `${challenge}, error="invalid_token", error_description="The access token is not valid"`],
          errors: undefined,
          closes: false,
          sent: [],
        })
        expect(refusalOf(step, exchange).reason).to.equal(reason)
        expect(exchange.principal).to.equal(anonymous)
      })
    }

    it('answers any other token in the same way', () => {
      const step = stepWith()
      const expected = answerOf(step, bearing(''))
      fc.assert(fc.property(fc.string({ unit: 'binary' }), (token) => void expect(answerOf(step, bearing(token))).to.deep.equal(expected)))
      fc.assert(
        fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.dictionary(fc.string(), fc.jsonValue()), (header, claims) => {
          expect(answerOf(step, bearing(signed({ ...goodHeader, ...header }, { ...goodClaims, jti: undefined, ...claims })))).to.deep.equal(
            expected,
          )
        }),
      )
    })

    it('names the event: a session used too late, a revoked token used again, a failed log-in', () => {
      const eventOf = (token: string) => refusalOf(stepWith({ revocations }), bearing(token)).event
      expect(eventOf(refused['an expired one']![0])).to.equal('session_use_after_expire')
      expect(eventOf(refused['a revoked one']![0])).to.equal('authn_token_reuse')
      expect(eventOf(refused['a forged one']![0])).to.equal('authn_login_fail')
    })
  })

  describe('revocation', () => {
    it('ends a token that is remembered as verified', () => {
      const revocations = revocationsOf()
      const step = stepWith({ revocations })
      expect(step(bearing(goodToken))).to.equal(undefined)
      expect(step(bearing(goodToken))).to.equal(undefined)
      void revocations.revokeToken({ issuer, tokenId: 'token-1', expiresAt: now + 60_000 })
      expect(refusalOf(step, bearing(goodToken)).reason).to.equal('token-revoked')
      expect(refusalOf(step, bearing(goodToken)).reason).to.equal('token-revoked')
    })

    it('is asked for each request, with the identity', () => {
      const asked: unknown[] = []
      const step = stepWith({
        revocations: answering(({ tokenId, id }) => (asked.push([tokenId, id]), false)),
      })
      for (const exchange of [bearing(goodToken), bearing(goodToken)]) void step(exchange)
      expect(asked).to.deep.equal([
        ['token-1', 'alice'],
        ['token-1', 'alice'],
      ])
    })

    it('lets nobody in on an answer that is not false', async () => {
      for (const answer of [undefined, null, 0, '', 'no', true]) {
        const exchange = bearing(goodToken)
        const step = stepWith({ revocations: answering(() => Promise.resolve(answer as boolean)) })
        expect(await outcome(step, exchange)).to.include({ reason: 'token-revoked' })
        expect(exchange.principal).to.equal(anonymous)
      }
    })

    it('that cannot be asked ends the request with 503', async () => {
      const exchange = bearing(goodToken)
      const step = stepWith({ revocations: answering(() => Promise.reject(new Unavailable())) })
      expect(await outcome(step, exchange)).to.be.instanceOf(Unavailable)
      expect(exchange.principal).to.equal(anonymous)
    })
  })

  describe('with services that take their time', () => {
    const identity = bearer({ issuer, audience, keys: [hmacKey] }).verifier.verify(goodToken, now) as Identity
    const later = <T>(value: T) => new Promise<T>((resolve) => setImmediate(resolve, value))

    it('waits for whichever does', async () => {
      const slow: ReadonlyArray<Partial<AuthenticationServices>> = [
        { tokenVerifier: { verify: () => later(identity) } },
        { revocations: answering(() => later(false)) },
        { principalOf: (found) => later(principalOf(found)) },
        {
          tokenVerifier: { verify: () => later(identity) },
          revocations: answering(() => later(false)),
          principalOf: (found) => later(principalOf(found)),
        },
      ]
      for (const services of slow) {
        const exchange = bearing(goodToken)
        const pending = stepWith(services)(exchange)
        expect(pending).to.be.instanceOf(Promise)
        expect(exchange.principal).to.equal(anonymous)
        await pending
        expect(exchange.principal.id).to.equal('alice')
      }
    })

    it('asks a registered verifier for its last word, also where it was made out of ours', () => {
      const strict = Object.assign(Object.create(bearer({ issuer, audience, keys: [hmacKey] }).verifier) as TokenVerifier, {
        verify(): never {
          throw new TokenRefused('inactive')
        },
      })
      expect(refusalOf(stepWith({ tokenVerifier: strict }), bearing(goodToken)).reason).to.equal('token-inactive')
    })

    it('refuses in the same words what a slow verifier refuses', async () => {
      const expected = answerOf(stepWith(), bearing(''))
      for (const thrown of [new TokenRefused('expired'), new InvalidToken('It expired yesterday.', { headers: ['X-Why', 'expired'] })]) {
        for (const verify of [
          () => Promise.reject(thrown),
          (): never => {
            throw thrown
          },
        ]) {
          const refusal = (await outcome(stepWith({ tokenVerifier: { verify } }), bearing(goodToken))) as ApiError
          expect(answerOf(() => refusal, bearing(''))).to.deep.equal(expected)
        }
      }
    })

    it('passes on what a verifier did not mean as a refusal', async () => {
      for (const thrown of [new Unavailable(), new TypeError('broken')]) {
        expect(await outcome(stepWith({ tokenVerifier: { verify: () => Promise.reject(thrown) } }), bearing(goodToken))).to.equal(thrown)
        expect(await outcome(stepWith({ principalOf: () => Promise.reject(thrown) }), bearing(goodToken))).to.equal(thrown)
      }
    })

    it('takes a registered verifier instead of its own, and asks for revocation of a token without id too', async () => {
      const tokenVerifier: TokenVerifier = { verify: () => ({ ...identity, id: 'dora', tokenId: undefined }) }
      const exchange = bearing('opaque')
      expect(await outcome(stepWith({ tokenVerifier }), exchange)).to.equal(undefined)
      expect(exchange.principal.id).to.equal('dora')
      const step = stepWith({ tokenVerifier, revocations: answering(() => true) })
      expect(await outcome(step, bearing('opaque'))).to.include({ reason: 'token-revoked' })
    })
  })
})

/** What a step refused with, sooner or later. */
async function outcome(step: Step, exchange: Exchange): Promise<unknown> {
  try {
    await take(step, exchange)
    return undefined
  } catch (thrown) {
    return thrown
  }
}
