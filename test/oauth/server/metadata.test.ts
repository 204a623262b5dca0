import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { expect } from 'chai'
import { http, serve } from '../../../adapters/http.js'
import { createApi, createLogger } from '../../../lib/index.js'
import { authorizationServer, loginPage, metadataUrl, protectedResource } from '../../../lib/oauth.js'
import type { AuthorizationServerOptions, OAuthClient } from '../../../lib/oauth.js'
import { startServer } from './fixture.js'

const keys = [1, 2].map((number) => {
  return { kid: `k${number}`, algorithm: 'ES256', privateKey: generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey } as const
})
const machine: OAuthClient = { id: 'machine', jwks: { keys: [] }, scopes: ['a'] }
const sound: AuthorizationServerOptions = {
  issuer: 'https://auth.test',
  keys,
  clients: [machine],
  resources: { 'https://api.test': { a: 'A' } },
}

describe('what an authorization server says of itself', () => {
  it('RFC 8414 §2: where everything is, and what it can do', async () => {
    const server = await startServer()
    const answer = await fetch(`${server.url}/.well-known/oauth-authorization-server`)
    expect(answer.headers.get('cache-control')).to.equal('public, max-age=300')
    const document = (await answer.json()) as Record<string, unknown>
    expect(document).to.deep.include({
      issuer: server.url,
      authorization_endpoint: `${server.url}/oauth/authorize`,
      token_endpoint: `${server.url}/oauth/token`,
      pushed_authorization_request_endpoint: `${server.url}/oauth/par`,
      response_types_supported: ['code'],
      grant_types_supported: ['authorization_code', 'client_credentials', 'refresh_token'],
      code_challenge_methods_supported: ['S256'],
      authorization_response_iss_parameter_supported: true,
    })
    for (const [name, value] of Object.entries(document)) {
      if (Array.isArray(value)) expect(value, name).not.to.have.length(0)
      if (name.endsWith('_endpoint') || name === 'jwks_uri') {
        const method = name === 'jwks_uri' || name === 'authorization_endpoint' ? 'GET' : 'POST'
        expect((await fetch(String(value), { method })).status, name).not.to.equal(404)
      }
    }
    await server.close()
  })

  it('stands between host and path of the issuer, and shows public keys alone, all of them (key rotation)', async () => {
    const controller = authorizationServer({ ...sound, issuer: 'http://127.0.0.1/tenant/one/', path: '/tenant/one' })
    const api = createApi({
      controllers: [controller, protectedResource({ resource: 'https://api.test/v1/', authorizationServers: ['https://auth.test'] })],
      https: 'off',
      cors: { origins: ['https://spa.test'] },
      audit: { sinks: [] },
      logger: createLogger({ silent: true }),
    })
    const server = await serve(http(api), { port: 0 })
    const get = (path: string) => fetch(`${server.url}${path}`, { headers: { origin: 'https://spa.test' } })
    const metadata = (await (await get('/.well-known/oauth-authorization-server/tenant/one')).json()) as Record<string, unknown>
    expect(metadata['issuer']).to.equal('http://127.0.0.1/tenant/one/')
    const { keys: shown } = (await (await get('/.well-known/jwks.json')).json()) as { keys: object[] }
    expect(shown.map((key) => Object.keys(key).toSorted())).to.deep.equal(Array(2).fill(['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y']))
    const resource = (await (await get('/.well-known/oauth-protected-resource/v1')).json()) as Record<string, unknown>
    expect(resource).to.deep.include({ resource: 'https://api.test/v1/', authorization_servers: ['https://auth.test'] })
    expect(metadataUrl('https://api.test/v1/')).to.equal('https://api.test/.well-known/oauth-protected-resource/v1')
    for (const wrong of ['api', 'https://api.test/?a', 'https://api.test/#a']) expect(() => metadataUrl(wrong), wrong).to.throw(TypeError)

    // An app in a browser reads keys and tokens; no other site reads the pages.
    expect((await get('/.well-known/jwks.json')).headers.get('access-control-allow-origin')).to.equal('https://spa.test')
    expect((await get('/tenant/one/authorize')).headers.get('access-control-allow-origin')).to.equal(null)
    await server.close()
    await api.close()
  })
})

describe('an authorization server does not start', () => {
  const wrong: Readonly<Record<string, readonly [change: object, said: RegExp]>> = {
    'with an issuer over plain HTTP': [{ issuer: 'http://auth.test' }, /issuer: .* is no issuer/],
    'with an issuer that has a query': [{ issuer: 'https://auth.test/?a' }, /issuer/],
    'without keys': [{ keys: [] }, /nothing to sign tokens with/],
    'with a secret for a key': [{ keys: [{ kid: 'a', algorithm: 'HS256', secret: randomBytes(32) }] }, /HS256 has a secret/],
    'with a key that has no name': [{ keys: [{ ...keys[0], kid: undefined }] }, /no kid/],
    'with public keys alone': [
      { keys: [{ kid: 'a', algorithm: 'ES256', publicKey: generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey }] },
      /private key/,
    ],
    'without resources': [{ resources: {} }, /nothing that tokens could be for/],
    'with a resource that is no URI': [{ resources: { api: { a: 'A' } } }, /no absolute URI/],
    'with a scope that is none': [{ resources: { 'https://api.test': { 'a b': 'A' } } }, /is no scope/],
    'with lifetimes that are none': [{ lifetimes: { code: 3600 } }, /lifetimes\.code/],
    'with a path that is none': [{ path: 'oauth/' }, /is no path/],
    'with nonces out of nothing': [{ proofs: { nonce: { secret: '' } } }, /proofs\.nonce/],
    'with clients that may get codes, and no login': [
      { clients: [{ id: 'app', redirectUris: ['https://a.test/'], scopes: ['a'] }] },
      /nobody can log in/,
    ],
    'with two clients of one name': [{ clients: [machine, machine] }, /two clients have this id/],
    'with a secret that was not hashed': [{ clients: [{ id: 'a', secretHash: 'secret', scopes: ['a'] }] }, /no hash of a secret/],
    'with a client that has two ways in': [{ clients: [{ ...machine, secretHash: 'x' }] }, /a secret and keys/],
    'with a scope of no resource': [{ clients: [{ ...machine, scopes: ['b'] }] }, /belongs to no resource/],
    'with a redirect URI for everybody': [
      { login: loginPage({ check: () => undefined }), clients: [{ id: 'a', redirectUris: ['https://*.a.test/'], scopes: ['a'] }] },
      /redirect URI/,
    ],
    'with a public client that gets tokens for itself': [{ clients: [{ id: 'a', scopes: ['a'] }] }, /give it a secret or keys/],
    'with a public client that skips consent': [
      {
        login: loginPage({ check: () => undefined }),
        clients: [{ id: 'a', redirectUris: ['https://a.test/'], scopes: ['a'], skipsConsent: true }],
      },
      /skips consent/,
    ],
  }

  for (const [name, [change, said]] of Object.entries(wrong)) {
    it(`${name}, and says so`, () => {
      expect(() => authorizationServer({ ...sound, ...change })).to.throw(TypeError, said)
    })
  }

  it('with several mistakes, and tells them all', () => {
    expect(() => authorizationServer({ ...sound, issuer: 'x', keys: [], path: 'x' })).to.throw(
      TypeError,
      /3 mistakes[^]*issuer[^]*keys[^]*path/,
    )
    expect(() => authorizationServer(sound)).not.to.throw()
  })
})
