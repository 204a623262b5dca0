import { expect } from 'chai'
import { appCallback, basic, startServer, verifier } from './fixture.js'
import type { TestServer, TokenAnswer } from './fixture.js'

describe('refresh tokens', () => {
  let server: TestServer

  before(async () => {
    server = await startServer()
  })

  after(() => server.close())

  const refresh = (token: string | undefined, more: Readonly<Record<string, string>> = {}): Promise<TokenAnswer> =>
    server.post(
      '/oauth/token',
      { grant_type: 'refresh_token', refresh_token: token ?? '', ...more },
      'client_id' in more ? {} : basic('web'),
    )
  const granted = async (scope = 'orders:read orders:write') => (await server.redeem(await server.code({ scope }))).body

  it('are used once: each gives the next', async () => {
    const first = await granted()
    const second = await refresh(first['refresh_token'])
    const third = await refresh(second.body['refresh_token'])
    expect([second.status, third.status]).to.deep.equal([200, 200])
    expect(new Set([first, second.body, third.body].map((body) => body['refresh_token'])).size).to.equal(3)
    expect(await server.status(third.body['access_token'])).to.equal(200)
  })

  it('RFC 9700 §4.14.2: used a second time end the whole login, access tokens too', async () => {
    const first = await granted()
    const second = await refresh(first['refresh_token'])
    const reused = await refresh(first['refresh_token'])
    expect([reused.status, reused.body['error']]).to.deep.equal([400, 'invalid_grant'])
    expect((await refresh(second.body['refresh_token'])).status).to.equal(400)
    for (const token of [first['access_token'], second.body['access_token']]) expect(await server.status(token)).to.equal(401)
    expect(JSON.stringify(server.records.newest(10))).to.include('authn_token_reuse')
  })

  it('of twenty uses at once give a token to one', async () => {
    const first = await granted()
    const answers = await Promise.all(Array.from({ length: 20 }, () => refresh(first['refresh_token'])))
    expect(answers.filter(({ status }) => status === 200)).to.have.length(1)
  })

  it('give narrower scopes for one token, never wider, and a wrong wish does not cost the login', async () => {
    const first = await granted('orders:read')
    for (const scope of ['orders:write', 'orders:read orders:write', '"']) {
      expect((await refresh(first['refresh_token'], { scope })).body['error'], scope).to.equal('invalid_scope')
    }
    expect((await refresh(first['refresh_token'], { resource: 'https://other.test' })).body['error']).to.equal('invalid_target')
    const both = await granted()
    const narrow = await refresh(both['refresh_token'], { scope: 'orders:read' })
    expect(narrow.body['scope']).to.equal('orders:read')
    expect((await refresh(narrow.body['refresh_token'])).body['scope']).to.equal('orders:read orders:write')
    expect((await refresh(first['refresh_token'])).status).to.equal(200)
  })

  it('are of no use to another client, and stay good for their own', async () => {
    const first = await granted()
    expect((await refresh(first['refresh_token'], { client_id: 'app' })).body['error']).to.equal('invalid_grant')
    expect((await refresh(first['refresh_token'])).status).to.equal(200)
  })

  it('end with their time, counted from the login', async () => {
    const first = await granted()
    server.clock.moved = 29 * 86_400_000
    const second = await refresh(first['refresh_token'])
    expect(second.status).to.equal(200)
    server.clock.moved = 30 * 86_400_000 + 1_000
    expect((await refresh(second.body['refresh_token'])).status).to.equal(400)
    server.clock.moved = 0
  })

  it('end when the account does', async () => {
    const first = await granted()
    server.closed.add('alice')
    expect((await refresh(first['refresh_token'])).body['error']).to.equal('invalid_grant')
    server.closed.clear()
    expect((await refresh(first['refresh_token'])).body['error']).to.equal('invalid_grant')
    expect(await server.status(first['access_token'])).to.equal(401)
  })

  it('and all else of a subject end when it is logged out everywhere: tokens, codes, and the browser', async () => {
    const browser = server.browser()
    const first = (await server.redeem(await server.code({}, browser, 'heidi'))).body
    const code = await server.code({}, browser, 'heidi')
    await server.revocations.revokeSubject({ issuer: server.url, id: 'heidi' })
    expect(await server.status(first['access_token'])).to.equal(401)
    expect((await refresh(first['refresh_token'])).body['error']).to.equal('invalid_grant')
    expect((await server.redeem(code)).body['error']).to.equal('invalid_grant')
    expect((await browser.visit(server.authorizeUrl())).body).to.include('name="password"')
  })

  it('are taken back by their client alone, with all that came of the login', async () => {
    const first = await granted()
    expect((await server.post('/oauth/revoke', { token: first['refresh_token']!, client_id: 'app' })).status).to.equal(200)
    expect(await server.status(first['access_token'])).to.equal(200)
    expect(
      (await server.post('/oauth/revoke', { token: first['refresh_token']!, token_type_hint: 'access_token' }, basic('web'))).status,
    ).to.equal(200)
    expect((await refresh(first['refresh_token'])).status).to.equal(400)
    expect(await server.status(first['access_token'])).to.equal(401)
  })

  it('are given to public clients too, and end in the same way', async () => {
    const code = await server.code({ client_id: 'app', redirect_uri: appCallback })
    const form = { grant_type: 'authorization_code', client_id: 'app', code, redirect_uri: appCallback, code_verifier: verifier }
    const first = await server.post('/oauth/token', form)
    expect((await refresh(first.body['refresh_token'], { client_id: 'app' })).status).to.equal(200)
    expect((await refresh(first.body['refresh_token'], { client_id: 'app' })).status).to.equal(400)
  })

  it('that are none are refused alike', async () => {
    for (const token of ['x', '.', 'a.b', 'a.b.c', '__proto__.x', 'x'.repeat(9_000)]) {
      const answer = await refresh(token)
      expect([answer.status, answer.body['error']], token.slice(0, 10)).to.deep.equal([400, 'invalid_grant'])
    }
  })
})
