import { expect } from 'chai'
import * as oauth from 'oauth4webapi'
import * as openid from 'openid-client'
import { AuthorizationCode, ClientCredentials } from 'simple-oauth2'
import { Browser, logInAndAllow } from '../oauth/browser.js'
import { startWorlds } from './world.js'
import type { World } from './world.js'

const spaCallback = 'http://127.0.0.1:8400/callback'
const webCallback = 'http://127.0.0.1:8401/callback'
const webSecret = 'shop-web-demo-secret'
const scope = 'orders:read orders:write'
const insecure = { [oauth.allowInsecureRequests]: true }

describe('the orders API gives tokens to clients that nobody changed for it:', () => {
  let worlds: readonly World[] = []

  before(async () => {
    worlds = await startWorlds()
  })

  after(() => Promise.all(worlds.map((world) => world.close())))

  const onEach = (claim: string, run: (world: World, browser: Browser) => Promise<void>) =>
    it(claim, () => Promise.all(worlds.map((world) => run(world, new Browser((url) => url.origin === world.url)))))

  async function me(world: World, token: string): Promise<Readonly<Record<string, unknown>>> {
    const answer = await fetch(`${world.url}/api/v1/me`, { headers: { authorization: `Bearer ${token}` } })
    expect(answer.status).to.equal(200)
    return (await answer.json()) as Readonly<Record<string, unknown>>
  }

  async function refused(world: World, token: string): Promise<number> {
    return (await fetch(`${world.url}/api/v1/me`, { headers: { authorization: `Bearer ${token}` } })).status
  }

  describe('openid-client', () => {
    const discover = (world: World, id: string, secret?: string) =>
      openid.discovery(new URL(world.url), id, secret, undefined, { algorithm: 'oauth2', execute: [openid.allowInsecureRequests] })

    onEach('a code with PKCE for a public client, refresh and revocation', async (world, browser) => {
      const config = await discover(world, 'shop-spa')
      expect(config.serverMetadata().supportsPKCE()).to.equal(true)
      const verifier = openid.randomPKCECodeVerifier()
      const state = openid.randomState()
      const url = openid.buildAuthorizationUrl(config, {
        redirect_uri: spaCallback,
        scope,
        state,
        code_challenge: await openid.calculatePKCECodeChallenge(verifier),
        code_challenge_method: 'S256',
      })
      const back = await logInAndAllow(browser, url)
      expect(back.searchParams.get('iss')).to.equal(world.url)
      const first = await openid.authorizationCodeGrant(config, back, { pkceCodeVerifier: verifier, expectedState: state })
      expect(first).to.include({ token_type: 'bearer', expires_in: 600, scope })
      expect(await me(world, first.access_token)).to.deep.include({ id: 'alice', permissions: ['orders:read', 'orders:write'] })
      const second = await openid.refreshTokenGrant(config, first.refresh_token ?? '')
      expect(second.refresh_token).not.to.equal(first.refresh_token)
      await openid.tokenRevocation(config, second.refresh_token ?? '')
      expect([await refused(world, first.access_token), await refused(world, second.access_token)]).to.deep.equal([401, 401])
    })

    onEach('a pushed request for a confidential client, and introspection', async (world, browser) => {
      const config = await discover(world, 'shop-web', webSecret)
      const verifier = openid.randomPKCECodeVerifier()
      const url = await openid.buildAuthorizationUrlWithPAR(config, {
        redirect_uri: webCallback,
        scope: 'orders:read',
        code_challenge: await openid.calculatePKCECodeChallenge(verifier),
        code_challenge_method: 'S256',
      })
      expect([...url.searchParams.keys()].toSorted()).to.deep.equal(['client_id', 'request_uri'])
      const back = await logInAndAllow(browser, url, 'carol')
      const granted = await openid.authorizationCodeGrant(config, back, { pkceCodeVerifier: verifier })
      const facts = await openid.tokenIntrospection(config, granted.access_token)
      expect(facts).to.include({ active: true, client_id: 'shop-web', sub: 'carol', scope: 'orders:read', iss: world.url })
      expect(await openid.tokenIntrospection(config, 'of nobody')).to.deep.equal({ active: false })
    })

    onEach('a code that is bound to a key, and a call with it', async (world, browser) => {
      const config = await discover(world, 'shop-spa')
      const DPoP = openid.getDPoPHandle(config, await openid.randomDPoPKeyPair())
      const verifier = openid.randomPKCECodeVerifier()
      const url = openid.buildAuthorizationUrl(config, {
        redirect_uri: spaCallback,
        scope,
        code_challenge: await openid.calculatePKCECodeChallenge(verifier),
        code_challenge_method: 'S256',
      })
      const back = await logInAndAllow(browser, url, 'dave')
      const granted = await openid.authorizationCodeGrant(config, back, { pkceCodeVerifier: verifier }, undefined, { DPoP })
      const target = new URL(`${world.url}/api/v1/me`)
      const answer = await openid.fetchProtectedResource(config, granted.access_token, target, 'GET', undefined, undefined, { DPoP })
      expect(await answer.json()).to.include({ id: 'dave' })
      expect(await refused(world, granted.access_token)).to.equal(401)
      const withoutKey = openid.refreshTokenGrant(config, granted.refresh_token ?? '')
      expect(await withoutKey.catch(({ error }: { error: string }) => error)).to.equal('invalid_grant')
      expect((await openid.refreshTokenGrant(config, granted.refresh_token ?? '', undefined, { DPoP })).token_type).to.equal('dpop')
    })

    onEach('client credentials by HTTP Basic', async (world) => {
      const config = await openid.discovery(new URL(world.url), 'warehouse', undefined, openid.ClientSecretBasic('warehouse-demo-secret'), {
        algorithm: 'oauth2',
        execute: [openid.allowInsecureRequests],
      })
      const { access_token } = await openid.clientCredentialsGrant(config, { scope: 'orders:read', resource: world.url })
      expect(await me(world, access_token)).to.deep.include({ id: 'warehouse', kind: 'client', permissions: ['orders:read'] })
    })
  })

  describe('oauth4webapi', () => {
    async function discovered(world: World): Promise<oauth.AuthorizationServer> {
      const issuer = new URL(world.url)
      return oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, { algorithm: 'oauth2', ...insecure }))
    }

    onEach('finds the authorization server by the challenge of a 401, and gets a token', async (world, browser) => {
      const refusal = await fetch(`${world.url}/api/v1/me`)
      const [, document = ''] = /resource_metadata="([^"]+)"/.exec(refusal.headers.get('www-authenticate') ?? '') ?? []
      expect(document).to.equal(`${world.url}/.well-known/oauth-protected-resource`)
      const found = await oauth.resourceDiscoveryRequest(new URL(world.url), insecure)
      const resource = await oauth.processResourceDiscoveryResponse(new URL(world.url), found)
      expect(resource.authorization_servers).to.deep.equal([world.url])

      const server = await discovered(world)
      const client: oauth.Client = { client_id: 'shop-web' }
      const verifier = oauth.generateRandomCodeVerifier()
      const url = new URL(server.authorization_endpoint ?? '')
      url.search = new URLSearchParams({
        client_id: 'shop-web',
        redirect_uri: webCallback,
        response_type: 'code',
        scope,
        state: 'of-mine',
        code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
        code_challenge_method: 'S256',
      }).toString()
      const back = oauth.validateAuthResponse(server, client, await logInAndAllow(browser, url, 'bob'), 'of-mine')
      const answer = await oauth.authorizationCodeGrantRequest(
        server,
        client,
        oauth.ClientSecretBasic(webSecret),
        back,
        webCallback,
        verifier,
        insecure,
      )
      const granted = await oauth.processAuthorizationCodeResponse(server, client, answer)
      expect(await me(world, granted.access_token)).to.include({ id: 'bob', kind: 'user' })
      const claims = JSON.parse(Buffer.from(granted.access_token.split('.')[1] ?? '', 'base64url').toString()) as object
      expect(Object.keys(claims)).to.include.members(['iss', 'aud', 'exp', 'iat', 'jti', 'sub', 'client_id', 'scope', 'auth_time', 'sid'])
      const request = new Request(`${world.url}/api/v1/me`, { headers: { authorization: `Bearer ${granted.access_token}` } })
      expect(await oauth.validateJwtAccessToken(server, request, world.url, insecure)).to.include({ client_id: 'shop-web', sub: 'bob' })
    })
  })

  describe('oauth4webapi, by pushed requests', () => {
    onEach('a code, refresh for less, introspection and revocation, all bound to a key', async (world, browser) => {
      const issuer = new URL(world.url)
      const found = await oauth.discoveryRequest(issuer, { algorithm: 'oauth2', ...insecure })
      const server = await oauth.processDiscoveryResponse(issuer, found)
      const client: oauth.Client = { client_id: 'shop-web' }
      const DPoP = oauth.DPoP(client, await oauth.generateKeyPair('ES256'))
      const secret = oauth.ClientSecretPost(webSecret)
      const verifier = oauth.generateRandomCodeVerifier()
      const parameters = {
        ...{ redirect_uri: webCallback, response_type: 'code', scope, state: 'of-mine', resource: world.url },
        code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
        code_challenge_method: 'S256',
        dpop_jkt: await DPoP.calculateThumbprint(),
      }
      const sent = await oauth.pushedAuthorizationRequest(server, client, secret, parameters, insecure)
      const { request_uri } = await oauth.processPushedAuthorizationResponse(server, client, sent)
      const url = new URL(server.authorization_endpoint ?? '')
      url.search = new URLSearchParams({ client_id: 'shop-web', request_uri }).toString()
      const back = oauth.validateAuthResponse(server, client, await logInAndAllow(browser, url, 'carol'), 'of-mine')
      const http = { DPoP, ...insecure }
      const redeemed = await oauth.authorizationCodeGrantRequest(server, client, secret, back, webCallback, verifier, http)
      const first = await oauth.processAuthorizationCodeResponse(server, client, redeemed)
      const more = { ...http, additionalParameters: { scope: 'orders:read' } }
      const renewed = await oauth.refreshTokenGrantRequest(server, client, secret, first.refresh_token ?? '', more)
      const second = await oauth.processRefreshTokenResponse(server, client, renewed)
      expect([second.scope, second.token_type]).to.deep.equal(['orders:read', 'dpop'])
      const worth = async (token: string) => {
        const answer = await oauth.introspectionRequest(server, client, secret, token, insecure)
        return oauth.processIntrospectionResponse(server, client, answer)
      }
      const facts = await worth(second.access_token)
      expect(facts).to.include({ active: true, sub: 'carol', token_type: 'DPoP' })
      expect(facts.cnf?.jkt).to.equal(await DPoP.calculateThumbprint())
      const taken = await oauth.revocationRequest(server, client, secret, second.refresh_token ?? '', insecure)
      await oauth.processRevocationResponse(taken)
      expect(await worth(second.access_token)).to.deep.equal({ active: false })
    })
  })

  describe('oauth4webapi, with DPoP', () => {
    onEach('binds a token to a key, which nobody uses without it', async (world) => {
      const issuer = new URL(world.url)
      const found = await oauth.discoveryRequest(issuer, { algorithm: 'oauth2', ...insecure })
      const server = await oauth.processDiscoveryResponse(issuer, found)
      const client: oauth.Client = { client_id: 'warehouse' }
      const DPoP = oauth.DPoP(client, await oauth.generateKeyPair('ES256'))
      const secret = oauth.ClientSecretPost('warehouse-demo-secret')
      const answer = await oauth.clientCredentialsGrantRequest(server, client, secret, { scope: 'orders:read' }, { DPoP, ...insecure })
      const { access_token, token_type } = await oauth.processClientCredentialsResponse(server, client, answer)
      expect(token_type).to.equal('dpop')
      const target = new URL(`${world.url}/api/v1/me?x=1`)
      const allowed = await oauth.protectedResourceRequest(access_token, 'GET', target, undefined, undefined, { DPoP, ...insecure })
      expect([allowed.status, ((await allowed.json()) as { id: string }).id]).to.deep.equal([200, 'warehouse'])
      expect(await refused(world, access_token)).to.equal(401)
      const thief = oauth.DPoP(client, await oauth.generateKeyPair('ES256'))
      const stolen = oauth.protectedResourceRequest(access_token, 'GET', target, undefined, undefined, { DPoP: thief, ...insecure })
      expect(await stolen.catch(({ status }: { status: number }) => status)).to.equal(401)
    })
  })

  describe('simple-oauth2', () => {
    const auth = (world: World) => ({
      tokenHost: world.url,
      tokenPath: '/oauth/token',
      authorizePath: '/oauth/authorize',
      revokePath: '/oauth/revoke',
    })

    onEach('a code for a confidential client, refresh and revocation', async (world, browser) => {
      const client = new AuthorizationCode({ client: { id: 'shop-web', secret: webSecret }, auth: auth(world) })
      const verifier = oauth.generateRandomCodeVerifier()
      const challenge = { code_challenge: await oauth.calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256' }
      const url = client.authorizeURL({ redirect_uri: webCallback, scope, state: 'of-mine', ...challenge })
      const back = await logInAndAllow(browser, url)
      const shown = { code: back.searchParams.get('code') ?? '', redirect_uri: webCallback, code_verifier: verifier }
      const token = await client.getToken(shown)
      const renewed = await token.refresh()
      expect(await me(world, renewed.token.access_token as string)).to.include({ id: 'alice' })
      await renewed.revoke('refresh_token')
      expect(await refused(world, renewed.token.access_token as string)).to.equal(401)
    })

    onEach('client credentials', async (world) => {
      for (const authorizationMethod of ['header', 'body'] as const) {
        const client = new ClientCredentials({
          client: { id: 'warehouse', secret: 'warehouse-demo-secret' },
          auth: { tokenHost: world.url, tokenPath: '/oauth/token' },
          options: { authorizationMethod },
        })
        const { token } = await client.getToken({ scope: 'orders:fulfil' })
        expect(await me(world, token.access_token as string)).to.deep.include({ id: 'warehouse', permissions: ['orders:fulfil'] })
      }
    })
  })
})
