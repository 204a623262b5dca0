import type { RequestListener } from 'node:http'
import { expect } from 'chai'
import createExpress from 'express'
import { express } from '../../../adapters/express.js'
import { http, serve } from '../../../adapters/http.js'
import type { RunningServer } from '../../../adapters/http.js'
import {
  Authenticated,
  Controller,
  Get,
  MemoryStateStore,
  Post,
  Public,
  bearer,
  createApi,
  createContainer,
  createLogger,
  recentRecords,
  tokens,
} from '../../../lib/index.js'
import type { Api, Context } from '../../../lib/index.js'
import { oauthLogin } from '../../../lib/oauth.js'
import type { OAuthLogin, OAuthLoginOptions } from '../../../lib/oauth.js'
import { freePort } from '../../free-port.js'
import { Browser } from '../browser.js'
import type { ShownPage } from '../browser.js'
import { apiResource, startProvider } from '../oidc-provider.js'
import type { RunningProvider } from '../oidc-provider.js'

/** A clock that a test moves. */
const clock = {
  moved: 0,
  now() {
    return Date.now() + this.moved
  },
}

const state = new MemoryStateStore({ clock })
const records = recentRecords(100)
const hosts: Readonly<Record<string, (api: Api) => RequestListener>> = {
  'node:http': http,
  Express: (api) => createExpress().use(express(api, { fallthrough: false })),
}

interface App {
  readonly server: RunningServer
  readonly login: OAuthLogin
  browser(): Browser
  close(): Promise<void>
}

let provider: RunningProvider

/** A web application whose people log in at the provider. */
function startApp(options: Partial<OAuthLoginOptions>, serveApi: (api: Api) => void, server: RunningServer): App {
  const login = oauthLogin({
    issuer: provider.issuer,
    clientId: 'web',
    clientSecret: 'web-secret-of-32-characters-or-more',
    origin: server.url,
    outbound: { privateHosts: ['127.0.0.1'] },
    ...options,
  })

  @Controller('/')
  class Pages {
    @Get('/')
    @Public()
    home() {
      return { page: 'home' }
    }

    @Get('/me')
    @Authenticated()
    me(context: Context) {
      const { id, kind, issuer } = context.principal
      return { id, kind, issuer, hasToken: login.tokenOf(context).length > 20 }
    }

    @Post('/change')
    @Authenticated()
    change() {
      return { changed: true }
    }
  }

  const container = createContainer()
  container.register(tokens.state, { useValue: state })
  container.register(tokens.clock, { useValue: clock })
  const api = createApi({
    controllers: [Pages, login.controller],
    container,
    authentication: login.authentication,
    https: 'off',
    audit: { sinks: [records] },
    logger: createLogger({ silent: true }),
  })
  serveApi(api)
  return {
    server,
    login,
    browser: () => new Browser((url) => url.origin === server.url || url.origin === provider.issuer),
    async close() {
      await server.close()
      await api.close()
    },
  }
}

/** Goes through the provider's pages, until the application's own are shown. */
async function throughProvider(browser: Browser, page: ShownPage): Promise<ShownPage> {
  let shown = page
  for (let steps = 0; steps < 5 && browser.left === undefined && shown.url.startsWith(provider.issuer); steps += 1) {
    const prompt = shown.body.includes('name="login"') ? { prompt: 'login', login: 'alice', password: 'any' } : { prompt: 'consent' }
    shown = await browser.submit(shown, prompt)
  }
  return shown
}

