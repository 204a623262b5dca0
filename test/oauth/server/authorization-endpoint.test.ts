import { expect } from 'chai'
import * as fc from 'fast-check'
import { isRegisteredRedirect, redirectMistake } from '../../../lib/oauth/server/redirect-uri.js'
import { Browser, logInAndAllow } from '../browser.js'
import { appCallback, basic, challenge, startServer, webCallback } from './fixture.js'
import type { TestServer } from './fixture.js'

const claimsOf = (token = '') => JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as Record<string, unknown>

describe('the authorization endpoint', () => {
  let server: TestServer

  before(async () => {
    server = await startServer()
  })

  after(() => server.close())

  /** Where a request sends the browser without a look at any page. */
  async function sentTo(changes: Readonly<Record<string, string | undefined>>, search = ''): Promise<URL | number> {
    const answer = await fetch(server.authorizeUrl(changes).href + search, { redirect: 'manual' })
    const location = answer.headers.get('location')
    return location === null ? answer.status : new URL(location)
  }

  async function errorOf(changes: Readonly<Record<string, string | undefined>>, search = ''): Promise<unknown> {
    const sent = await sentTo(changes, search)
    if (typeof sent === 'number') return sent
    expect(`${sent.origin}${sent.pathname}`).to.equal('https://web.test/callback')
    expect([sent.searchParams.get('from'), sent.searchParams.get('iss'), sent.searchParams.has('code')]).to.deep.equal([
      'server',
      server.url,
      false,
    ])
    return sent.searchParams.get('error')
  }

  it('sends a browser back with code, state and iss, by 303 (RFC 9207 §2, RFC 9700 §4.12)', async () => {
    const back = await logInAndAllow(server.browser(), server.authorizeUrl(), 'alice', 'alice-password')
    expect(back.href.startsWith(`${webCallback}&`)).to.equal(true)
    expect(Object.fromEntries(back.searchParams)).to.include({ state: 'of mine', iss: server.url })
    expect(back.searchParams.get('code')).to.match(/^[A-Za-z0-9_-]{43}$/)
  })

  it('RFC 6749 §4.1.2.1: sends nobody anywhere for a client or a redirect URI that it does not know', async () => {
    const evil = ['https://evil.test/', 'https://web.test/', `${webCallback}&a=1`, webCallback.toUpperCase(), `${webCallback}#`, undefined]
    const tricks = [
      'https://web.test/callback/../callback?from=server',
      'https://web.test@evil.test/callback?from=server',
      'https://web.test.evil.test/callback?from=server',
    ]
    const more = [
      'https://web.test:444/callback?from=server',
      'http://web.test/callback?from=server',
      'javascript:alert(1)',
      '//web.test/callback?from=server',
      ' https://web.test/callback?from=server',
    ]
    for (const redirect_uri of [...evil, ...tricks, ...more]) expect(await sentTo({ redirect_uri }), String(redirect_uri)).to.equal(400)
    for (const client_id of ['nobody', '__proto__', 'constructor', undefined, ''])
      expect(await sentTo({ client_id }), String(client_id)).to.equal(400)
    expect(await sentTo({}, '&redirect_uri=https://evil.test/')).to.equal(400)
    expect(await sentTo({}, '&client_id=app')).to.equal(400)
  })

  it('RFC 8252 §7.3: lets the port of a public client on this machine vary, and nothing else', async () => {
    const page = async (redirect_uri: string) => sentTo({ client_id: 'app', redirect_uri })
    for (const uri of [appCallback, 'http://127.0.0.1:51004/callback', 'http://127.0.0.1/callback'])
      expect(await page(uri), uri).to.equal(200)
    for (const uri of [
      'http://localhost:8400/callback',
      'http://[::1]:8400/callback',
      'http://127.0.0.2:8400/callback',
      'http://127.0.0.1:8400/callback/',
      'https://127.0.0.1:8400/callback',
      'http://127.0.0.1:99999/callback',
      'http://127.0.0.1:8400@evil.test/callback',
    ]) {
      expect(await page(uri), uri).to.equal(400)
    }
  })

  it('tells the client, at its redirect URI, what is wrong with the rest', async () => {
    expect(await errorOf({ response_type: 'token' })).to.equal('unsupported_response_type')
    expect(await errorOf({ response_type: 'code token' })).to.equal('unsupported_response_type')
    expect(await errorOf({ response_type: undefined })).to.equal('invalid_request')
    expect(await errorOf({ scope: 'orders:read admin' })).to.equal('invalid_scope')
    expect(await errorOf({ scope: '\u00e9' })).to.equal('invalid_scope')
    expect(await errorOf({ resource: 'https://unknown.test' })).to.equal('invalid_target')
    expect(await errorOf({ response_mode: 'fragment' })).to.equal('invalid_request')
    expect(await errorOf({ request: 'eyJ' })).to.equal('request_not_supported')
    for (const max_age of ['-1', '1.5', 'soon', '1e3', '9'.repeat(10)])
      expect(await errorOf({ max_age }), max_age).to.equal('invalid_request')
    expect(await errorOf({ unknown: 'parameter' })).to.equal(200)
  })

  it('RFC 7636 §4.3, RFC 9700 §2.1.1: wants S256 of every client, whatever it is called', async () => {
    for (const changes of [
      { code_challenge: undefined },
      { code_challenge_method: undefined },
      { code_challenge_method: 'plain' },
      { code_challenge_method: 's256' },
      { code_challenge: challenge.slice(1) },
      { code_challenge: `${challenge}=` },
      { code_challenge: undefined, code_challenge_method: undefined },
    ]) {
      expect(await errorOf(changes), JSON.stringify(changes)).to.equal('invalid_request')
    }
  })

  it('RFC 6749 §3.1: refuses a parameter that comes twice, whichever it is', async () => {
    for (const name of ['state', 'scope', 'code_challenge', 'code_challenge_method', 'response_type', 'dpop_jkt', 'anything']) {
      expect(await errorOf({}, `&${name}=a&${name}=b`), name).to.equal('invalid_request')
    }
  })

  it('takes no parameter out of the form that a page posts', async () => {
    const browser = server.browser()
    const page = await browser.visit(server.authorizeUrl())
    await browser.submit(page, {
      step: 'login',
      username: 'alice',
      password: 'alice-password',
      redirect_uri: 'https://evil.test/',
      scope: 'orders:write',
    })
    const consent = await browser.visit(server.authorizeUrl())
    await browser.submit(consent, { decision: 'allow', redirect_uri: 'https://evil.test/', client_id: 'trusted' })
    expect(browser.left?.origin).to.equal('https://web.test')
  })

  it('asks again for the password where the login is longer ago than the client wants (RFC 9470 §4)', async () => {
    const browser = server.browser()
    await logInAndAllow(browser, server.authorizeUrl(), 'alice', 'alice-password')
    const asks = async (max_age?: string) => (await browser.visit(server.authorizeUrl({ max_age }))).body.includes('name="password"')
    try {
      expect(await asks('0'), 'within the first minute').to.equal(false)
      server.clock.moved = 290_000
      expect([await asks(), await asks('300'), await asks('280')]).to.deep.equal([false, false, true])
      server.clock.moved = 301_000
      expect([await asks(), await asks('300'), await asks('0')]).to.deep.equal([false, true, true])
      const { body } = await server.redeem(await server.code({ max_age: '300' }, browser))
      const { auth_time } = claimsOf(body.access_token)
      expect(auth_time).to.be.within(Math.floor(server.clock.now() / 1000) - 5, Math.floor(server.clock.now() / 1000))
      expect(await asks('300')).to.equal(false)
    } finally {
      server.clock.moved = 0
    }
  })

  it('goes by what a login of the application says of its time, and tells it what a client wants', async () => {
    const wanted: unknown[] = []
    const times = [1_700_000_000_000, Number.NaN, undefined]
    const own = await startServer({
      login({ maxAge }) {
        wanted.push(maxAge)
        const authenticatedAt = times.shift()
        return { id: 'alice', ...(authenticatedAt === undefined ? {} : { authenticatedAt }) }
      },
      consent: () => true,
    })
    try {
      const back = async (max_age?: string) => {
        const browser = own.browser()
        const { status } = await browser.visit(own.authorizeUrl({ max_age }))
        return browser.left?.searchParams.get('code') ?? status
      }
      const authTime = async (code: string | number) => claimsOf((await own.redeem(String(code))).body.access_token)['auth_time']
      expect(await authTime(await back('300'))).to.equal(1_700_000_000)
      expect(await back(), 'a time that is none').to.equal(500)
      expect(await authTime(await back())).to.be.closeTo(own.clock.now() / 1000, 5)
      expect(wanted).to.deep.equal([300, undefined, undefined])
    } finally {
      await own.close()
    }
  })

  it('asks again for the password where it was wrong, and says no more', async () => {
    const browser = server.browser()
    const page = await browser.visit(server.authorizeUrl())
    const answers = [
      await browser.submit(page, { step: 'login', username: 'alice', password: 'x' }),
      await browser.submit(page, { step: 'login', username: 'nobody', password: 'x' }),
    ]
    const [first, second] = answers.map(({ body }) => body.replaceAll(/nonce="[^"]+"|alice|nobody/g, ''))
    expect(answers.map(({ status }) => status)).to.deep.equal([401, 401])
    expect(first).to.equal(second).and.to.include('role="alert"')
    expect([...browser.cookies.keys()]).to.deep.equal(['__Host-oauth-form'])
  })

  it('does nothing for a form of another site (login CSRF, consent CSRF)', async () => {
    const browser = server.browser()
    const form = new URLSearchParams({ step: 'login', username: 'alice', password: 'alice-password' })
    for (const headers of [
      {},
      { origin: 'https://evil.test' },
      { origin: 'null' },
      { 'sec-fetch-site': 'cross-site', origin: server.url },
      { 'sec-fetch-site': 'same-site' },
      { 'sec-fetch-site': 'none' },
    ]) {
      const answer = await browser.send(server.authorizeUrl(), 'POST', form, headers)
      expect([answer.status, browser.cookies.size], JSON.stringify(headers)).to.deep.equal([403, 0])
    }
    expect(JSON.stringify(server.records.newest(3))).to.include('malicious_csrf')
  })

  it('takes a form of its own page from a browser that does not say where it comes from', async () => {
    const fields = { step: 'login', username: 'ivan', password: 'ivan-password' }
    const browser = server.browser()
    const page = await browser.visit(server.authorizeUrl())
    const [, token = ''] = /name="form_token" value="([^"]+)"/.exec(page.body) ?? []
    const stranger = server.browser()
    await stranger.visit(server.authorizeUrl())
    const send = (own: Browser, form_token: string, headers: Readonly<Record<string, string>> = {}) =>
      own.send(server.authorizeUrl(), 'POST', new URLSearchParams({ ...fields, form_token }), headers).then(({ status }) => status)
    for (const wrong of ['', 'x', token.toLowerCase()]) expect(await send(browser, wrong), wrong).to.equal(403)
    expect(await send(stranger, token), 'of another browser').to.equal(403)
    expect(await send(browser, token, { 'sec-fetch-site': 'cross-site' })).to.equal(403)
    expect(await send(browser, token, { origin: 'https://evil.test' })).to.equal(403)
    expect([await send(browser, token), browser.cookies.has('__Host-oauth')]).to.deep.equal([200, true])
  })

  it('gets along with a browser that knows nothing but forms: no headers, no scripts, no buttons', async () => {
    const browser = server.browser()
    let page = await browser.visit(server.authorizeUrl())
    for (let steps = 0; steps < 3 && browser.left === undefined; steps += 1) {
      const [form = ''] = /<form[^]*?<\/form>/.exec(page.body) ?? []
      const [, action = ''] = /<form method="post" action="([^"]+)"/.exec(form) ?? []
      const inputs = [...form.matchAll(/<input[^>]*name="([^"]+)"(?:[^>]*value="([^"]*)")?/g)]
      const filled = inputs.map(([, name = '', value = '']): [string, string] => [
        name,
        { username: 'judy', password: 'judy-password' }[name] ?? value,
      ])
      page = await browser.send(new URL(action.replaceAll('&amp;', '&'), page.url), 'POST', new URLSearchParams(filled), {})
    }
    expect(browser.left?.searchParams.has('code')).to.equal(true)
  })

  it('starts a new cookie at each login (session fixation), and ends the old one', async () => {
    const browser = server.browser()
    browser.cookies.set('__Host-oauth', 'planted-by-somebody')
    await server.code({}, browser)
    const first = browser.cookies.get('__Host-oauth')!
    expect(first).to.match(/^[A-Za-z0-9_-]{43}$/)
    const page = await browser.visit(server.authorizeUrl({ scope: 'orders:write' }))
    await browser.submit(page, { step: 'leave' })
    await server.code({}, browser, 'bob')
    expect(browser.cookies.get('__Host-oauth')).not.to.equal(first)
    const thief = server.browser()
    thief.cookies.set('__Host-oauth', first)
    expect((await thief.visit(server.authorizeUrl())).body).to.include('name="password"')
  })

  it('remembers what was allowed to a client with a secret, and asks for more', async () => {
    const browser = server.browser()
    await server.code({ scope: 'orders:read' }, browser, 'carol')
    await browser.visit(server.authorizeUrl({ scope: 'orders:read' }))
    expect(browser.left?.searchParams.has('code')).to.equal(true)
    const page = await browser.visit(server.authorizeUrl({ scope: 'orders:read orders:write' }))
    expect(page.body).to.include('Change your orders')
    await browser.submit(page, { decision: 'deny' })
    expect(browser.left?.searchParams.get('error')).to.equal('access_denied')
  })

  it('RFC 9700 §4.14: asks each time for a public client, since any program could be it', async () => {
    const browser = server.browser()
    const changes = { client_id: 'app', redirect_uri: appCallback }
    await server.code(changes, browser)
    expect((await browser.visit(server.authorizeUrl(changes))).body).to.include('value="allow"')
  })

  it('takes no consent for somebody who was not asked', async () => {
    const browser = server.browser()
    const page = await browser.visit(server.authorizeUrl({ scope: 'orders:write' }))
    const consent = await browser.submit(page, { step: 'login', username: 'dave', password: 'dave-password' })
    const answer = await browser.submit(consent, { decision: 'allow', subject: 'alice' })
    expect([answer.status, browser.left]).to.deep.equal([200, undefined])
    expect(answer.body).to.include('dave')
  })

  it('gives no code to somebody whose id is a client (RFC 9700 §4.15)', async () => {
    const browser = server.browser()
    const page = await browser.visit(server.authorizeUrl())
    const answer = await browser.submit(page, { step: 'login', username: 'machine', password: 'machine-password' })
    expect([answer.status, browser.left]).to.deep.equal([500, undefined])
  })

  it('never asks people about a program of the house', async () => {
    const browser = server.browser()
    const page = await browser.visit(server.authorizeUrl({ client_id: 'trusted', redirect_uri: 'https://trusted.test/' }))
    await browser.submit(page, { step: 'login', username: 'alice', password: 'alice-password' })
    expect(browser.left?.origin).to.equal('https://trusted.test')
  })

  it('shows pages that no other site can frame, fill in or write into', async () => {
    const browser = server.browser()
    const login = await browser.visit(server.authorizeUrl({ state: '"><script>alert(1)</script>' }))
    const consent = await browser.submit(login, { step: 'login', username: 'grace', password: 'grace-password' })
    for (const page of [login, consent]) {
      const policy = page.headers.get('content-security-policy') ?? ''
      expect(policy).to.match(
        /^default-src 'none'; style-src 'nonce-[^']+'; form-action 'self' https:\/\/web\.test; base-uri 'none'; frame-ancestors 'none'$/,
      )
      expect(page.headers.get('x-frame-options')).to.equal('DENY')
      expect(page.headers.get('cache-control')).to.equal('no-store')
      expect(page.headers.get('access-control-allow-origin')).to.equal(null)
      expect(page.body).not.to.match(/<script|Web <shop>|See <your>/)
    }
    expect(consent.body).to.include('Web &lt;shop&gt;').and.to.include('See &lt;your&gt; orders')
    const wrong = await browser.submit(await server.browser().visit(server.authorizeUrl()), {
      step: 'login',
      username: '"><img src=x>',
      password: 'x',
    })
    expect(wrong.body).not.to.include('<img')
  })

  it('keeps codes, passwords and cookies out of the records', async () => {
    const browser = server.browser()
    const code = await server.code({}, browser, 'erin')
    await server.redeem(code)
    const records = JSON.stringify(server.records.newest(50))
    for (const secret of [code, 'erin-password', browser.cookies.get('__Host-oauth')!, 'secret of web'])
      expect(records).not.to.include(secret)
  })

  describe('with pushed requests (RFC 9126)', () => {
    const pushed = async (form: Readonly<Record<string, string>> = {}, headers = basic('web')) => {
      const sound = {
        response_type: 'code',
        client_id: 'web',
        redirect_uri: webCallback,
        scope: 'orders:read',
        code_challenge: challenge,
        code_challenge_method: 'S256',
      }
      return server.post('/oauth/par', { ...sound, ...form }, headers)
    }
    const url = (request_uri: string, client_id = 'web') =>
      new URL(`${server.url}/oauth/authorize?${new URLSearchParams({ client_id, request_uri }).toString()}`)

    it('goes by what was pushed, once, whatever else the address says', async () => {
      const answer = await pushed()
      expect([answer.status, answer.body['expires_in']]).to.deep.equal([201, 600])
      const address = url(answer.body['request_uri']!)
      address.searchParams.set('redirect_uri', 'https://evil.test/')
      const browser = server.browser()
      const back = await logInAndAllow(browser, address, 'frank', 'frank-password')
      expect(back.origin).to.equal('https://web.test')
      expect((await browser.visit(address)).status).to.equal(400)
    })

    it('refuses those of another client, old ones, unknown ones and nested ones', async () => {
      const { body } = await pushed()
      const status = async (address: URL) => (await new Browser(() => false).visit(address)).status
      expect(await status(url(body['request_uri']!, 'app'))).to.equal(400)
      for (const uri of ['x', 'https://evil.test/request', 'urn:ietf:params:oauth:request_uri:x'])
        expect(await status(url(uri)), uri).to.equal(400)
      server.clock.moved = 601_000
      expect(await status(url(body['request_uri']!))).to.equal(400)
      server.clock.moved = 0
      expect((await pushed({ request_uri: body['request_uri']! })).body['error']).to.equal('invalid_request')
    })

    it('judges them when they are pushed, and wants the client to say who it is', async () => {
      expect((await pushed({ redirect_uri: 'https://evil.test/' })).status).to.equal(400)
      expect((await pushed({ code_challenge_method: 'plain' })).body['error']).to.equal('invalid_request')
      expect((await pushed({ client_id: 'web' }, { authorization: 'Basic x' })).status).to.equal(401)
      expect((await pushed({}, basic('web', 'wrong'))).body['error']).to.equal('invalid_client')
    })

    it('takes no others from a client that pushes', async () => {
      const sent = await sentTo({ client_id: 'pusher', redirect_uri: 'https://pusher.test/' })
      expect((sent as URL).searchParams.get('error')).to.equal('invalid_request')
    })
  })
})

