import type { ServerResponse } from 'node:http'
import { expect } from 'chai'
import { SignJWT, generateKeyPair } from 'jose'
import { Browser } from '../browser.js'
import { json, startHostileProvider } from './hostile-provider.js'
import type { HostileProvider } from './hostile-provider.js'
import { clock, newestReason, startWebApp } from './web-app.js'
import type { WebApp } from './web-app.js'

const outbound = { privateHosts: ['127.0.0.1'], timeout: 3_000 }
const impatient = { ...outbound, timeout: 300 }

describe('a login at a provider that does what a good one never does', () => {
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

  const start = async (options = {}) => (app = await startWebApp({ options: { issuer: provider.issuer, outbound, ...options } }))

  async function logIn(browser = app.browser()): Promise<{ browser: Browser; status: number; isIn: boolean }> {
    const { status } = await browser.visit(`${app.url}/auth/login?return_to=/me`)
    return { browser, status, isIn: browser.cookies.has('__Host-session') }
  }

  it('works where it behaves', async () => {
    await start()
    expect(await logIn()).to.deep.include({ status: 200, isIn: true })
  })

  it('asks for a login that is recent and strong enough where a page does, and for nothing else of it (RFC 9470 §4)', async () => {
    await start()
    const asked = async (query: string) => {
      const browser = new Browser((url) => url.origin === app.url)
      const { status } = await browser.visit(`${app.url}/auth/login?${query}`)
      return { status, parameters: Object.fromEntries(browser.left?.searchParams ?? []) }
    }
    const { parameters } = await asked(
      'return_to=/me&acr_values=gold%20silver&max_age=300&client_id=evil&scope=all&redirect_uri=https://evil.test',
    )
    expect(parameters).to.include({ acr_values: 'gold silver', max_age: '300', client_id: 'web' })
    expect(parameters['scope']).not.to.include('all')
    expect(parameters['redirect_uri']).to.equal(`${app.url}/auth/callback`)
    expect((await asked('return_to=/me')).parameters).not.to.have.any.keys('acr_values', 'max_age')
    for (const bad of [
      'max_age=-1',
      'max_age=',
      'max_age=soon',
      'max_age=1&max_age=2',
      'max_age=1e9',
      'acr_values=',
      'acr_values=a%0Ab',
      'acr_values=%22',
      `acr_values=${'a'.repeat(1_001)}`,
    ]) {
      expect((await asked(bad)).status, bad).to.equal(400)
    }
  })

  it('binds the code to browser, key and API: it is of no use to whoever reads it on its way', async () => {
    await start({ dpop: true, resource: 'https://api.test' })
    const browser = new Browser((url) => url.origin === app.url)
    await browser.visit(`${app.url}/auth/login`)
    const asked = Object.fromEntries(browser.left!.searchParams)
    expect(asked).to.include({ response_type: 'code', code_challenge_method: 'S256', resource: 'https://api.test' })
    for (const name of ['state', 'nonce', 'code_challenge', 'dpop_jkt']) expect(asked[name], name).to.match(/^[A-Za-z0-9_-]{43}$/)
    let form: URLSearchParams | undefined
    provider.answers.set('/token', (response, sent) => ((form = sent), json(response, { error: 'invalid_grant' }, 400)))
    await logIn()
    expect(form?.get('resource')).to.equal('https://api.test')
    expect(form?.get('redirect_uri')).to.equal(`${app.url}/auth/callback`)
  })

  describe('is refused, and leaves no session', () => {
    const refused = async (reason: string) => {
      expect(await logIn(), reason).to.deep.include({ status: 400, isIn: false })
      expect(newestReason()).to.equal(reason)
    }

    it('where its ID token is for another login, another client or another time, or of another issuer', async () => {
      await start()
      const cases: ReadonlyArray<readonly [claims: Readonly<Record<string, unknown>>, reason: string]> = [
        [{ nonce: 'of another login' }, 'wrong-nonce'],
        [{ nonce: undefined }, 'wrong-nonce'],
        [{ iss: 'https://evil.test' }, 'wrong-iss'],
        [{ iss: `${provider.issuer}/` }, 'wrong-iss'],
        [{ aud: 'another client' }, 'wrong-aud'],
        [{ aud: ['web', 'another client'] }, 'wrong-aud'],
        [{ sub: undefined }, 'wrong-sub'],
      ]
      for (const [claims, reason] of cases) {
        provider.claims = claims
        await refused(reason)
      }
    })

    it('where there is no ID token, or one that nobody signed (none), or that somebody changed', async () => {
      await start()
      provider.tokens = { id_token: undefined }
      await refused('wrong-id-token')
      provider.tokens = {}
      provider.forge = (token) => {
        const [, payload = ''] = token.split('.')
        return `${Buffer.from('{"alg":"none"}').toString('base64url')}.${payload}.`
      }
      expect(await logIn()).to.deep.include({ isIn: false })
      provider.forge = (token) => {
        const [header = '', payload = '', signature = ''] = token.split('.')
        const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as object
        return `${header}.${Buffer.from(JSON.stringify({ ...claims, sub: 'mallory' })).toString('base64url')}.${signature}`
      }
      await refused('login-refused')
    })

    it('where its token is not bound to the key, though it was asked to bind it', async () => {
      await start({ dpop: true })
      await refused('login-refused')
    })

    it('where the answer to the browser bears tokens (implicit, hybrid)', async () => {
      await start()
      const browser = app.stoppingBrowser()
      await browser.visit(`${app.url}/auth/login`)
      const callback = new URL(browser.left!)
      callback.searchParams.set('id_token', 'x')
      expect((await browser.visit(callback)).status).to.equal(400)
    })

    it('where the answer says one thing twice', async () => {
      await start()
      for (const name of ['state', 'iss', 'code']) {
        const browser = app.stoppingBrowser()
        await browser.visit(`${app.url}/auth/login`)
        const callback = new URL(browser.left!)
        callback.searchParams.append(name, callback.searchParams.get(name)!)
        expect((await browser.visit(callback)).status, name).to.equal(400)
        expect(browser.cookies.has('__Host-session')).to.equal(false)
      }
    })
  })

  describe('is answered with 503 in time, and leaves no session,', () => {
    const away = async (status = 503) => expect(await logIn()).to.deep.include({ status, isIn: false })

    it('where it hangs, answers with too much, with nonsense, or breaks off', async () => {
      await start({ outbound: impatient })
      const token: ReadonlyArray<(response: ServerResponse) => unknown> = [
        () => undefined,
        (response) => json(response, { access_token: 'x'.repeat(300_000) }),
        (response) => response.writeHead(200, { 'content-type': 'application/json' }).end('{"access_token":'),
        (response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<h1>Welcome</h1>'),
        (response) => response.writeHead(200, { 'content-type': 'application/json', 'content-length': '99' }).write('{'),
        (response) => response.destroy(),
        (response) => response.writeHead(302, { location: 'http://169.254.169.254/' }).end(),
        (response) => json(response, { error: 'server_error' }, 500),
        (response) => json(response, { error: 'slow_down' }, 429),
      ]
      for (const answer of token) {
        provider.answers.set('/token', answer)
        await away()
      }
    }).timeout(5_000)

    it('where it does not know this application: what is wrong is for the operator to read', async () => {
      await start()
      provider.answers.set('/token', (response) =>
        json(response, { error: 'invalid_client' }, 401, { 'www-authenticate': 'Basic realm="x"' }),
      )
      await away()
      expect(newestReason()).to.equal('client-refused')
      provider.answers.set('/token', (response) => json(response, { error: 'unauthorized_client' }, 400))
      await away()
      expect(newestReason()).to.equal('client-refused')
    })

    it('where its metadata are those of another issuer, by as little as a slash', async () => {
      for (const issuer of ['https://evil.test', `${provider.issuer}/`, provider.issuer.replace('http', 'HTTP')]) {
        provider.metadata = { issuer }
        await start()
        await away()
        await app.close()
      }
      await start()
    })

    it('where its metadata send browsers to a script, or secrets to another scheme', async () => {
      const wrong = [
        { authorization_endpoint: 'javascript:alert(1)' },
        { authorization_endpoint: 'data:text/html,x' },
        { authorization_endpoint: 1 },
      ]
      for (const metadata of [...wrong, { authorization_endpoint: undefined }, { token_endpoint: 'http://192.0.2.1/token' }]) {
        provider.metadata = metadata
        await start()
        await away()
        await app.close()
      }
      await start()
    })

    it('where its metadata cannot be had; it is asked again after a moment, and by one at a time', async () => {
      await start()
      let discoveries = 0
      provider.answers.set('/.well-known/openid-configuration', (response) => ((discoveries += 1), response.writeHead(500).end()))
      const login = async () => (await app.browser().visit(`${app.url}/auth/login`)).status
      expect(await Promise.all([login(), login(), login()])).to.deep.equal([503, 503, 503])
      expect(await login()).to.equal(503)
      expect(discoveries).to.equal(1)
      provider.behave()
      expect(await login()).to.equal(503)
      clock.moved += 2_001
      expect((await logIn()).status).to.equal(200)
    })
  })

  it('cannot have its code redeemed at another provider (mix-up)', async () => {
    const other = await startHostileProvider()
    // Neither says in its answers who it is: what tells them apart is what was begun where.
    provider.metadata = other.metadata = { authorization_response_iss_parameter_supported: false }
    app = await startWebApp({ options: { issuer: provider.issuer, outbound } })
    const second = await startWebApp({ options: { issuer: other.issuer, outbound, path: '/other' } })
    try {
      const browser = app.stoppingBrowser()
      await browser.visit(`${app.url}/auth/login`)
      const honest = new URL(browser.left!)
      honest.searchParams.delete('iss')
      const mixed = new URL(`${second.url}/other/callback${honest.search}`)
      expect((await browser.visit(mixed)).status).to.equal(400)
      expect(newestReason()).to.equal('unknown-login')
      expect(other.asked, 'no code has left').to.deep.equal([])
      expect((await browser.visit(honest)).status).to.equal(303)
      // Nor is a session of one a session of the other, whatever cookie it came in.
      const session = browser.cookies.get('__Host-session') ?? ''
      expect((await fetch(`${app.url}/me`, { headers: { cookie: `__Host-session=${session}` } })).status).to.equal(200)
      expect((await fetch(`${second.url}/me`, { headers: { cookie: `__Host-session=${session}` } })).status).to.equal(401)
    } finally {
      await second.close()
      await other.close()
    }
  })

  it('cannot put another person into a session when it is renewed', async () => {
    provider.metadata = { id_token_signing_alg_values_supported: ['RS256', 'ES256'] }
    await start()
    const { browser } = await logIn()
    const { privateKey } = await generateKeyPair('ES256')
    const idToken = await new SignJWT({ iss: provider.issuer, aud: 'web', sub: 'mallory' })
      .setProtectedHeader({ alg: 'ES256' })
      .setIssuedAt()
      .setExpirationTime('5m')
      .sign(privateKey)
    provider.answers.set('/token', (response) =>
      json(response, { access_token: 'x', token_type: 'bearer', expires_in: 300, id_token: idToken }),
    )
    clock.moved = 295_000
    expect((await browser.visit(`${app.url}/me`)).status).to.equal(401)
    provider.behave()
    expect((await browser.visit(`${app.url}/me`)).status).to.equal(401)
  })
})