describe('a login at an OpenID provider that nobody changed for it', () => {
  let port = 0
  let app: App

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

  async function appOn(listenerOf = hosts['node:http']!, options: Partial<OAuthLoginOptions> = {}): Promise<App> {
    let listener: RequestListener | undefined
    const server = await serve((request, response) => listener?.(request, response), { port })
    return startApp(options, (api) => (listener = listenerOf(api)), server)
  }

  async function loggedIn(browser = app.browser(), path = '/auth/login?return_to=/me'): Promise<{ browser: Browser; page: ShownPage }> {
    const page = await throughProvider(browser, await browser.visit(`${app.server.url}${path}`))
    return { browser, page }
  }

  for (const [host, listenerOf] of Object.entries(hosts)) {
    it(`works behind ${host}: who it is, out of the ID token, behind one cookie`, async () => {
      app = await appOn(listenerOf)
      const { browser, page } = await loggedIn()
      expect([page.status, page.url]).to.deep.equal([200, `${app.server.url}/me`])
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
    app = await appOn(hosts['node:http']!, {
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
    const pages = await Promise.all(Array.from({ length: 10 }, () => browser.visit(`${app.server.url}/me`)))
    expect(pages.map(({ status }) => status)).to.deep.equal(Array(10).fill(200))
    expect(renewals).to.equal(1)
  })

  it('ends with the log-out, here and at the provider', async () => {
    app = await appOn()
    const { browser } = await loggedIn()
    const cookie = browser.cookies.get('__Host-session') ?? ''
    const out = await browser.send(new URL(`${app.server.url}/auth/logout`), 'POST', undefined, { 'sec-fetch-site': 'same-origin' })
    expect(out.url).to.include('/session/end')
    expect(browser.cookies.has('__Host-session')).to.equal(false)
    browser.cookies.set('__Host-session', cookie)
    expect((await browser.visit(`${app.server.url}/me`)).status).to.equal(401)
  })

  it('ends by itself: without requests, and after its time', async () => {
    app = await appOn(hosts['node:http']!, { lifetimes: { idle: 60, absolute: 100 } })
    const first = await loggedIn()
    clock.moved = 61_000
    expect((await first.browser.visit(`${app.server.url}/me`)).status).to.equal(401)
    clock.moved = 0
    const second = await loggedIn()
    for (const moved of [50_000, 99_000]) {
      clock.moved = moved
      expect((await second.browser.visit(`${app.server.url}/me`)).status, String(moved)).to.equal(200)
    }
    clock.moved = 101_000
    expect((await second.browser.visit(`${app.server.url}/me`)).status).to.equal(401)
  })

  it('leaves nothing in the store that can be read without the cookie', async () => {
    app = await appOn()
    const kept: string[] = []
    const set = state.set.bind(state)
    state.set = (key, value, until) => (kept.push(key, value), set(key, value, until))
    const { browser } = await loggedIn()
    state.set = set
    expect(kept.join(' ')).not.to.match(/alice|eyJ/)
    expect(kept.join(' ')).not.to.include(browser.cookies.get('__Host-session'))
  })

  describe('refuses', () => {
    it('a callback that this browser did not begin, or that was used (login CSRF, replay)', async () => {
      app = await appOn()
      const attacker = new Browser((url) => url.origin === provider.issuer)
      const begun = new Browser((url) => url.origin === app.server.url && url.pathname === '/auth/login')
      await begun.visit(`${app.server.url}/auth/login`)
      attacker.cookies.clear()
      await throughProvider(attacker, await attacker.visit(begun.left!))
      const callback = attacker.left!
      expect(callback.pathname).to.equal('/auth/callback')
      const victim = app.browser()
      const refusal = await victim.visit(callback)
      expect([refusal.status, victim.cookies.has('__Host-session')]).to.deep.equal([400, false])
      const first = await begun.visit(callback)
      expect([first.status, begun.cookies.has('__Host-session')]).to.deep.equal([303, true])
      expect((await begun.visit(callback)).status).to.equal(400)
    })

    it('another state, another issuer, and an error, without a session', async () => {
      app = await appOn()
      for (const change of [{ state: 'x' }, { iss: 'https://evil.test' }, { code: 'x' }, { error: 'access_denied', code: '' }]) {
        const browser = app.browser()
        const stopping = new Browser((url) => url.origin === provider.issuer || url.pathname === '/auth/login')
        await throughProvider(stopping, await stopping.visit(`${app.server.url}/auth/login`))
        const callback = new URL(stopping.left!)
        for (const [name, value] of Object.entries(change)) {
          if (value === '') callback.searchParams.delete(name)
          else callback.searchParams.set(name, value)
        }
        for (const [name, value] of stopping.cookies) browser.cookies.set(name, value)
        const refusal = await browser.visit(callback)
        expect([refusal.status, browser.cookies.has('__Host-session')], JSON.stringify(change)).to.deep.equal([400, false])
      }
    })

    it('to keep a session that was there before the login (session fixation)', async () => {
      app = await appOn()
      const { browser } = await loggedIn()
      const planted = browser.cookies.get('__Host-session') ?? ''
      await loggedIn(browser)
      expect(browser.cookies.get('__Host-session')).not.to.equal(planted)
      browser.cookies.set('__Host-session', planted)
      expect((await browser.visit(`${app.server.url}/me`)).status).to.equal(401)
    })

    it('to change anything for a page of another origin (CSRF)', async () => {
      app = await appOn()
      const { browser } = await loggedIn()
      const post = (headers: Readonly<Record<string, string>>, path = '/change') =>
        browser.send(new URL(`${app.server.url}${path}`), 'POST', undefined, headers).then(({ status }) => status)
      const foreign = [
        {},
        { origin: 'https://evil.test' },
        { origin: 'null' },
        { 'sec-fetch-site': 'cross-site' },
        { 'sec-fetch-site': 'same-site' },
      ]
      for (const headers of [...foreign, { 'sec-fetch-site': 'none', origin: app.server.url }]) {
        expect(await post(headers as Record<string, string>), JSON.stringify(headers)).to.equal(403)
        expect(await post(headers as Record<string, string>, '/auth/logout'), JSON.stringify(headers)).to.equal(403)
      }
      expect(await post({ origin: app.server.url })).to.equal(200)
      expect(await post({ 'sec-fetch-site': 'same-origin' })).to.equal(200)
      expect(JSON.stringify(records.newest(20)).includes('malicious_csrf')).to.equal(true)
    })

    it('two session cookies, and one that is none', async () => {
      app = await appOn()
      const { browser } = await loggedIn()
      const good = browser.cookies.get('__Host-session') ?? ''
      const status = async (cookie: string) => (await fetch(`${app.server.url}/me`, { headers: { cookie } })).status
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
        expect(new URL(page.url).origin, wanted).to.equal(app.server.url)
      }
    })
  })

  it('goes on in two tabs at once', async () => {
    app = await appOn()
    const browser = new Browser((url) => url.origin === provider.issuer || url.pathname === '/auth/login')
    const callbacks: URL[] = []
    for (const wanted of ['/me', '/']) {
      await throughProvider(browser, await browser.visit(`${app.server.url}/auth/login?return_to=${wanted}`))
      callbacks.push(browser.left!)
    }
    for (const callback of callbacks) expect((await browser.visit(callback)).status).to.equal(303)
  })

  it('says that it cannot while the provider is away, and serves the rest', async () => {
    app = await appOn(hosts['node:http']!, { issuer: 'http://127.0.0.1:1' })
    expect((await fetch(`${app.server.url}/auth/login`)).status).to.equal(503)
    expect((await fetch(`${app.server.url}/`)).status).to.equal(200)
  })
})