describe('redirect URIs', () => {
  it('are compared to the character, but for the port of a public client on this machine', () => {
    const part = fc.constantFrom('http://', 'https://', '127.0.0.1', '[::1]', 'a.test', ':8400', ':1', '/', 'cb', '?a', '#b', '@')
    const uri = fc.array(part, { maxLength: 6 }).map((parts) => parts.join(''))
    const withoutPort = (text: string) => text.replace(/^(http:\/\/(?:127\.0\.0\.1|\[::1\]))(?::\d+)?(?=\/|$)/, '$1')
    fc.assert(
      fc.property(uri, uri, (given, registered) => {
        expect(isRegisteredRedirect(given, [registered], false)).to.equal(given === registered)
        expect(isRegisteredRedirect(given, [registered], true)).to.equal(
          given === registered || withoutPort(given) === withoutPort(registered),
        )
      }),
      { numRuns: 2_000 },
    )
  })

  it('are registered whole, and lead to whoever registered them', () => {
    for (const uri of ['https://a.test/cb', 'https://a.test/cb?x=1', 'http://127.0.0.1:1/cb', 'http://[::1]/', 'com.example.app:/cb']) {
      expect(redirectMistake(uri), uri).to.equal(undefined)
    }
    const wrong = [
      '/cb',
      'http://a.test/cb',
      'http://localhost/cb',
      'https://*.a.test/cb',
      'https://a.test/cb#x',
      'https://u:p@a.test/',
      'javascript:alert(1)',
      'data:text/html,x',
      'myapp:/cb',
      'https://a.test/ cb',
      'https://a.test/?code=1',
      '',
      undefined,
    ]
    for (const uri of wrong) expect(redirectMistake(uri), String(uri)).to.be.a('string')
  })
})
