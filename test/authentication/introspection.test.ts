import { createServer } from 'node:http'
import type { IncomingMessage, Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { inspect } from 'node:util'
import { expect } from 'chai'
import * as fc from 'fast-check'
import type { Fields } from '../../lib/authentication/compact-token.js'
import { IntrospectionVerifier } from '../../lib/authentication/introspection.js'
import type { IntrospectedToken, IntrospectionOptions } from '../../lib/authentication/introspection.js'
import { TokenRefused } from '../../lib/authentication/verifier.js'
import type { TokenRefusal } from '../../lib/authentication/verifier.js'
import { anonymous } from '../../lib/context.js'
import type { Identity } from '../../lib/context.js'
import { Unavailable } from '../../lib/errors.js'
import { outboundFetch } from '../../lib/outbound.js'
import type { OutboundFetch, OutboundInit } from '../../lib/outbound.js'

const issuer = 'https://auth.test'
const audience = 'https://api.test'
const now = 1_700_000_000_000
const seconds = now / 1000
const tolerance = 5_000
const secret = 'a secret: 50% + ü&='
const active = { active: true, iss: issuer, aud: audience, sub: 'alice', token_type: 'Bearer', exp: seconds + 3_600 }

function readIdentity(claims: Fields): IntrospectedToken | TokenRefusal {
  const { sub, exp = seconds + 86_400, nbf = 0 } = claims
  if (typeof sub !== 'string') return 'no-subject'
  const identity: Identity = { ...anonymous, id: sub, kind: 'user', claims }
  return { identity, validity: { from: Number(nbf) * 1000 - tolerance, until: Number(exp) * 1000 + tolerance } }
}

/** An issuer that gives each token the answer that stands in `answers`, and counts. */
function issuerOf(answers: Record<string, unknown> = { good: active }) {
  const calls: { url: string; init: OutboundInit | undefined; form: string }[] = []
  const outbound: OutboundFetch = async (url, init) => {
    const form = init?.body instanceof URLSearchParams ? init.body : new URLSearchParams()
    calls.push({ url: String(url), init, form: String(form) })
    const answer = new Map(Object.entries(answers)).get(form.get('token') ?? '') ?? { active: false }
    return answer instanceof Response ? answer : new Response(typeof answer === 'string' ? answer : JSON.stringify(answer))
  }
  return { answers, calls, outbound }
}

function verifierOf(outbound: OutboundFetch, options: Partial<IntrospectionOptions> = {}): IntrospectionVerifier {
  const endpoint = 'https://auth.test/introspect'
  const client = { clientId: 'the api', clientSecret: secret }
  return new IntrospectionVerifier({
    issuer,
    audience,
    endpoint,
    ...client,
    outbound,
    tolerance,
    maxTokenBytes: 100,
    readIdentity,
    ...options,
  })
}

async function verdictOf(verifier: IntrospectionVerifier, token: string, time = now): Promise<unknown> {
  try {
    return (await verifier.verify(token, time)).id
  } catch (thrown) {
    return thrown instanceof TokenRefused ? thrown.reason : thrown
  }
}

/** What an answer makes of a token. */
const verdictOn = (answer: unknown, options: Partial<IntrospectionOptions> = {}) =>
  verdictOf(verifierOf(issuerOf({ good: answer }).outbound, options), 'good')

describe('a verifier that asks the issuer', () => {
  it('tells how often it knew a token, and how often it had to ask', async () => {
    const verifier = verifierOf(issuerOf().outbound)
    for (let count = 0; count < 3; count += 1) await verifier.verify('good', now)
    expect(verifier.cacheUse).to.deep.equal({ hits: 2, misses: 1 })
  })

  it('asks as RFC 7662 says, with its credentials encoded as RFC 6749 §2.3.1 says', async () => {
    const { outbound, calls } = issuerOf()
    expect(await verdictOf(verifierOf(outbound), 'good')).to.equal('alice')
    const [call] = calls
    expect([call?.url, call?.init?.method, call?.form]).to.deep.equal([
      'https://auth.test/introspect',
      'POST',
      'token=good&token_type_hint=access_token',
    ])
    const { authorization } = Object.fromEntries(new Headers(call?.init?.headers))
    expect(atob(authorization?.replace(/^Basic /, '') ?? '')).to.equal('the+api:a+secret%3A+50%25+%2B+%C3%BC%26%3D')
  })

  it('gives the identity that is read from the answer, which nobody can change', async () => {
    const { outbound } = issuerOf({ good: { ...active, nested: { list: [{}] } } })
    const { claims } = await verifierOf(outbound).verify('good', now)
    expect(claims).to.include({ active: true, sub: 'alice' })
    expect(Object.getPrototypeOf(claims)).to.equal(null)
    const nested = claims['nested'] as { list: object[] }
    for (const one of [claims, nested, nested.list, nested.list[0]]) expect(Object.isFrozen(one)).to.equal(true)
  })

  describe('believes', () => {
    it('nothing but active: true', async () => {
      for (const one of [false, 'true', 1, null, [], [true], {}, 'active', undefined]) {
        expect(await verdictOn({ ...active, active: one }), JSON.stringify(one)).to.equal('inactive')
      }
      for (const one of [{}, { Active: true }, { active: false, sub: 'alice' }, { error: 'invalid_token' }]) {
        expect(await verdictOn(one)).to.equal('inactive')
      }
      expect(await verdictOn('{"__proto__":{"active":true}}')).to.equal('inactive')
    })

    it('no answer for another issuer or audience', async () => {
      for (const iss of ['https://other.test', 'https://auth.test/', '', null, 5, [issuer]]) {
        expect(await verdictOn({ ...active, iss }), JSON.stringify(iss)).to.equal('wrong-issuer')
      }
      for (const aud of ['https://other.test', 'https://api.test/', '', null, 5, [], [null], ['https://other.test'], {}, [[audience]]]) {
        expect(await verdictOn({ ...active, aud }), JSON.stringify(aud)).to.equal('wrong-audience')
      }
      expect(await verdictOn({ ...active, iss: undefined, aud: undefined })).to.equal('alice')
      expect(await verdictOn({ ...active, aud: ['https://other.test', audience] })).to.equal('alice')
      expect(await verdictOn(active, { audience: ['https://other.test', audience] })).to.equal('alice')
    })

    it('in no refresh token, which issuers call active too', async () => {
      expect(await verdictOn({ ...active, aud: undefined, token_type: undefined })).to.equal('wrong-type')
      expect(await verdictOn({ ...active, token_type: undefined })).to.equal('alice')
      for (const type of ['N_A', 'refresh_token', 'mac', '', null, 5, ['Bearer']]) {
        expect(await verdictOn({ ...active, token_type: type }), JSON.stringify(type)).to.equal('wrong-type')
      }
      for (const type of ['bearer', 'BEARER', 'DPoP']) expect(await verdictOn({ ...active, token_type: type })).to.equal('alice')
      for (const use of ['refresh_token', 'id', null, '']) expect(await verdictOn({ ...active, token_use: use })).to.equal('wrong-type')
      for (const use of ['access', 'access_token']) expect(await verdictOn({ ...active, token_use: use })).to.equal('alice')
    })

    it('no token whose time is over, or has not come', async () => {
      expect(await verdictOn({ ...active, exp: seconds - 5 })).to.equal('expired')
      expect(await verdictOn({ ...active, exp: seconds - 4 })).to.equal('alice')
      expect(await verdictOn({ ...active, nbf: seconds + 6 })).to.equal('not-yet-valid')
      expect(await verdictOn({ ...active, nbf: seconds + 5 })).to.equal('alice')
    })

    it('what reads the identity, where that refuses', async () => {
      expect(await verdictOn({ ...active, sub: undefined })).to.equal('no-subject')
      expect(await verdictOn(active, { readIdentity: () => 'sender-constrained' })).to.equal('sender-constrained')
    })

    it('no answer that is none: the token is not refused, the issuer is unavailable', async () => {
      const good = JSON.stringify(active)
      const nested = (depth: number) => `${good.slice(0, -1)},"x":${'['.repeat(depth)}${']'.repeat(depth)}}`
      const refusing = [201, 204, 301, 302, 307, 400, 401, 403, 404, 429, 500, 503]
      const none = ['', 'null', 'true', '[]', `[${good}]`, '"active"', '<p>Sign in</p>', good.slice(1), `${good}x`]
      const answers: unknown[] = [
        ...refusing.map((status) => new Response(status === 204 ? null : good, { status })),
        ...[...none, nested(32), nested(100_000), 'eyJhbGciOiJub25lIn0.e30.'],
        new Response(Buffer.from(good.replace('alice', '\xff'), 'latin1')),
      ]
      for (const [index, answer] of answers.entries()) {
        const failure = await verdictOn(answer)
        expect(failure, String(index)).to.be.instanceOf(Unavailable)
        expect(failure).to.include({ status: 503, reason: 'introspection-unavailable' })
      }
      expect(await verdictOn(nested(31))).to.equal('alice')
      const broken = verifierOf(() => Promise.reject(new Error('no answer')))
      expect(await verdictOf(broken, 'good')).to.be.instanceOf(Unavailable)
    })

    it('in no document, whatever stands in it', async () => {
      const name = fc.constantFrom('active', 'iss', 'aud', 'sub', 'exp', 'token_type', '__proto__', 'constructor')
      await fc.assert(
        fc.asyncProperty(fc.oneof(fc.dictionary(name, fc.jsonValue()), fc.jsonValue()), async (answer) => {
          const verdict = await verdictOn(answer)
          if (typeof verdict !== 'string') expect(verdict).to.be.instanceOf(Unavailable)
          expect(verdict).not.to.equal('alice')
        }),
      )
    })
  })

  it('does not ask about what cannot be a token', async () => {
    const { outbound, calls } = issuerOf()
    const verifier = verifierOf(outbound)
    expect(await verdictOf(verifier, 'a'.repeat(101))).to.equal('too-large')
    for (const token of ['', ' ', 'a b', 'a\nb', 'ä', 'a&active=true', 'a"', '=', 'a=b', 'a\0'])
      expect(await verdictOf(verifier, token)).to.equal('malformed')
    expect(calls).to.have.lengthOf(0)
    for (const token of ['a'.repeat(100), 'A-._~+/9==']) expect(await verdictOf(verifier, token)).to.equal('inactive')
  })

  it('tells neither the token nor its secret to a log', async () => {
    const answer = new Response('leaked {"active":true}')
    for (const outbound of [issuerOf({ 'a-token': answer }).outbound, outboundFetch({ privateHosts: ['127.0.0.1'] })]) {
      const verifier = verifierOf(outbound, { endpoint: 'http://127.0.0.1:1/' })
      const failure = await verdictOf(verifier, 'a-token')
      expect(failure).to.be.instanceOf(Unavailable)
      expect(`${inspect(failure, { depth: 9 })}${inspect(verifier, { depth: 9, showHidden: true })}`).not.to.match(
        /a-token|secret|Basic|leaked/,
      )
    }
  })

  describe('remembers', () => {
    it('good tokens for a minute, and answers at once', async () => {
      const { outbound, calls, answers } = issuerOf()
      const verifier = verifierOf(outbound)
      const first = await verifier.verify('good', now)
      answers['good'] = { active: false }
      expect(verifier.verify('good', now + 59_999)).to.equal(first)
      expect(calls).to.have.lengthOf(1)
      expect(await verdictOf(verifier, 'good', now + 60_000)).to.equal('inactive')
      expect(calls).to.have.lengthOf(2)
    })

    it('no token beyond its end, tolerance or not', async () => {
      const { outbound, calls } = issuerOf({ good: { ...active, exp: seconds + 10 } })
      const verifier = verifierOf(outbound)
      await verifier.verify('good', now)
      expect([await verdictOf(verifier, 'good', now + 9_999), calls.length]).to.deep.equal(['alice', 1])
      expect([await verdictOf(verifier, 'good', now + 10_000), calls.length]).to.deep.equal(['alice', 2])
      expect([await verdictOf(verifier, 'good', now + 14_999), calls.length]).to.deep.equal(['alice', 3])
      expect([await verdictOf(verifier, 'good', now + 15_000), calls.length]).to.deep.equal(['expired', 4])
      expect([await verdictOf(verifier, 'good', now + 15_001), calls.length]).to.deep.equal(['expired', 4])
    })

    it('a token that is not valid yet, and lets it in when it is', async () => {
      const { outbound, calls } = issuerOf({ good: { ...active, nbf: seconds + 10 } })
      const verifier = verifierOf(outbound)
      expect(await verdictOf(verifier, 'good')).to.equal('not-yet-valid')
      expect([await verdictOf(verifier, 'good', now + 5_000), calls.length]).to.deep.equal(['alice', 1])
    })

    it('refusals for seconds', async () => {
      const { outbound, calls, answers } = issuerOf({ other: { ...active, aud: 'other' } })
      const verifier = verifierOf(outbound)
      expect([await verdictOf(verifier, 'good'), await verdictOf(verifier, 'other')]).to.deep.equal(['inactive', 'wrong-audience'])
      answers['good'] = active
      expect(() => verifier.verify('good', now + 4_999))
        .to.throw(TokenRefused)
        .with.property('reason', 'inactive')
      expect(() => verifier.verify('other', now + 4_999))
        .to.throw(TokenRefused)
        .with.property('reason', 'wrong-audience')
      expect([calls.length, await verdictOf(verifier, 'good', now + 5_000)]).to.deep.equal([2, 'alice'])
    })

    it('no failure of the issuer', async () => {
      const { outbound, calls, answers } = issuerOf({ good: new Response('', { status: 500 }) })
      const verifier = verifierOf(outbound)
      expect(await verdictOf(verifier, 'good')).to.be.instanceOf(Unavailable)
      answers['good'] = active
      expect([await verdictOf(verifier, 'good'), calls.length]).to.deep.equal(['alice', 2])
    })

    it('good tokens through a flood of others, and of those no more than it may', async () => {
      const { outbound, calls } = issuerOf({ good: active, better: { ...active, sub: 'bob' }, best: { ...active, sub: 'carol' } })
      const verifier = verifierOf(outbound, { cache: { size: 2 } })
      await verifier.verify('good', now)
      for (let index = 0; index < 100; index += 1) expect(await verdictOf(verifier, `flood-${index}`)).to.equal('inactive')
      expect([await verdictOf(verifier, 'good'), calls.length]).to.deep.equal(['alice', 101])
      expect([await verdictOf(verifier, 'flood-99'), calls.length]).to.deep.equal(['inactive', 101])
      expect([await verdictOf(verifier, 'flood-0'), calls.length]).to.deep.equal(['inactive', 102])
      for (const token of ['better', 'best']) await verifier.verify(token, now)
      expect([await verdictOf(verifier, 'best'), await verdictOf(verifier, 'better'), calls.length]).to.deep.equal(['carol', 'bob', 104])
      expect([await verdictOf(verifier, 'good'), calls.length]).to.deep.equal(['alice', 105])
    })

    it('each token for itself, however alike', async () => {
      const long = 'a'.repeat(90)
      const { outbound, calls } = issuerOf({ [`${long}1`]: active })
      const verifier = verifierOf(outbound)
      expect(await verdictOf(verifier, `${long}1`)).to.equal('alice')
      for (const token of [`${long}2`, long, `a${long}1`, `${long}1=`, `${long.toUpperCase()}1`, '__proto__', 'constructor']) {
        expect(await verdictOf(verifier, token)).to.equal('inactive')
      }
      expect(calls).to.have.lengthOf(8)
    })

    it('nothing that was learnt later than the clock says', async () => {
      const { outbound, calls } = issuerOf()
      const verifier = verifierOf(outbound)
      await verifier.verify('good', now)
      await verifier.verify('good', now - 86_400_000)
      expect(calls).to.have.lengthOf(2)
    })

    it('nothing that was said before it was asked again, wherever the clock goes', async () => {
      const { outbound, answers } = issuerOf()
      const verifier = verifierOf(outbound)
      expect(await verdictOf(verifier, 'good')).to.equal('alice')
      answers['good'] = { active: false }
      expect(await verdictOf(verifier, 'good', now + 61_000)).to.equal('inactive')
      expect(await verdictOf(verifier, 'good', now + 51_000)).to.equal('inactive')
    })

    it('nothing, where it is told so', async () => {
      const { outbound, calls, answers } = issuerOf()
      const verifier = verifierOf(outbound, { cache: false })
      expect(await Promise.all([verdictOf(verifier, 'good'), verdictOf(verifier, 'good'), verdictOf(verifier, 'bad')])).to.deep.equal([
        'alice',
        'alice',
        'inactive',
      ])
      expect(calls).to.have.lengthOf(3)
      answers['good'] = { active: false }
      answers['bad'] = active
      expect([await verdictOf(verifier, 'good'), await verdictOf(verifier, 'bad')]).to.deep.equal(['inactive', 'alice'])
    })
  })

  describe('asks', () => {
    it('once for many requests with one token, and again where that failed', async () => {
      const waiting: ((response: Response) => void)[] = []
      const verifier = verifierOf(() => new Promise((resolve) => void waiting.push(resolve)))
      const all = Promise.all(Array.from({ length: 100 }, (_, index) => verdictOf(verifier, 'good', now + index)))
      const other = verdictOf(verifier, 'other')
      expect(waiting).to.have.lengthOf(2)
      waiting[0]?.(new Response('', { status: 500 }))
      waiting[1]?.(new Response(JSON.stringify(active)))
      for (const failure of await all) expect(failure).to.be.instanceOf(Unavailable)
      expect(await other).to.equal('alice')
      const again = verdictOf(verifier, 'good')
      waiting[2]?.(new Response(JSON.stringify(active)))
      expect([await again, waiting.length]).to.deep.equal(['alice', 3])
    })

    it('at each request with its own time, when the answer is shared', async () => {
      const waiting: ((response: Response) => void)[] = []
      const verifier = verifierOf(() => new Promise((resolve) => void waiting.push(resolve)))
      const both = Promise.all([verdictOf(verifier, 'good'), verdictOf(verifier, 'good', now + 3_605_000)])
      waiting[0]?.(new Response(JSON.stringify(active)))
      expect(await both).to.deep.equal(['alice', 'expired'])
    })

    it('no more than a thousand times at once, and goes on when answers come', async () => {
      for (const cache of [{}, false] as const) {
        const waiting: (() => void)[] = []
        const verifier = verifierOf(() => new Promise((resolve) => void waiting.push(() => resolve(new Response('{}')))), { cache })
        const flood = Promise.all(Array.from({ length: 1_000 }, (_, index) => verdictOf(verifier, `flood-${index}`)))
        expect(await verdictOf(verifier, 'one-more'))
          .to.be.instanceOf(Unavailable)
          .and.to.include({ reason: 'introspection-busy' })
        expect(waiting).to.have.lengthOf(1_000)
        for (const answer of waiting.splice(0)) answer()
        expect(new Set(await flood)).to.deep.equal(new Set(['inactive']))
        const again = verdictOf(verifier, 'one-more')
        for (const answer of waiting) answer()
        expect(await again).to.equal('inactive')
      }
    })
  })

  describe('over the network', () => {
    let server: Server
    let endpoint: string
    let respond: (request: IncomingMessage, body: string) => { status?: number; headers?: Record<string, string>; body: string } | undefined

    before(async () => {
      server = createServer((request, response) => {
        let body = ''
        request.setEncoding('utf8').on('data', (chunk: string) => (body += chunk))
        request.on('end', () => {
          const answer = respond(request, body)
          if (answer !== undefined) response.writeHead(answer.status ?? 200, answer.headers ?? {}).end(answer.body)
        })
      })
      await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
      endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}/introspect`
    })

    after(() => {
      server.close()
      server.closeAllConnections()
    })

    const remote = (timeout = 5_000) => verifierOf(outboundFetch({ privateHosts: ['127.0.0.1'], timeout }), { endpoint })

    it('posts a form and reads JSON', async () => {
      let seen: unknown[] = []
      respond = ({ method, url, headers }, body) => {
        seen = [method, url, headers['content-type'], headers.accept, headers.authorization?.slice(0, 6), body]
        return { body: JSON.stringify(active) }
      }
      expect(await verdictOf(remote(), 'a+b/c~==')).to.equal('alice')
      expect(seen).to.deep.equal([
        'POST',
        '/introspect',
        'application/x-www-form-urlencoded;charset=UTF-8',
        'application/json',
        'Basic ',
        'token=a%2Bb%2Fc%7E%3D%3D&token_type_hint=access_token',
      ])
    })

    it('is unavailable behind redirects, huge answers, and late ones', async () => {
      let asked = 0
      for (const answer of [
        { status: 307, headers: { location: '/other' }, body: '' },
        { body: `${JSON.stringify(active)}${' '.repeat(262_144)}` },
        undefined,
      ]) {
        respond = () => {
          asked += 1
          return answer
        }
        expect(await verdictOf(remote(answer === undefined ? 50 : 5_000), 'good')).to.be.instanceOf(Unavailable)
      }
      expect(asked).to.equal(3)
    })
  })
})
