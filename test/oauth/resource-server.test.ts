import { createServer } from 'node:http'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect } from 'chai'
import createExpress from 'express'
import { express } from '../../adapters/express.js'
import { Authenticated, Controller, Get, RequireScope, bearer, createApi, createLogger } from '../../lib/index.js'
import type { Authentication, Context } from '../../lib/index.js'
import { clientCredentials } from '../../lib/oauth.js'
import { apiResource, startProvider } from './oidc-provider.js'
import type { RunningProvider } from './oidc-provider.js'

const outbound = { privateHosts: ['127.0.0.1'] }
const clientSecret = 'machine-secret-of-32-characters-or-so'

@Controller('/api')
class Orders {
  @Get('/me')
  @Authenticated()
  me({ principal: { id, kind, scopes } }: Context) {
    return { id, kind, scopes }
  }

  @Get('/orders')
  @RequireScope('orders:write')
  orders() {
    return []
  }
}

describe('an API beside an OpenID provider that nobody changed for it', () => {
  let provider: RunningProvider
  let server: Server
  let url = ''

  afterEach(async () => {
    server.closeAllConnections()
    server.close()
    await provider.close()
  })

  async function start(authentication: Authentication): Promise<void> {
    const api = createApi({
      controllers: [Orders],
      authentication,
      https: 'off',
      audit: { sinks: [] },
      logger: createLogger({ silent: true }),
    })
    // The provider is mounted in the same program: what is not the API's is its own.
    server = createServer(createExpress().use(express(api)).use(provider.provider.callback()))
    await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  }

  const get = async (path: string, token: string) => {
    const answer = await fetch(`${url}${path}`, { headers: { authorization: `Bearer ${token}` } })
    return { status: answer.status, challenge: answer.headers.get('www-authenticate') ?? '', body: await answer.json() }
  }

  const tokenFor = (scope: string) =>
    clientCredentials({ issuer: provider.issuer, discovery: 'oidc', clientId: 'machine', clientSecret, outbound, scope }).token()

  it('takes its JWTs, by the key set that it publishes', async () => {
    provider = await startProvider('http://127.0.0.1:1/callback')
    await start(bearer({ issuer: provider.issuer, audience: apiResource, jwksUri: `${provider.issuer}/jwks`, typ: 'at+jwt', outbound }))
    const token = await tokenFor('orders:read')
    expect(await get('/api/me', token)).to.deep.include({ status: 200, body: { id: 'machine', kind: 'client', scopes: ['orders:read'] } })
    const refused = await get('/api/orders', token)
    expect([refused.status, refused.challenge]).to.deep.equal([403, 'Bearer realm="api", error="insufficient_scope", scope="orders:write"'])
    expect((await get('/api/orders', await tokenFor('orders:write'))).status).to.equal(200)
    expect((await get('/api/me', `${token.slice(0, -4)}AAAA`)).status).to.equal(401)
    const metadata = await fetch(`${url}/.well-known/openid-configuration`)
    expect([metadata.status, ((await metadata.json()) as { issuer: string }).issuer]).to.deep.equal([200, provider.issuer])
  })

  it('takes its opaque tokens, by asking it', async () => {
    const opaque = {
      enabled: true,
      defaultResource: () => apiResource,
      useGrantedResource: () => true,
      getResourceServerInfo: () => ({ scope: 'orders:read orders:write', audience: apiResource, accessTokenFormat: 'opaque' }),
    }
    provider = await startProvider('http://127.0.0.1:1/callback', { features: { resourceIndicators: opaque as never } })
    const introspection = { endpoint: `${provider.issuer}/token/introspection`, clientId: 'machine', clientSecret, cache: false } as const
    await start(bearer({ issuer: provider.issuer, audience: apiResource, introspection, outbound }))
    const token = await tokenFor('orders:read')
    expect(token.split('.')).to.have.length(1)
    expect(await get('/api/me', token)).to.deep.include({ status: 200, body: { id: 'machine', kind: 'client', scopes: ['orders:read'] } })
    expect((await get('/api/me', `${token}x`)).status).to.equal(401)
    const authorization = `Basic ${Buffer.from(`machine:${clientSecret}`).toString('base64')}`
    const headers = { authorization, 'content-type': 'application/x-www-form-urlencoded' }
    await fetch(`${provider.issuer}/token/revocation`, { method: 'POST', headers, body: `token=${token}` })
    expect((await get('/api/me', token)).status, 'revoked').to.equal(401)
  })
})
