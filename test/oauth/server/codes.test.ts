import { expect } from 'chai'
import { appCallback, basic, challenge, startServer, verifier } from './fixture.js'
import type { TestServer } from './fixture.js'

describe('authorization codes', () => {
  let server: TestServer

  before(async () => {
    server = await startServer()
  })

  after(() => server.close())

  it('give tokens to whom they were given, and say so to no cache', async () => {
    const answer = await server.redeem(await server.code())
    expect(answer.status).to.equal(200)
    expect(answer.body).to.include({ token_type: 'Bearer', expires_in: 600, scope: 'orders:read' })
    expect(Object.keys(answer.body)).to.have.members(['access_token', 'token_type', 'expires_in', 'scope', 'refresh_token'])
    expect(answer.headers.get('cache-control')).to.equal('no-store')
    expect(await server.status(answer.body['access_token'])).to.equal(200)
  })

  it('RFC 6749 §4.1.2: are good once, and a replay ends what came of them', async () => {
    const code = await server.code()
    const first = await server.redeem(code)
    expect(await server.status(first.body['access_token'])).to.equal(200)
    const second = await server.redeem(code)
    expect([second.status, second.body['error']]).to.deep.equal([400, 'invalid_grant'])
    expect(await server.status(first.body['access_token'])).to.equal(401)
    const refreshed = await server.post(
      '/oauth/token',
      { grant_type: 'refresh_token', refresh_token: first.body['refresh_token']! },
      basic('web'),
    )
    expect([refreshed.status, refreshed.body['error']]).to.deep.equal([400, 'invalid_grant'])
    expect(JSON.stringify(server.records.newest(5))).to.include('authn_token_reuse')
  })

  it('of twenty redemptions at once give tokens to one, which end with the others', async () => {
    const code = await server.code()
    const answers = await Promise.all(Array.from({ length: 20 }, () => server.redeem(code)))
    const given = answers.filter(({ status }) => status === 200)
    expect(given).to.have.length(1)
    expect(await server.status(given[0]!.body['access_token'])).to.equal(401)
    const form = { grant_type: 'refresh_token', refresh_token: given[0]!.body['refresh_token']! }
    expect((await server.post('/oauth/token', form, basic('web'))).status).to.equal(400)
  })

  it('last for a minute', async () => {
    const [code, late] = [await server.code(), await server.code()]
    server.clock.moved = 50_000
    expect((await server.redeem(code)).status).to.equal(200)
    server.clock.moved = 62_000
    expect((await server.redeem(late)).body['error']).to.equal('invalid_grant')
    server.clock.moved = 0
  })

  describe('are worth nothing', () => {
    const wrong: Readonly<Record<string, Readonly<Record<string, string | undefined>>>> = {
      'with another verifier': { code_verifier: 'x'.repeat(43) },
      'with a short verifier': { code_verifier: verifier.slice(0, 42) },
      'with the challenge for a verifier (no plain)': { code_verifier: challenge },
      'without a verifier (PKCE downgrade)': { code_verifier: undefined },
      'with another redirect URI of the client': { redirect_uri: 'https://web.test/second' },
      'with a redirect URI that is nearly the same': { redirect_uri: 'https://web.test/callback' },
      'without a redirect URI': { redirect_uri: undefined },
    }
    for (const [name, changes] of Object.entries(wrong)) {
      it(`${name}, and then at all`, async () => {
        const code = await server.code()
        const refused = await server.redeem(code, changes)
        expect([refused.status, refused.body['error']]).to.deep.equal([400, 'invalid_grant'])
        expect((await server.redeem(code)).body['error'], 'burnt').to.equal('invalid_grant')
      })
    }

    it('to another client, and stay good for their own (code injection)', async () => {
      const code = await server.code()
      const stolen = await server.redeem(code, { client_id: 'app', redirect_uri: appCallback })
      expect([stolen.status, stolen.body['error']]).to.deep.equal([400, 'invalid_grant'])
      expect((await server.redeem(code)).status).to.equal(200)
    })

    it('where they were made up', async () => {
      for (const code of ['', 'x', '__proto__', 'a'.repeat(10_000)]) {
        const answer = await server.redeem(code)
        expect([answer.status, answer.body['error']], code.slice(0, 10)).to.deep.equal([
          400,
          code === '' ? 'invalid_request' : 'invalid_grant',
        ])
      }
    })
  })

  it('RFC 9449 §10: of a request that names a key are for whoever has it', async () => {
    const code = await server.code({ dpop_jkt: challenge })
    expect((await server.redeem(code)).body['error']).to.equal('invalid_grant')
  })
})
