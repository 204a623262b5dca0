import { randomBytes } from 'node:crypto'
import type { RequestListener } from 'node:http'
import { expect } from 'chai'
import { http, serve } from '../../../adapters/http.js'
import type { RunningServer } from '../../../adapters/http.js'
import { Authenticated, Controller, Post, bearer, createApi, createLogger } from '../../../lib/index.js'
import type { Context } from '../../../lib/index.js'
import { clientCredentials } from '../../../lib/oauth.js'
import { freePort } from '../../free-port.js'
import { apiResource, machineKey, startProvider } from '../oidc-provider.js'
import type { RunningProvider } from '../oidc-provider.js'
import { clock, loggedIn, startWebApp } from './web-app.js'
import type { WebApp } from './web-app.js'

const outbound = { privateHosts: ['127.0.0.1'] }

@Controller('/')
class Notes {
  @Post('/notes')
  @Authenticated()
  add({ principal: { id, proofKey } }: Context) {
    return { id, isBound: proofKey !== undefined }
  }
}

describe('a login whose tokens are bound to a key, at a provider that wants all there is', () => {
  let provider: RunningProvider
  let api: RunningServer
  let app: WebApp
  let port = 0

  before(async () => {
    port = await freePort()
    provider = await startProvider(`http://127.0.0.1:${port}/auth/callback`, {
      clients: [
        {
          client_id: 'web',
          redirect_uris: [`http://127.0.0.1:${port}/auth/callback`],
          grant_types: ['authorization_code', 'refresh_token', 'client_credentials'],
          scope: 'openid offline_access orders:read',
          token_endpoint_auth_method: 'private_key_jwt',
          token_endpoint_auth_signing_alg: 'ES256',
          jwks: { keys: [{ ...machineKey.publicKey.export({ format: 'jwk' }), kid: 'machine-1', use: 'sig', alg: 'ES256' }] },
          require_pushed_authorization_requests: true,
          dpop_bound_access_tokens: true,
        },
      ] as never,
      features: { dPoP: { enabled: true, nonceSecret: randomBytes(32), requireNonce: () => true } },
    })
    let listener: RequestListener | undefined
    api = await serve((request, response) => listener?.(request, response), { port: 0 })
    listener = http(
      createApi({
        controllers: [Notes],
        authentication: bearer({ ...tokensOfProvider(), dpop: { origin: api.url, required: true, nonce: { secret: randomBytes(32) } } }),
        https: 'off',
        audit: { sinks: [] },
        logger: createLogger({ silent: true }),
      }),
    )
  })

  after(async () => {
    await api.close()
    await provider.close()
  })

  afterEach(async () => {
    clock.moved = 0
    await app.close()
  })

  const tokensOfProvider = () => ({
    ...{ issuer: provider.issuer, audience: apiResource, jwksUri: `${provider.issuer}/jwks`, typ: 'at+jwt', outbound },
  })

  const start = () =>
    startWebApp({
      port,
      async ask(context, login) {
        const init = { method: 'POST', body: JSON.stringify({ text: 'hello' }), headers: { 'content-type': 'application/json' } }
        const answer = await login.fetch(context, `${api.url}/notes`, init)
        const away = await login.fetch(context, 'https://evil.test/').catch((thrown: unknown) => thrown)
        return { status: answer.status, body: await answer.json(), isRefused: away instanceof TypeError }
      },
      options: {
        issuer: provider.issuer,
        privateKey: { key: machineKey.privateKey, algorithm: 'ES256', kid: 'machine-1' },
        clientSecret: undefined as never,
        verifier: bearer(tokensOfProvider()).verifier,
        scope: 'openid offline_access orders:read',
        resource: apiResource,
        pushesRequests: true,
        dpop: true,
        allow: [api.url],
        outbound,
      },
    })

  it('works, with a signed assertion, a pushed request, and nonces in proofs', async () => {
    app = await start()
    const { page } = await loggedIn(app)
    expect([page.status, page.url]).to.deep.equal([200, `${app.url}/me`])
    expect(JSON.parse(page.body)).to.include({ id: 'alice', issuer: provider.issuer })
  })

  it('asks other APIs with a proof, where that is allowed; its token alone is worth nothing there', async () => {
    app = await start()
    const { browser } = await loggedIn(app)
    const asked = JSON.parse((await browser.visit(`${app.url}/asked`)).body) as unknown
    expect(asked).to.deep.equal({ status: 200, body: { id: 'alice', isBound: true }, isRefused: true })
    const { token } = JSON.parse((await browser.visit(`${app.url}/token`)).body) as { token: string }
    for (const scheme of ['Bearer', 'DPoP']) {
      const answer = await fetch(`${api.url}/notes`, { method: 'POST', headers: { authorization: `${scheme} ${token}` } })
      expect(answer.status, scheme).to.equal(401)
    }
  })

  it('is renewed with the same key', async () => {
    app = await start()
    const { browser } = await loggedIn(app)
    const first = (await browser.visit(`${app.url}/token`)).body
    clock.moved = 295_000
    const second = (await browser.visit(`${app.url}/token`)).body
    expect(second).not.to.equal(first)
    const keyOf = (body: string) => {
      const { token } = JSON.parse(body) as { token: string }
      return (JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as { cnf: unknown }).cnf
    }
    expect(keyOf(second)).to.deep.equal(keyOf(first))
    expect(JSON.parse((await browser.visit(`${app.url}/asked`)).body)).to.deep.include({ status: 200 })
  })

  it('has keys that programs without people may have as well', async () => {
    app = await start()
    const source = clientCredentials({
      issuer: provider.issuer,
      discovery: 'oidc',
      clientId: 'web',
      privateKey: { key: machineKey.privateKey, algorithm: 'ES256', kid: 'machine-1' },
      scope: 'orders:read',
      resource: apiResource,
      dpop: true,
      allow: [api.url],
      outbound,
    })
    const add = () => source.fetch(`${api.url}/notes`, { method: 'POST', body: new URLSearchParams({ text: 'x' }) })
    for (const answer of await Promise.all([add(), add(), add()])) {
      expect([answer.status, await answer.json()]).to.deep.equal([200, { id: 'web', isBound: true }])
    }
  })
})
