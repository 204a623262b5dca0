import { expect } from 'chai'
import { bearer } from '../../../lib/index.js'
import { hashClientSecret } from '../../../lib/oauth.js'
import type { OAuthLoginOptions } from '../../../lib/oauth.js'
import { freePort } from '../../free-port.js'
import { logInAndAllow } from '../browser.js'
import { resource, signingKey, startServer } from '../server/fixture.js'
import type { TestServer } from '../server/fixture.js'
import { clock, startWebApp } from './web-app.js'
import type { WebApp } from './web-app.js'

const outbound = { privateHosts: ['127.0.0.1'] }

describe('a login at an authorization server of this kind', () => {
  let server: TestServer
  let app: WebApp
  let port = 0

  before(async () => {
    port = await freePort()
    const redirectUris = [`http://127.0.0.1:${port}/auth/callback`]
    const scopes = ['orders:read']
    server = await startServer({
      clients: [
        { id: 'shop', secretHash: await hashClientSecret('secret of shop'), redirectUris, scopes, pushesRequests: true, bindsTokens: true },
        { id: 'public', redirectUris, scopes },
      ],
    })
  })

  after(() => server.close())

  afterEach(async () => {
    clock.moved = 0
    await app.close()
  })

  const start = async (options: Partial<OAuthLoginOptions>) => {
    const keys = [{ kid: 'k1', algorithm: 'ES256', publicKey: signingKey.publicKey }] as const
    const { verifier } = bearer({ issuer: server.url, audience: resource, keys, typ: 'at+jwt' })
    app = await startWebApp({
      port,
      ask: async (context, login) => ({ status: (await login.fetch(context, `${server.url}/me`)).status }),
      options: {
        issuer: server.url,
        clientSecret: undefined as never,
        scope: 'orders:read',
        resource,
        verifier,
        allow: [server.url],
        outbound,
        ...options,
      },
    })
  }

  async function loggedIn() {
    const browser = app.stoppingBrowser()
    const callback = await logInAndAllow(browser, `${app.url}/auth/login?return_to=/me`, 'alice', 'alice-password')
    expect((await browser.visit(callback)).status).to.equal(303)
    return browser
  }

  const kinds: Readonly<Record<string, Partial<OAuthLoginOptions>>> = {
    'a public client': { clientId: 'public' },
    'a client with a secret, pushed requests and bound tokens': {
      ...{ clientId: 'shop', clientSecret: 'secret of shop', pushesRequests: true, dpop: true },
    },
  }
  for (const [kind, options] of Object.entries(kinds)) {
    it(`goes from log-in over renewal to log-out, for ${kind}`, async () => {
      await start(options)
      const browser = await loggedIn()
      const get = async (path: string) => JSON.parse((await browser.visit(`${app.url}${path}`)).body) as Readonly<Record<string, unknown>>
      expect(await get('/me')).to.include({ id: 'alice', kind: 'user', issuer: server.url })
      expect(await get('/asked')).to.deep.equal({ status: 200 })
      const first = (await get('/token'))['token'] as string
      clock.moved = 595_000
      // A refresh token that is used twice ends all that came of its login: it must be used once.
      const renewed = await Promise.all(Array.from({ length: 20 }, () => get('/token')))
      const last = (await get('/token'))['token'] as string
      expect(last).not.to.equal(first)
      expect(renewed.every(({ token }) => token === last)).to.equal(true)
      expect(await get('/asked')).to.deep.equal({ status: 200 })
      await browser.send(new URL(`${app.url}/auth/logout`), 'POST', undefined, { origin: app.url })
      expect((await browser.visit(`${app.url}/me`)).status).to.equal(401)
      expect(await server.status(last), 'the token was taken back').to.equal(401)
    })
  }

  it('ends where the account is closed, as soon as the token is renewed', async () => {
    await start({ clientId: 'public' })
    const browser = await loggedIn()
    server.closed.add('alice')
    clock.moved = 595_000
    expect((await browser.visit(`${app.url}/me`)).status).to.equal(401)
    server.closed.clear()
    expect((await browser.visit(`${app.url}/me`)).status).to.equal(401)
  })
})
