import { expect } from 'chai'
import { MemoryStateStore, StoredRevocations, TokenRefused, Unavailable } from '../../../lib/index.js'
import type { Identity, StateStore, TokenVerifier } from '../../../lib/index.js'
import type { OAuthLoginOptions } from '../../../lib/oauth.js'
import type { Browser, ShownPage } from '../browser.js'
import { json, startHostileProvider } from './hostile-provider.js'
import type { HostileProvider } from './hostile-provider.js'
import { clock, newestReason, records, startWebApp } from './web-app.js'
import type { WebApp } from './web-app.js'

const outbound = { privateHosts: ['127.0.0.1'], timeout: 3_000 }
const impatient = { ...outbound, timeout: 300 }

describe('a session in a browser', () => {
  let provider: HostileProvider
  let app: WebApp

  before(async () => {
    provider = await startHostileProvider()
  })

  after(() => provider.close())

  beforeEach(() => provider.behave())

  afterEach(async () => {
    clock.moved = 0
    await app.close()
  })

  const start = async (options: Partial<OAuthLoginOptions> = {}, store?: StateStore) =>
    (app = await startWebApp({
      ...(store === undefined ? {} : { state: store }),
      options: { issuer: provider.issuer, outbound, ...options },
    }))

  async function loggedIn(): Promise<Browser> {
    const browser = app.browser()
    expect((await browser.visit(`${app.url}/auth/login?return_to=/me`)).status).to.equal(200)
    return browser
  }

  const logOut = (browser: Browser): Promise<ShownPage> =>
    browser.send(new URL(`${app.url}/auth/logout`), 'POST', undefined, { 'sec-fetch-site': 'same-origin' })

  const status = async (browser: Browser, path = '/me') => (await browser.visit(`${app.url}${path}`)).status

  const cookiesOf = ({ headers }: ShownPage) => headers.getSetCookie()

  it('is behind a cookie that neither scripts nor other sites nor other hosts can use', async () => {
    await start()
    const browser = app.stoppingBrowser()
    await browser.visit(`${app.url}/auth/login`)
    const page = await browser.visit(browser.left!)
    expect([page.status, page.headers.get('location'), page.headers.get('cache-control')]).to.deep.equal([303, '/', 'no-store'])
    expect(cookiesOf(page)).to.have.length(1)
    expect(cookiesOf(page)[0]).to.match(/^__Host-session=[A-Za-z0-9_-]{43}; Path=\/; Secure; HttpOnly; SameSite=Lax$/)
  })

  it('may have a cookie of another name', async () => {
    await start({ cookie: '__Host-shop' })
    const browser = await loggedIn()
    expect([...browser.cookies.keys()].toSorted()).to.deep.equal(['__Host-login', '__Host-shop'])
    expect(cookiesOf(await logOut(browser))).to.deep.equal([])
    expect(browser.cookies.has('__Host-shop')).to.equal(false)
  })

  it('has a name of its own where the provider gives none, which says nothing of its secret', async () => {
    await start()
    const browser = await loggedIn()
    const { sessionId } = JSON.parse((await browser.visit(`${app.url}/session`)).body) as { sessionId: string }
    expect(sessionId).to.match(/^[0-9a-f-]{36}$/)
    provider.claims = { sid: 'session-7' }
    const named = JSON.parse((await (await loggedIn()).visit(`${app.url}/session`)).body) as object
    expect(named).to.include({ sessionId: 'session-7' })
  })

  it('is strong and recent as its ID token says, and stays a session where it is not', async () => {
    await start()
    const authTime = () => Math.floor(clock.now() / 1000)
    provider.claims = { acr: 'gold', amr: ['pwd', 'otp'], auth_time: authTime() }
    const browser = await loggedIn()
    expect(await status(browser, '/recent')).to.equal(200)
    clock.moved += 301_000
    const { status: refused, headers } = await browser.visit(`${app.url}/recent`)
    expect([refused, newestReason()]).to.deep.equal([401, 'stale-login'])
    expect(headers.get('www-authenticate')).to.equal(
      'Bearer realm="api", error="insufficient_user_authentication", error_description="This needs a more recent login", ' +
        'acr_values="gold", max_age="300"',
    )
    expect(headers.getSetCookie()).to.deep.equal([])
    expect(await status(browser)).to.equal(200)
    provider.claims = { acr: 'silver', amr: ['pwd', 'otp'], auth_time: authTime() }
    expect(await status(await loggedIn(), '/recent')).to.equal(401)
    expect(newestReason()).to.equal('missing-acr gold')
    provider.claims = {}
    expect(await status(await loggedIn(), '/recent')).to.equal(401)
  })

  it('is never looked up for what cannot be its secret, and ends the cookie of what is none', async () => {
    const seen: string[] = []
    const store = new MemoryStateStore({ clock })
    const get = store.get.bind(store)
    store.get = (key) => (seen.push(key), get(key))
    await start({}, store)
    for (const secret of ['x', 'A'.repeat(44), '../session', 'A'.repeat(10_000)]) {
      const answer = await fetch(`${app.url}/me`, { headers: { cookie: `__Host-session=${secret}` } })
      expect(answer.status).to.equal(401)
      expect(answer.headers.getSetCookie()).to.deep.equal(['__Host-session=; Path=/; Max-Age=0; Secure; HttpOnly; SameSite=Lax'])
    }
    expect(seen.filter((key) => key.startsWith('session:'))).to.deep.equal([])
  })

  it('is renewed no more often than twice in the life of its token, however short that is', async () => {
    provider.tokens = { expires_in: 8 }
    await start()
    const browser = await loggedIn()
    const renewals = () => provider.asked.filter((one) => one === 'POST /token').length - 1
    for (let request = 0; request < 3; request += 1) expect(await status(browser)).to.equal(200)
    expect(renewals()).to.equal(0)
    clock.moved = 4_001
    for (let request = 0; request < 3; request += 1) expect(await status(browser)).to.equal(200)
    expect(renewals()).to.equal(1)
  })

  describe('ends with a log-out,', () => {
    it('and its refresh token is taken back at the provider', async () => {
      await start()
      const browser = await loggedIn()
      const cookie = browser.cookies.get('__Host-session') ?? ''
      let revoked: string | null = null
      let shown: string | undefined
      provider.answers.set('/revoke', (response, form, request) => {
        revoked = form.get('token')
        shown = request.headers.authorization
        response.writeHead(200).end()
      })
      const page = await logOut(browser)
      expect([page.url, page.status]).to.deep.equal([`${app.url}/`, 200])
      expect(revoked).to.match(/^refresh-/)
      expect(shown).to.match(/^Basic /)
      browser.cookies.set('__Host-session', cookie)
      expect(await status(browser)).to.equal(401)
      expect(records.newest(5).map(({ event }) => event)).to.include('session_logout')
    })

    it('whatever the provider does: it hangs, fails, or sends browsers to a script', async () => {
      await start({ outbound: impatient })
      const cases: ReadonlyArray<() => void> = [
        () => provider.answers.set('/revoke', () => undefined),
        () => provider.answers.set('/revoke', (response) => response.writeHead(500).end()),
        () => provider.answers.set('/revoke', (response) => response.destroy()),
      ]
      for (const misbehave of cases) {
        const browser = await loggedIn()
        misbehave()
        expect((await logOut(browser)).url).to.equal(`${app.url}/`)
        expect(browser.cookies.has('__Host-session')).to.equal(false)
        provider.behave()
      }
      await app.close()
      provider.metadata = { end_session_endpoint: 'javascript:alert(1)' }
      await start()
      expect((await logOut(await loggedIn())).url).to.equal(`${app.url}/`)
    })

    it('at the provider too, where it has one', async () => {
      provider.metadata = { end_session_endpoint: `${provider.issuer}/end?x=1` }
      await start({ afterLogout: '/bye' })
      const page = await logOut(await loggedIn())
      const address = new URL(page.url)
      expect(`${address.origin}${address.pathname}`).to.equal(`${provider.issuer}/end`)
      expect(Object.fromEntries(address.searchParams)).to.include({ x: '1', client_id: 'web', post_logout_redirect_uri: `${app.url}/bye` })
    })

    it('of the browser, which forgets cookie and storage, though the store is away: and is told of it', async () => {
      const store = new MemoryStateStore({ clock })
      await start({}, store)
      const browser = await loggedIn()
      store.take = () => {
        throw new Unavailable(undefined, { reason: 'state-unavailable' })
      }
      const page = await logOut(browser)
      expect([page.status, page.headers.get('clear-site-data')]).to.deep.equal([503, '"cache", "storage"'])
      expect(browser.cookies.has('__Host-session')).to.equal(false)
    })

    it('without a session as well, and never by a link', async () => {
      await start()
      expect((await logOut(app.browser())).url).to.equal(`${app.url}/`)
      const browser = await loggedIn()
      expect(await status(browser, '/auth/logout')).to.equal(405)
      expect(await status(browser)).to.equal(200)
    })
  })

  it('lets nobody in while the store is away, and keeps its cookie', async () => {
    const store = new MemoryStateStore({ clock })
    await start({}, store)
    const browser = await loggedIn()
    const get = store.get.bind(store)
    store.get = () => {
      throw new Unavailable(undefined, { reason: 'state-unavailable' })
    }
    expect(await status(browser)).to.equal(503)
    store.get = get
    expect(await status(browser)).to.equal(200)
  })

  describe('that is known by its access token', () => {
    /** Takes every token but those that were spoilt, and says that it was issued right now. */
    const spoilt = new Set<string>()
    const verifier: TokenVerifier = {
      verify(token, now): Identity {
        if (spoilt.has(token)) throw new TokenRefused('expired')
        const none: readonly string[] = []
        const facts = { roles: none, scopes: none, claims: {}, tokenId: token, expiresAt: now + 60_000, issuedAt: now }
        return { id: 'alice', kind: 'user', issuer: provider.issuer, ...facts }
      },
    }

    it('is renewed where the token is worth nothing before its time, and ends where that does not help', async () => {
      await start({ verifier })
      const browser = await loggedIn()
      const token = async () => (JSON.parse((await browser.visit(`${app.url}/token`)).body) as { token: string }).token
      const first = await token()
      spoilt.add(first)
      const second = await token()
      expect(second).not.to.equal(first)
      provider.answers.set('/token', (response) => json(response, { error: 'invalid_grant' }, 400))
      spoilt.add(second)
      expect(await status(browser)).to.equal(401)
      expect(newestReason()).to.equal('token-expired')
    })

    it('is as strong as its ID token says, where the access token does not say it', async () => {
      const said: Record<string, unknown> = {}
      const speaking: TokenVerifier = {
        async verify(token, now) {
          return { ...(await verifier.verify(token, now)), claims: said }
        },
      }
      await start({ verifier: speaking })
      provider.claims = { acr: 'gold', amr: ['otp'], auth_time: Math.floor(clock.now() / 1000) }
      const browser = await loggedIn()
      expect(await status(browser, '/recent')).to.equal(200)
      said['acr'] = 'silver'
      expect(await status(browser, '/recent')).to.equal(401)
      expect(newestReason()).to.equal('missing-acr gold')
    })

    it('ends where somebody is logged out everywhere, also after its token was renewed', async () => {
      const store = new MemoryStateStore({ clock })
      await start({ verifier }, store)
      const browser = await loggedIn()
      const revocations = new StoredRevocations(store, { clock })
      await revocations.revokeSubject({ issuer: provider.issuer, id: 'alice' })
      expect(await status(browser)).to.equal(401)
      const kept = app.browser()
      clock.moved += 1_000
      expect((await kept.visit(`${app.url}/auth/login?return_to=/me`)).status, 'a new login is a new session').to.equal(200)
      const cookie = kept.cookies.get('__Host-session') ?? ''
      clock.moved += 1_000
      await revocations.revokeSubject({ issuer: provider.issuer, id: 'alice' })
      // Whoever stole the cookie waits until the token is renewed.
      clock.moved += 299_000
      kept.cookies.set('__Host-session', cookie)
      expect(await status(kept)).to.equal(401)
      expect(newestReason()).to.equal('token-revoked')
      expect(provider.asked.filter((one) => one === 'POST /token').length).to.equal(3)
    })

    it('is none where the token is bound to a key that is not the session’s', async () => {
      const bound: TokenVerifier = { verify: (token, now) => ({ ...(verifier.verify(token, now) as Identity), proofKey: 'x'.repeat(43) }) }
      await start({ verifier: bound })
      const browser = app.browser()
      expect((await browser.visit(`${app.url}/auth/login?return_to=/me`)).status).to.equal(401)
      expect(newestReason()).to.equal('token-sender-constrained')
    })
  })
})
