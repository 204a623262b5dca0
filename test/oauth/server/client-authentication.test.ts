import { createPublicKey } from 'node:crypto'
import { expect } from 'chai'
import jwt from 'jsonwebtoken'
import { hashClientSecret } from '../../../lib/oauth.js'
import { isClientSecret, isSecretHash } from '../../../lib/oauth/server/client-secret.js'
import { appCallback, assertionKey, basic, other, resource, startServer } from './fixture.js'
import type { TestServer, TokenAnswer } from './fixture.js'

const grant = { grant_type: 'client_credentials' }

describe('a client at the token endpoint', () => {
  let server: TestServer

  before(async () => {
    server = await startServer()
  })

  after(() => server.close())

  const ask = (form: Readonly<Record<string, string>>, headers: Readonly<Record<string, string>> = {}) =>
    server.post('/oauth/token', { ...grant, scope: 'orders:read', ...form }, headers)

  function expectUnknown(answer: TokenAnswer, hint = ''): void {
    expect([answer.status, answer.body['error']], hint).to.deep.equal([401, 'invalid_client'])
    expect(answer.headers.get('www-authenticate'), hint).to.equal('Basic realm="oauth"')
    expect(answer.headers.get('content-type')).to.equal('application/json')
    expect(Object.keys(answer.body)).to.deep.equal(['error', 'error_description'])
  }

  it('says who it is by HTTP Basic or in the form', async () => {
    expect((await ask({}, basic('machine'))).status).to.equal(200)
    expect((await ask({ client_id: 'machine', client_secret: 'secret of web' })).status).to.equal(200)
  })

  it('is refused alike with a wrong secret, none, or an id that nobody has', async () => {
    expectUnknown(await ask({}, basic('machine', 'wrong')))
    expectUnknown(await ask({ client_id: 'machine', client_secret: 'x'.repeat(10_000) }))
    expectUnknown(await ask({ client_id: 'machine' }), 'client impersonation')
    for (const id of ['nobody', '__proto__', 'constructor']) expectUnknown(await ask({}, basic(id)), id)
    for (const authorization of [
      'Basic',
      'Basic !',
      'Basic bWFjaGluZQ==',
      'Bearer x',
      `Basic ${Buffer.from('machine:%zz').toString('base64')}`,
    ]) {
      expectUnknown(await ask({}, { authorization }), authorization)
    }
  })

  it('is not two clients, and says it in one way (RFC 6749 §2.3)', async () => {
    expect((await ask({ client_secret: 'secret of web', client_id: 'machine' }, basic('machine'))).body['error']).to.equal(
      'invalid_request',
    )
    expectUnknown(await ask({ client_id: 'web' }, basic('machine')))
    expect((await ask({ client_id: 'machine' }, basic('machine'))).status).to.equal(200)
  })

  it('that is public has nothing to show, and gets nothing for itself', async () => {
    expectUnknown(await ask({ client_id: 'app', client_secret: 'any' }))
    expect((await ask({ client_id: 'app' })).body['error']).to.equal('unauthorized_client')
  })

  it('gets what it may, for one resource, and a token that says so (RFC 9068 §2.2, RFC 8707)', async () => {
    const { body } = await ask({}, basic('machine'))
    const claims = jwt.decode(body['access_token']!, { complete: true })!
    expect(claims.header).to.include({ typ: 'at+jwt', alg: 'ES256', kid: 'k1' })
    expect(claims.payload).to.include({ iss: server.url, aud: resource, sub: 'machine', client_id: 'machine', scope: 'orders:read' })
    expect(Object.keys(claims.payload as object)).to.include.members(['exp', 'iat', 'jti'])
    const things = await server.post('/oauth/token', { ...grant, resource: other }, basic('machine'))
    expect([things.body['scope'], (jwt.decode(things.body['access_token']!) as { aud: string }).aud]).to.deep.equal(['things:read', other])
    expect((await server.post('/oauth/token', { ...grant }, basic('machine'))).body['error'], 'two resources').to.equal('invalid_target')
    expect((await ask({ scope: 'orders:read things:read' }, basic('machine'))).body['error']).to.equal('invalid_target')
    expect((await ask({ scope: 'orders:write' }, basic('machine'))).body['error']).to.equal('invalid_scope')
    expect((await ask({ resource: 'https://unknown.test' }, basic('machine'))).body['error']).to.equal('invalid_target')
  })

  it('uses the grants that there are, and that it may use', async () => {
    expect((await ask({ grant_type: 'password' }, basic('machine'))).body['error']).to.equal('unsupported_grant_type')
    expect((await ask({ grant_type: '__proto__' }, basic('machine'))).body['error']).to.equal('unsupported_grant_type')
    expect((await ask({ grant_type: 'refresh_token' }, basic('machine'))).body['error']).to.equal('unauthorized_client')
    expect((await ask({}, basic('web'))).body['error']).to.equal('unauthorized_client')
    expect((await ask({ grant_type: '' }, basic('machine'))).body['error']).to.equal('invalid_request')
  })

  it('that binds its tokens gets none without a proof', async () => {
    expect((await ask({}, basic('binder'))).body['error']).to.equal('invalid_dpop_proof')
    const answer = await ask({}, { ...basic('machine'), dpop: 'x.y.z' })
    expect([answer.status, answer.body['error']]).to.deep.equal([400, 'invalid_dpop_proof'])
  })

  it('RFC 6749 §3.2: comes by POST with a form, each parameter once', async () => {
    expect((await fetch(`${server.url}/oauth/token`)).status).to.equal(405)
    const json = await fetch(`${server.url}/oauth/token`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' })
    expect(json.status).to.equal(415)
    const twice = new URLSearchParams([...Object.entries({ ...grant, scope: 'orders:read' }), ['scope', 'orders:read']])
    expect((await server.post('/oauth/token', twice, basic('machine'))).body['error']).to.equal('invalid_request')
  })

  describe('with a signed assertion (RFC 7523 §2.2)', () => {
    let number = 0
    const claims = () => ({
      iss: 'signer',
      sub: 'signer',
      aud: server.url,
      jti: `a-${(number += 1)}`,
      exp: Math.floor(Date.now() / 1000) + 60,
    })
    const assertion = (changes: object = {}, options: jwt.SignOptions = {}, key: jwt.Secret = assertionKey.privateKey) =>
      jwt.sign({ ...claims(), ...changes }, key, { algorithm: 'ES256', keyid: 'a', ...options })
    const type = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'
    const show = (client_assertion: string, more: Readonly<Record<string, string>> = {}) =>
      ask({ client_assertion, client_assertion_type: type, ...more })

    it('is taken, with and without its id beside it', async () => {
      expect((await show(assertion())).status).to.equal(200)
      expect((await show(assertion(), { client_id: 'signer' })).status).to.equal(200)
    })

    it('is taken once', async () => {
      const shown = assertion()
      const answers = await Promise.all(Array.from({ length: 5 }, () => show(shown)))
      expect(answers.filter(({ status }) => status === 200)).to.have.length(1)
    })

    it('is refused where anything is wrong with it', async () => {
      const now = Math.floor(Date.now() / 1000)
      const wrong: Readonly<Record<string, string>> = {
        'for another server': assertion({ aud: 'https://other.test' }),
        'for several servers': assertion({ aud: [server.url, 'https://other.test'] }),
        'for the endpoint': assertion({ aud: `${server.url}/oauth/token` }),
        'by another': assertion({ iss: 'machine' }),
        'of another': assertion({ sub: 'machine' }),
        expired: assertion({ exp: now - 60 }),
        'for years': assertion({ exp: now + 86_400 }),
        'without an id': assertion({ jti: undefined }),
        unsigned: `${Buffer.from('{"alg":"none"}').toString('base64url')}.${Buffer.from(JSON.stringify(claims())).toString('base64url')}.`,
        'by an HMAC of the public key': jwt.sign(
          claims(),
          createPublicKey(assertionKey.privateKey).export({ format: 'pem', type: 'spki' }),
          { keyid: 'a', allowInvalidAsymmetricKeyTypes: true },
        ),
        'of an unknown key': assertion({}, { keyid: 'b' }),
        'none at all': 'x',
      }
      for (const [name, text] of Object.entries(wrong)) expectUnknown(await show(text), name)
      expectUnknown(await ask({ client_assertion: assertion(), client_assertion_type: 'other' }))
      expectUnknown(await show(assertion(), { client_id: 'machine' }))
      expect((await ask({ client_assertion: assertion(), client_assertion_type: type }, basic('machine'))).body['error']).to.equal(
        'invalid_request',
      )
    })
  })

  describe('that asks what a token is worth (RFC 7662)', () => {
    const introspect = (token: string, id: string) => server.post('/oauth/introspect', { token }, basic(id))

    it('learns it of its own tokens, and an API of those that are for it', async () => {
      const { access_token: token = '' } = (await ask({}, basic('machine'))).body
      for (const id of ['machine', 'api']) {
        expect((await introspect(token, id)).body, id).to.include({
          active: true,
          sub: 'machine',
          client_id: 'machine',
          scope: 'orders:read',
          token_type: 'Bearer',
        })
      }
      const { access_token: things = '' } = (await server.post('/oauth/token', { ...grant, resource: other }, basic('machine'))).body
      expect((await introspect(things, 'api')).body).to.deep.equal({ active: false })
      const answer = await server.redeem(await server.code())
      expect((await introspect(answer.body['refresh_token']!, 'web')).body).to.include({ active: true, sub: 'alice', client_id: 'web' })
    })

    it('learns nothing else: not of others, of old ones, of revoked ones, nor of what is none', async () => {
      const { access_token: token = '' } = (await ask({}, basic('machine'))).body
      expect((await introspect(token, 'web')).body).to.deep.equal({ active: false })
      for (const none of ['x', 'a.b', 'a.b.c', `${token}x`])
        expect((await introspect(none, 'machine')).body, none.slice(0, 5)).to.deep.equal({ active: false })
      server.clock.moved = 601_000
      expect((await introspect(token, 'machine')).body).to.deep.equal({ active: false })
      server.clock.moved = 0
      expect(await server.status(token)).to.equal(200)
      await server.post('/oauth/revoke', { token }, basic('web'))
      expect(await server.status(token), 'not its own').to.equal(200)
      expect((await server.post('/oauth/revoke', { token, token_type_hint: 'refresh_token' }, basic('machine'))).status).to.equal(200)
      expect([await server.status(token), (await introspect(token, 'machine')).body]).to.deep.equal([401, { active: false }])
      expect((await server.post('/oauth/revoke', { token: 'unknown' }, basic('machine'))).status).to.equal(200)
    })

    it('must show who it is', async () => {
      expectUnknown(await server.post('/oauth/introspect', { token: 'x' }))
      expectUnknown(await server.post('/oauth/introspect', { token: 'x', client_id: 'app' }), 'a public client')
      expectUnknown(await server.post('/oauth/revoke', { token: 'x', client_id: 'machine' }))
    })
  })

  it('comes as often as it may: 20 times a minute to each endpoint, and 5 passwords for one name', async () => {
    const limited = await startServer({ limits: true })
    const answers = await Promise.all(
      Array.from({ length: 25 }, () => limited.post('/oauth/token', { ...grant, scope: 'orders:read' }, basic('machine'))),
    )
    expect(answers.filter(({ status }) => status === 200)).to.have.length(20)
    expect((await limited.post('/oauth/token', { ...grant, scope: 'orders:read' }, basic('api'))).status).to.equal(200)
    const browser = limited.browser()
    const page = await browser.visit(limited.authorizeUrl({ client_id: 'app', redirect_uri: appCallback }))
    const statuses: number[] = []
    for (let tries = 0; tries < 7; tries += 1)
      statuses.push((await browser.submit(page, { step: 'login', username: 'alice', password: 'x' })).status)
    expect(statuses).to.deep.equal([401, 401, 401, 401, 401, 429, 429])
    await limited.close()
  })
})

describe('the secret of a client', () => {
  it('is kept as a salted hash, and known again', async () => {
    const [one, two] = await Promise.all([hashClientSecret('a secret'), hashClientSecret('a secret')])
    expect(one).not.to.equal(two)
    expect([isSecretHash(one), isSecretHash('a secret'), one.includes('secret')]).to.deep.equal([true, false, false])
    expect(await Promise.all(['a secret', 'a secreT', '', `a secret\0`].map((secret) => isClientSecret(secret, one)))).to.deep.equal([
      true,
      false,
      false,
      false,
    ])
    expect(await isClientSecret('x', 'no hash')).to.equal(false)
    for (const secret of ['', 'x'.repeat(513)])
      expect(await hashClientSecret(secret).catch((thrown: unknown) => thrown)).to.be.instanceOf(TypeError)
  })
})
