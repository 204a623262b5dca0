import { createServer } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect } from 'chai'
import { Unavailable } from '../../../lib/errors.js'
import { TokenRequestRefused, clientCredentials } from '../../../lib/oauth.js'
import type { ClientCredentialsOptions } from '../../../lib/oauth.js'
import type { OutboundInit } from '../../../lib/outbound.js'
import { apiResource, machineKey, startProvider } from '../oidc-provider.js'
import type { RunningProvider } from '../oidc-provider.js'

const outbound = { privateHosts: ['127.0.0.1'] }
const claimsOf = (token: string) => JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as Record<string, unknown>

describe('tokens for calling other APIs', () => {
  describe('from an OpenID provider that nobody changed for it', () => {
    let provider: RunningProvider

    before(async () => {
      provider = await startProvider('http://127.0.0.1:1/callback')
    })

    after(() => provider.close())

    const sourceOf = (options: Partial<ClientCredentialsOptions>) =>
      clientCredentials({ issuer: provider.issuer, discovery: 'oidc', clientId: 'machine', outbound, scope: 'orders:read', ...options })

    it('are given for a secret, for a scope and a resource', async () => {
      const source = sourceOf({ clientSecret: 'machine-secret-of-32-characters-or-so', resource: apiResource })
      expect(claimsOf(await source.token())).to.include({ client_id: 'machine', scope: 'orders:read', aud: apiResource })
      expect(claimsOf(await source.token({ scope: 'orders:write' }))).to.include({ scope: 'orders:write' })
    })

    it('are given for a signed assertion', async () => {
      const source = sourceOf({ clientId: 'signer', privateKey: { key: machineKey.privateKey, algorithm: 'ES256', kid: 'machine-1' } })
      expect(claimsOf(await source.token())).to.include({ client_id: 'signer' })
    })

    it('are bound to a key', async () => {
      const source = sourceOf({ clientSecret: 'machine-secret-of-32-characters-or-so', dpop: true })
      expect(claimsOf(await source.token())['cnf']).to.have.property('jkt')
    })

    it('are refused, and not asked for again and again, with a wrong secret', async () => {
      const source = sourceOf({ clientSecret: 'wrong' })
      const refusal = await source.token().catch((thrown: unknown) => thrown)
      expect(refusal).to.be.instanceOf(TokenRequestRefused).and.to.include({ error: 'invalid_client' })
      expect(String(refusal)).not.to.include('wrong')
    })
  })

  describe('from a server of any sort', () => {
    let server: Server
    let url = ''
    let asked: string[] = []
    /** The body of the request that is being answered. */
    let received = ''
    type Answering = (response: ServerResponse, request: IncomingMessage) => void
    /** What is answered, in order; a token where there is nothing more. */
    let answers: Answering[] = []
    /** What the API answers, whenever it is asked. */
    let ofApi: Answering | undefined
    let time = 1_700_000_000_000
    const clock = { now: () => time }

    const json =
      (status: number, body: unknown, headers = {}) =>
      (response: ServerResponse) => {
        response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body))
      }
    let issued = 0
    const token =
      (lifetime = 100) =>
      (response: ServerResponse) =>
        json(200, { access_token: `token-${(issued += 1)}`, token_type: 'Bearer', expires_in: lifetime })(response)

    before((done) => {
      server = createServer((request, response) => {
        if (request.url?.startsWith('/.well-known/')) {
          const metadata = { issuer: url, token_endpoint: `${url}/token`, grant_types_supported: ['client_credentials'] }
          json(200, metadata)(response)
          return
        }
        asked.push(`${request.method} ${request.url} ${request.headers.authorization?.replace(/Basic .*/, 'Basic')}`)
        const answer = (request.url === '/data' ? ofApi : undefined) ?? answers.shift() ?? token()
        const chunks: Buffer[] = []
        request.on('data', (chunk: Buffer) => chunks.push(chunk))
        request.on('end', () => {
          received = Buffer.concat(chunks).toString()
          answer(response, request)
        })
      }).listen(0, '127.0.0.1', () => {
        url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
        done()
      })
    })

    after((done) => {
      server.closeAllConnections()
      server.close(done)
    })

    beforeEach(() => {
      asked = []
      answers = []
      ofApi = undefined
      issued = 0
      time += 3_600_000
    })

    const sourceOf = (options: Partial<ClientCredentialsOptions> = {}) =>
      clientCredentials({ issuer: url, clientId: 'machine', clientSecret: 'secret', outbound, clock, allow: [url], ...options })

    it('are kept until shortly before their end', async () => {
      const source = sourceOf({ early: 30 })
      expect([await source.token(), await source.token()]).to.deep.equal(['token-1', 'token-1'])
      time += 69_999
      expect(await source.token()).to.equal('token-1')
      time += 1
      expect([await source.token(), asked.length]).to.deep.equal(['token-2', 2])
    })

    it('are asked for once by any number at once, and apart for each scope and resource', async () => {
      const source = sourceOf()
      expect(new Set(await Promise.all(Array.from({ length: 50 }, () => source.token()))).size).to.equal(1)
      await Promise.all([
        source.token({ scope: 'a' }),
        source.token({ scope: 'b' }),
        source.token({ scope: 'a', resource: 'https://x.test' }),
      ])
      expect(asked).to.have.length(4)
    })

    it('are asked for again where the server fails, later each time, three times in all', async () => {
      answers = [json(500, {}), json(503, {}, { 'retry-after': '0' }), token()]
      expect(await sourceOf().token()).to.equal('token-1')
      expect(asked).to.have.length(3)
      answers = [json(500, {}), json(500, {}), json(500, {}), json(500, {})]
      const source = sourceOf()
      expect(await source.token().catch((thrown: unknown) => thrown)).to.be.instanceOf(Unavailable)
      expect(asked).to.have.length(6)
      expect(await source.token().catch((thrown: unknown) => thrown)).to.be.instanceOf(Unavailable)
      expect(asked, 'it rests').to.have.length(6)
      answers = []
      time += 1_001
      expect(await source.token()).to.match(/^token-/)
    })

    it('serve on while the server fails, until their end', async () => {
      const source = sourceOf()
      await source.token()
      time += 80_000
      answers = [json(400, 'x'), json(400, 'x'), json(400, 'x')]
      expect(await source.token()).to.equal('token-1')
      time += 20_000
      answers = [json(404, 'x')]
      expect(await source.token().catch((thrown: unknown) => thrown)).to.be.instanceOf(Unavailable)
    })

    it('are not asked for again where the server says no', async () => {
      answers = [json(400, { error: 'invalid_scope' })]
      const refusal = await sourceOf({ scope: 'too:much' })
        .token()
        .catch((thrown: unknown) => thrown)
      expect(refusal).to.be.instanceOf(TokenRequestRefused).and.to.include({ error: 'invalid_scope' })
      expect(asked).to.have.length(1)
    })

    it('go to the origins that were allowed, and nowhere else', async () => {
      const source = sourceOf()
      for (const address of ['https://evil.test/', `${url}@evil.test/`, url.replace('127.0.0.1', 'localhost'), `${url.slice(0, -1)}0/`]) {
        expect(await source.fetch(address).catch((thrown: unknown) => thrown), address).to.be.instanceOf(TypeError)
      }
      expect(asked).to.deep.equal([])
      answers = [token(), (response) => response.writeHead(302, { location: 'https://evil.test/' }).end()]
      expect((await source.fetch(`${url}/data`)).status, 'redirects are not followed').to.equal(302)
      expect(asked.at(-1)).to.equal('GET /data Bearer token-1')
    })

    it('are asked for anew, once, where an API refuses one', async () => {
      const refusal = (response: ServerResponse) => response.writeHead(401, { 'www-authenticate': 'Bearer error="invalid_token"' }).end()
      answers = [token(), refusal, token(), json(200, { fine: true })]
      const answer = await sourceOf().fetch(`${url}/data`, { method: 'POST', body: '{}' })
      expect([answer.status, await answer.json()]).to.deep.equal([200, { fine: true }])
      expect(asked).to.deep.equal(['POST /token Basic', 'POST /data Bearer token-1', 'POST /token Basic', 'POST /data Bearer token-2'])
      answers = [refusal, token(), refusal]
      expect(
        (
          await sourceOf()
            .fetch(`${url}/data`)
            .catch(() => ({ status: 0 }))
        ).status,
      ).to.be.oneOf([0, 401])
    })

    it('are left alone for as long as the server says, while an old one serves', async () => {
      const source = sourceOf()
      await source.token()
      time += 60_000
      answers = [json(429, {}, { 'retry-after': '60' })]
      expect(await source.token()).to.equal('token-1')
      time += 30_000
      for (let call = 0; call < 5; call += 1) expect(await source.token()).to.equal('token-1')
      expect(asked).to.have.length(2)
      time += 29_999
      expect(await source.token().catch((thrown: unknown) => thrown)).to.be.instanceOf(Unavailable)
      expect(asked, 'nobody has asked since').to.have.length(2)
      time += 1
      expect(await source.token()).to.equal('token-2')
    })

    it('are left alone for five minutes at most, until a date as well as for seconds', async () => {
      for (const wanted of ['86400', new Date(Date.now() + 86_400_000).toUTCString()]) {
        const source = sourceOf()
        answers = [json(503, {}, { 'retry-after': wanted })]
        expect(await source.token().catch((thrown: unknown) => thrown)).to.be.instanceOf(Unavailable)
        const before = asked.length
        time += 299_999
        await source.token().catch(() => undefined)
        expect(asked, wanted).to.have.length(before)
        time += 1
        expect(await source.token()).to.match(/^token-/)
      }
    })

    it('are left alone ever longer by whoever is refused', async () => {
      const source = sourceOf()
      const waits: number[] = []
      for (let failure = 0; failure < 7; failure += 1) {
        answers = [json(400, { error: 'unauthorized_client' })]
        const before = asked.length
        for (let waited = 0; asked.length === before; waited += 1_000) {
          time += 1_000
          await source.token().catch(() => undefined)
          if (asked.length > before) waits.push(waited)
        }
      }
      expect(waits.slice(1)).to.deep.equal([0, 1_000, 3_000, 7_000, 15_000, 29_000])
    })

    it('are asked for at most twice in their life, however short it is', async () => {
      const source = sourceOf({ early: 60 })
      answers = [token(10)]
      for (let call = 0; call < 5; call += 1) expect(await source.token()).to.equal('token-1')
      time += 4_999
      expect(await source.token()).to.equal('token-1')
      time += 1
      expect(await source.token()).to.equal('token-2')
    })

    it('are asked for once where an API refuses the old one to many at once', async () => {
      const source = sourceOf()
      await source.token()
      ofApi = (response, { headers }) => {
        if (headers.authorization === 'Bearer token-2') json(200, {})(response)
        else response.writeHead(401, { 'www-authenticate': 'Bearer' }).end()
      }
      const calls = await Promise.all(Array.from({ length: 20 }, () => source.fetch(`${url}/data`)))
      expect(calls.map(({ status }) => status)).to.deep.equal(Array(20).fill(200))
      expect(asked.filter((one) => one.startsWith('POST /token'))).to.have.length(2)
    })

    it('are kept where a refusal of the one before comes late', async () => {
      const source = sourceOf()
      await source.token()
      const refuse = (response: ServerResponse) => response.writeHead(401, { 'www-authenticate': 'Bearer' }).end()
      let refuseLate = () => {}
      const held = new Promise<void>((resolve) => {
        ofApi = (response) => {
          refuseLate = () => refuse(response)
          resolve()
        }
      })
      const late = source.fetch(`${url}/data`)
      await held
      ofApi = (response, { headers }) => (headers.authorization === 'Bearer token-1' ? refuse(response) : json(200, {})(response))
      expect((await source.fetch(`${url}/data`)).status).to.equal(200)
      refuseLate()
      expect((await late).status).to.equal(200)
      expect(asked.filter((one) => one.startsWith('POST /token'))).to.have.length(2)
    })

    it('go out a second time with the same body, however it was given', async () => {
      const bodies: string[] = []
      const refusing = (status: number) => (response: ServerResponse, request: IncomingMessage) => {
        bodies.push(`${request.headers['content-type']} ${received}`)
        response.writeHead(status, status === 401 ? { 'www-authenticate': 'Bearer' } : {}).end()
      }
      const given: ReadonlyArray<readonly [() => OutboundInit['body'], string]> = [
        [() => new Blob(['hello']).stream(), 'undefined hello'],
        [() => new URLSearchParams({ a: 'b' }), 'application/x-www-form-urlencoded;charset=UTF-8 a=b'],
        [() => new TextEncoder().encode('bytes'), 'undefined bytes'],
      ]
      for (const [body, expected] of given) {
        bodies.length = 0
        answers = [token(), refusing(401), token(), refusing(200)]
        const answer = await sourceOf().fetch(`${url}/data`, { method: 'POST', body: body() })
        expect([answer.status, ...bodies]).to.deep.equal([200, expected, expected])
      }
    })

    it('are taken with a nonce where a server wants one in proofs; those that are not bound are not taken', async () => {
      const wanting = (status: number) => (response: ServerResponse) =>
        json(
          status,
          { error: 'use_dpop_nonce' },
          { 'dpop-nonce': 'n-1', ...(status === 401 ? { 'www-authenticate': 'DPoP error="use_dpop_nonce"' } : {}) },
        )(response)
      const nonces: unknown[] = []
      const bound = (response: ServerResponse, { headers }: IncomingMessage) => {
        nonces.push(claimsOf(String(headers['dpop']))['nonce'])
        json(200, { access_token: 'bound', token_type: 'DPoP', expires_in: 100 })(response)
      }
      answers = [wanting(400), bound, wanting(401), json(200, {})]
      expect((await sourceOf({ dpop: true }).fetch(`${url}/data`)).status).to.equal(200)
      expect(nonces).to.deep.equal(['n-1'])
      expect(asked.at(-1)).to.equal('GET /data DPoP bound')
      answers = [token()]
      const before = asked.length
      const refusal = await sourceOf({ dpop: true })
        .token()
        .catch((thrown: unknown) => thrown)
      expect(refusal).to.be.instanceOf(TokenRequestRefused).and.to.include({ error: 'unbound_token' })
      expect(asked).to.have.length(before + 1)
    })

    it('never take with them what a caller set in their place', async () => {
      const seen: unknown[] = []
      const headers = { authorization: 'Basic x', dpop: 'forged', 'x-other': 'kept' }
      answers = [
        token(),
        (response, request) => (
          seen.push(request.headers.authorization, request.headers['dpop'], request.headers['x-other']),
          json(200, {})(response)
        ),
      ]
      await sourceOf().fetch(`${url}/data`, { headers })
      expect(seen).to.deep.equal(['Bearer token-1', undefined, 'kept'])
    })

    it('may come from a server without metadata, for an audience', async () => {
      const forms: string[] = []
      answers = [(response, request) => (forms.push(received), token()(response), request)]
      const source = clientCredentials({
        tokenEndpoint: `${url}/token`,
        clientId: 'machine',
        clientSecret: 'secret',
        audience: 'https://a.test',
        outbound,
        clock,
      })
      expect(await source.token()).to.equal('token-1')
      expect(Object.fromEntries(new URLSearchParams(forms[0]))).to.deep.equal({
        grant_type: 'client_credentials',
        audience: 'https://a.test',
      })
    })

    it('leave neither secrets nor what a server says in what goes wrong', async () => {
      answers = [json(400, { error: 'secret <script>', error_description: 'secret' })]
      const refusal = await sourceOf({ scope: 'a' })
        .token()
        .catch((thrown: unknown) => thrown)
      expect(refusal).to.be.instanceOf(TokenRequestRefused).and.to.include({ error: 'unknown_error' })
      expect(String(refusal)).not.to.include('secret')
      answers = [token(), (response) => response.destroy()]
      const broken = await sourceOf()
        .fetch(`${url}/data?key=secret`)
        .catch((thrown: unknown) => thrown)
      expect(String(broken)).not.to.match(/secret|token-1/)
    })

    it('need options that mean something', () => {
      const wrong: ReadonlyArray<Partial<ClientCredentialsOptions>> = [
        { issuer: 'x' },
        { clientId: '' },
        { clientSecret: '' },
        { privateKey: { key: machineKey.privateKey, algorithm: 'ES256' } },
        { allow: ['https://a.test/path'] },
        { early: -1 },
        { tokenEndpoint: 'http://192.0.2.1/token' },
        { outbound: { privateHosts: ['*'] } },
        { issuer: undefined as never },
      ]
      for (const options of wrong) expect(() => sourceOf(options), JSON.stringify(options)).to.throw(TypeError)
      expect(() => clientCredentials({ issuer: url, clientId: 'x', outbound })).to.throw(TypeError)
    })
  })
})
