import type { RequestListener } from 'node:http'
import { expect } from 'chai'
import { http } from '../../../adapters/http.js'
import { bearer } from '../../../lib/index.js'
import type { Api } from '../../../lib/index.js'
import type { OAuthLoginOptions } from '../../../lib/oauth.js'
import { freePort } from '../../free-port.js'
import { Browser } from '../browser.js'
import { apiResource, startProvider } from '../oidc-provider.js'
import type { RunningProvider } from '../oidc-provider.js'
import { clock, hosts, loggedIn as logIn, newestReason, records, startWebApp, state, throughProvider } from './web-app.js'
import type { WebApp } from './web-app.js'

describe('a login at an OpenID provider that nobody changed for it', () => {
  let port = 0
  let app: WebApp
  let provider: RunningProvider

  before(async () => {
    // The redirect URI must be registered before the application runs.
    port = await freePort()
    provider = await startProvider(`http://127.0.0.1:${port}/auth/callback`)
  })

  after(() => provider.close())

  afterEach(async () => {
    clock.moved = 0
    await app.close()
  })

  const appOn = (options: Partial<OAuthLoginOptions> = {}, listenerOf: (api: Api) => RequestListener = http) =>
    startWebApp({ port, listenerOf, options: { issuer: provider.issuer, ...options } })

  const loggedIn = (browser = app.browser(), path?: string) => logIn(app, browser, path)

  for (const [host, listenerOf] of Object.entries(hosts)) {
    it(`works behind ${host}: who it is, out of the ID token, behind one cookie`, async () => {
      app = await appOn({}, listenerOf)
      const { browser, page } = await loggedIn()
      expect([page.status, page.url]).to.deep.equal([200, `${app.url}/me`])
      expect(JSON.parse(page.body)).to.deep.equal({ id: 'alice', kind: 'user', issuer: provider.issuer, hasToken: true })
      const own = [...browser.cookies.keys()].filter((name) => name.startsWith('__Host-'))
      expect(own).to.have.members(['__Host-login', '__Host-session'])
      expect(browser.cookies.get('__Host-session')).to.match(/^[A-Za-z0-9_-]{43}$/)
    })
  }

  it('proves the access token on each request, renews it once, and keeps it from the browser', async () => {
    const { verifier } = bearer({
      issuer: provider.issuer,
      audience: apiResource,
      jwksUri: `${provider.issuer}/jwks`,
      typ: 'at+jwt',
      outbound: { privateHosts: ['127.0.0.1'] },
    })
    app = await appOn({
      verifier,
      scope: 'openid offline_access orders:read',
      resource: apiResource,
      pushesRequests: true,
    })
    const { browser, page } = await loggedIn()
    expect(page.body).to.include('alice')
    let renewals = 0
    provider.provider.on('grant.success', () => (renewals += 1))
    clock.moved = 295_000
    const pages = await Promise.all(Array.from({ length: 10 }, () => browser.visit(`${app.url}/me`)))
    expect(pages.map(({ status }) => status)).to.deep.equal(Array(10).fill(200))
    expect(renewals).to.equal(1)
  })

  it('ends with the log-out, here and at the provider', async () => {
    app = await appOn()
    const { browser } = await loggedIn()
    const cookie = browser.cookies.get('__Host-session') ?? ''
    const out = await browser.send(new URL(`${app.url}/auth/logout`), 'POST', undefined, { 'sec-fetch-site': 'same-origin' })
    expect(out.url).to.include('/session/end')
    expect(browser.cookies.has('__Host-session')).to.equal(false)
    browser.cookies.set('__Host-session', cookie)
    expect((await browser.visit(`${app.url}/me`)).status).to.equal(401)
  })

  it('ends by itself: without requests, and after its time', async () => {
    app = await appOn({ lifetimes: { idle: 60, absolute: 100 } })
    const first = await loggedIn()
    clock.moved = 61_000
    expect((await first.browser.visit(`${app.url}/me`)).status).to.equal(401)
    clock.moved = 0
    const second = await loggedIn()
    for (const moved of [50_000, 99_000]) {
      clock.moved = moved
      expect((await second.browser.visit(`${app.url}/me`)).status, String(moved)).to.equal(200)
    }
    clock.moved = 101_000
    expect((await second.browser.visit(`${app.url}/me`)).status).to.equal(401)
  })

  it('leaves nothing in the store that can be read without the cookie', async () => {
    app = await appOn()
    const kept: string[] = []
    const set = state.set.bind(state)
    state.set = (key, value, until) => (kept.push(key, value), set(key, value, until))
    const { browser } = await loggedIn()
    state.set = set
    expect(kept.join(' ')).not.to.match(/alice|eyJ[\w-]{10,}\./)
    expect(kept.join(' ')).not.to.include(browser.cookies.get('__Host-session'))
  })

  describe('refuses', () => {
    it('a callback that this browser did not begin, or that was used (login CSRF, replay)', async () => {
      app = await appOn()
      const attacker = new Browser((url) => url.origin === provider.issuer)
      const begun = new Browser((url) => url.origin === app.url && url.pathname === '/auth/login')
      await begun.visit(`${app.url}/auth/login`)
      attacker.cookies.clear()
      await throughProvider(attacker, await attacker.visit(begun.left!), provider.issuer)
      const callback = attacker.left!
      expect(callback.pathname).to.equal('/auth/callback')
      const victim = app.browser()
      const refusal = await victim.visit(callback)
      expect([refusal.status, victim.cookies.has('__Host-session')]).to.deep.equal([400, false])
      const first = await begun.visit(callback)
      expect([first.status, begun.cookies.has('__Host-session')]).to.deep.equal([303, true])
      expect((await begun.visit(callback)).status).to.equal(400)
      expect(newestReason(), 'nobody was asked about the code again').to.equal('unknown-login')
    })

    it('another state, another issuer, and an error, without a session', async () => {
      app = await appOn()
      const changes = [
        { change: { state: 'x' }, reason: 'unknown-login' },
        { change: { state: '' }, reason: 'unknown-login' },
        { change: { iss: 'https://evil.test' }, reason: 'wrong-iss' },
        { change: { iss: '' }, reason: 'wrong-iss' },
        { change: { code: 'x' }, reason: 'code-refused' },
        { change: { error: 'access_denied', code: '' }, reason: 'authorization-refused' },
      ]
      for (const { change, reason } of changes) {
        const browser = app.browser()
        const stopping = new Browser((url) => url.origin === provider.issuer || url.pathname === '/auth/login')
        await throughProvider(stopping, await stopping.visit(`${app.url}/auth/login`), provider.issuer)
        const callback = new URL(stopping.left!)
        for (const [name, value] of Object.entries(change)) {
          if (value === '') callback.searchParams.delete(name)
          else callback.searchParams.set(name, value)
        }
        for (const [name, value] of stopping.cookies) browser.cookies.set(name, value)
        const refusal = await browser.visit(callback)
        expect([refusal.status, browser.cookies.has('__Host-session')], JSON.stringify(change)).to.deep.equal([400, false])
        expect(newestReason(), JSON.stringify(change)).to.equal(reason)
      }
    })

    it('to keep a session that was there before the login (session fixation)', async () => {
      app = await appOn()
      const { browser } = await loggedIn()
      const planted = browser.cookies.get('__Host-session') ?? ''
      await loggedIn(browser)
      expect(browser.cookies.get('__Host-session')).not.to.equal(planted)
      browser.cookies.set('__Host-session', planted)
      expect((await browser.visit(`${app.url}/me`)).status).to.equal(401)
    })

    it('to change anything for a page of another origin (CSRF)', async () => {
      app = await appOn()
      const { browser } = await loggedIn()
      const post = (headers: Readonly<Record<string, string>>, path = '/change') =>
        browser.send(new URL(`${app.url}${path}`), 'POST', undefined, headers).then(({ status }) => status)
      const foreign: ReadonlyArray<Readonly<Record<string, string>>> = [
        {},
        { origin: 'https://evil.test' },
        { origin: 'null' },
        { 'sec-fetch-site': 'cross-site' },
        { 'sec-fetch-site': 'same-site' },
      ]
      for (const headers of [...foreign, { 'sec-fetch-site': 'none', origin: app.url }]) {
        expect(await post(headers), JSON.stringify(headers)).to.equal(403)
        expect(await post(headers, '/auth/logout'), JSON.stringify(headers)).to.equal(403)
      }
      expect(await post({ origin: app.url })).to.equal(200)
      expect(await post({ 'sec-fetch-site': 'same-origin' })).to.equal(200)
      expect(JSON.stringify(records.newest(20)).includes('malicious_csrf')).to.equal(true)
    })

    it('two session cookies, and one that is none', async () => {
      app = await appOn()
      const { browser } = await loggedIn()
      const good = browser.cookies.get('__Host-session') ?? ''
      const status = async (cookie: string) => (await fetch(`${app.url}/me`, { headers: { cookie } })).status
      expect(await status(`__Host-session=${good}`)).to.equal(200)
      for (const cookie of [`__Host-session=${good}; __Host-session=x`, '__Host-session=', '__Host-session=x', `session=${good}`]) {
        expect(await status(cookie), cookie.slice(0, 20)).to.equal(401)
      }
    })

    it('to lead away after the login (open redirect)', async () => {
      app = await appOn()
      for (const wanted of [
        'https://evil.test/',
        '//evil.test',
        '/\\evil.test',
        '/%09/evil.test/..//evil.test',
        'javascript:alert(1)',
        '/a/..//evil.test',
      ]) {
        const { page } = await loggedIn(app.browser(), `/auth/login?return_to=${encodeURIComponent(wanted)}`)
        expect(new URL(page.url).origin, wanted).to.equal(app.url)
      }
    })
  })

  it('goes on in two tabs at once', async () => {
    app = await appOn()
    const browser = new Browser((url) => url.origin === provider.issuer || url.pathname === '/auth/login')
    const callbacks: URL[] = []
    for (const wanted of ['/me', '/']) {
      await throughProvider(browser, await browser.visit(`${app.url}/auth/login?return_to=${wanted}`), provider.issuer)
      callbacks.push(browser.left!)
    }
    for (const callback of callbacks) expect((await browser.visit(callback)).status).to.equal(303)
  })

  it('says that it cannot while the provider is away, and serves the rest', async () => {
    app = await appOn({ issuer: 'http://127.0.0.1:1' })
    expect((await fetch(`${app.url}/auth/login`)).status).to.equal(503)
    expect((await fetch(`${app.url}/`)).status).to.equal(200)
  })
})
