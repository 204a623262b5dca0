import { createServer } from 'node:http'
import { expect } from 'chai'
import { http } from '../../adapters/http.js'
import {
  Authenticated,
  Consumes,
  Controller,
  Get,
  Post,
  Public,
  RateLimit,
  RequirePermission,
  RequireRole,
  Tenant,
  Validate,
  createContainer,
  defineRoles,
  definePermissions,
  reply,
  tokens,
} from '../../lib/index.js'
import type { ApiRequest, Context, Reply } from '../../lib/index.js'
import { InjectedRequest } from '../../lib/injected-request.js'
import { fakeClock, inject, testApi, testIssuer } from '../../lib/testing.js'
import { Readable } from 'node:stream'
import { IsInt, IsString } from 'class-validator'

class Text {
  @IsString() text!: string
}

class Thing {
  @IsInt() size!: number
}

@Controller('/things', { inject: [] })
class Things {
  @Get('/')
  @RequirePermission('things:read')
  all({ principal: { id, kind, roles, permissions } }: Context) {
    return { id, kind, roles, permissions: [...permissions] }
  }

  @Post('/')
  @RequireRole('owner')
  @RateLimit('2 per minute', { by: 'principal' })
  @Validate({ body: Thing })
  create({ body }: Context<{ body: Thing }>) {
    return body
  }

  @Get('/open')
  @Public()
  open({ principal }: Context) {
    return { kind: principal.kind }
  }

  @Get('/mine')
  @Authenticated()
  @Tenant({ header: 'X-Tenant' })
  mine({ principal }: Context) {
    return { id: principal.id }
  }
}

const permissions = definePermissions({ things: ['read'] })
const roles = defineRoles(permissions, { reader: ['things:read'] })
const open = () => testApi({ controllers: [Things], permissions, roles })

describe('inject', () => {
  it('takes a request through the whole pipeline, as somebody', async () => {
    const { inject: call } = open()
    const as = { id: 'alice', roles: ['reader'] }
    const reply = await call({ path: '/things', as })
    expect([reply.status, reply.json()]).to.deep.equal([
      200,
      { id: 'alice', kind: 'user', roles: ['reader'], permissions: ['things:read'] },
    ])
    expect(reply.headers.get('x-content-type-options')).to.equal('nosniff')
    expect((await call({ path: '/things', as: { id: 'bob' } })).problem?.code).to.equal('permission-denied')
    expect((await call({ path: '/things', as: { id: 'bob', permissions: ['things:read'] } })).status).to.equal(200)
    expect((await call({ path: '/things' })).problem?.code).to.equal('unauthenticated')
    expect((await call({ path: '/things', as, https: false })).problem?.code).to.equal('https-required')
    expect((await call({ path: '/nothing', as })).status).to.equal(404)
  })

  it('validates, limits and asks for the tenant', async () => {
    const { inject: call, clock } = open()
    const as = { id: 'alice', roles: ['owner'] }
    const post = (body: unknown) => call({ method: 'POST', path: '/things', as, body })
    expect((await post({ size: 1 })).json()).to.deep.equal({ size: 1 })
    expect((await post({ size: 1, is_admin: true })).problem?.errors?.[0]?.path).to.equal('/is_admin')
    expect((await post({ size: 1 })).status).to.equal(429)
    clock.advance('1 min')
    expect((await post({ size: 1 })).status).to.equal(200)
    const claims = { tenant: 'acme' }
    const mine = (tenant: string) => call({ path: '/things/mine', as: { id: 'alice', claims }, headers: { 'X-Tenant': tenant } })
    expect([(await mine('acme')).status, (await mine('other')).status]).to.deep.equal([200, 404])
  })

  it('reads no caller on a public route', async () => {
    expect((await open().inject({ path: '/things/open', as: { id: 'alice' } })).json()).to.deep.equal({ kind: 'anonymous' })
  })

  it('refuses a stated caller whose token was revoked, and one where revocations cannot be asked', async () => {
    const container = createContainer()
    const answers: Array<unknown> = [true, false, 'perhaps']
    container.register(tokens.revocations, { useValue: { isRevoked: () => answers.shift() as boolean } as never })
    const { api } = testApi({ controllers: [Things], permissions, roles, container })
    const call = () => inject(api, { path: '/things', as: { id: 'alice', roles: ['reader'], tokenId: 'one' } })
    expect([(await call()).problem?.code, (await call()).status, (await call()).problem?.code]).to.deep.equal([
      'invalid-token',
      200,
      'invalid-token',
    ])
  })

  it('records what was done, and by whom', async () => {
    const { inject: call, records } = open()
    await call({ path: '/things', as: { id: 'alice', roles: ['reader'] } })
    expect(records()[0]).to.include({ principal_id: 'alice', status: 200 })
  })

  it('refuses to say who calls beside a token, and in production', async () => {
    const { api } = open()
    const refusal = async (call: Promise<unknown>) => call.then(String, (thrown: unknown) => (thrown as Error).message)
    const twice = inject(api, { path: '/things', as: { id: 'alice' }, headers: { authorization: 'Bearer x' } })
    expect(await refusal(twice)).to.include('leave one of them out')
    const before = process.env['NODE_ENV']
    process.env['NODE_ENV'] = 'production'
    try {
      expect(await refusal(inject(api, { path: '/things', as: { id: 'alice' } }))).to.include('it is for tests alone')
      expect((await inject(api, { path: '/things/open' })).status).to.equal(200)
    } finally {
      if (before === undefined) delete process.env['NODE_ENV']
      else process.env['NODE_ENV'] = before
    }
  })
})

describe('what inject sends and gives', () => {
  @Controller('/echo', { inject: [] })
  class Echo {
    @Post('/form')
    @Public()
    @Consumes('form')
    @Validate({ body: Text })
    form({ body }: Context<{ body: Text }>) {
      return body
    }

    @Post('/json')
    @Public()
    @Validate({ body: Text })
    json({ body }: Context<{ body: Text }>) {
      return body
    }

    @Get('/stream')
    @Public()
    stream() {
      return reply(200, Readable.from(['one', ' two']), { 'Content-Type': 'text/plain' })
    }
  }
  const { inject: call } = testApi({ controllers: [Echo] })
  const post = async (path: string, body: unknown, headers: Readonly<Record<string, string | readonly string[]>> = {}) => {
    const { status, body: text } = await call({ method: 'POST', path, body, headers })
    return `${status} ${status === 200 ? text : ''}`
  }

  it('is JSON, a form, or the bytes as they are', async () => {
    expect(await post('/echo/json', { text: 'a' })).to.equal('200 {"text":"a"}')
    expect(await post('/echo/form', new URLSearchParams({ text: 'a' }))).to.equal('200 {"text":"a"}')
    const type = { 'Content-Type': 'application/json' }
    expect(await post('/echo/json', '{"text":"a"}', type)).to.equal('200 {"text":"a"}')
    expect(await post('/echo/json', Buffer.from('{"text":"a"}'), type)).to.equal('200 {"text":"a"}')
    expect(await post('/echo/json', '{"text":"a"}')).to.equal('415 ')
    expect(await post('/echo/json', '{"text":"a"}', { ...type, 'Transfer-Encoding': 'chunked' })).to.equal('200 {"text":"a"}')
    expect(await post('/echo/json', undefined)).to.equal('422 ')
  })

  it('is refused as from a socket where it is not well-formed', async () => {
    expect(await post('/echo/json', { text: 'a' }, { Host: ['a', 'b'] })).to.equal('400 ')
    expect(await post('/echo/json', '{"text":"a"}', { 'Content-Type': ['application/json', 'text/plain'] })).to.equal('400 ')
    expect(await post('/echo/json', { text: 'a' }, { 'Content-Length': '1', 'Transfer-Encoding': 'chunked' })).to.equal('400 ')
    const thrown = await post('/echo/json', {}, { 'X-Broken': 'a\r\nX-Other: b' }).catch((error: unknown) => error)
    expect(thrown).to.be.instanceOf(TypeError)
  })

  it('is read to its end, and has no body for HEAD', async () => {
    expect((await call({ path: '/echo/stream' })).body).to.equal('one two')
    const head = await call({ method: 'HEAD', path: '/echo/stream' })
    expect([head.status, head.body, head.bytes.length]).to.deep.equal([200, '', 0])
  })
})

describe('fakeClock', () => {
  it('stands still until it is moved', () => {
    const clock = fakeClock(new Date('2026-01-01T00:00:00Z'))
    const start = clock.now()
    clock.advance('1 h')
    clock.advance(5)
    expect(clock.now() - start).to.equal(3_600_005)
    clock.time = 7
    expect(clock.now()).to.equal(7)
    for (const wrong of ['soon', -1, Number.NaN]) expect(() => clock.advance(wrong as number)).to.throw(TypeError, 'is no time')
  })
})

describe('who calls by inject', () => {
  const caller = { id: 'mallory', kind: 'user', roles: ['reader'], permissions: ['things:read'] }
  const injected = new InjectedRequest({
    ...{ method: 'GET', target: '/things', remoteAddress: '127.0.0.1', encrypted: true, bytes: new Uint8Array() },
    ...{ rawHeaders: ['Host', 'api.test'], caller: { id: 'mallory', permissions: ['things:read'] } },
  })
  const status = async (reply: Reply | PromiseLike<Reply>) => (await reply).status

  it('cannot be said by any property, symbol, prototype, copy or proxy of a request', async () => {
    const { api } = open()
    expect(await status(api.answer(injected)), 'the control').to.equal(200)
    const plain: ApiRequest = {
      ...{ method: 'GET', target: '/things', headers: { host: 'api.test' }, rawHeaders: ['Host', 'api.test'], remoteAddress: '127.0.0.1' },
      ...{ encrypted: true, body: injected.body, gone: false, onGone: () => undefined },
    }
    const named = { '#caller': caller, caller, as: caller, principal: caller, identity: caller, user: caller }
    const symbols = ['caller', 'as', 'principal', 'portcullis.caller', 'portcullis.principal', 'portcullis.injected']
    const forgeries: readonly ApiRequest[] = [
      { ...plain, ...named },
      { ...plain, ...Object.fromEntries(symbols.map((name) => [Symbol.for(name), caller])) },
      { ...plain, parsedBody: named },
      { ...plain, constructor: InjectedRequest } as ApiRequest,
      Object.assign({}, injected, { onGone: () => undefined }),
      Object.setPrototypeOf({ ...plain }, InjectedRequest.prototype) as ApiRequest,
      Object.setPrototypeOf({ ...plain }, injected) as ApiRequest,
      Object.create(injected) as ApiRequest,
      Object.assign(Object.create(InjectedRequest.prototype) as ApiRequest, plain, named),
      new Proxy(injected, {}),
    ]
    for (const [index, request] of forgeries.entries()) expect(await status(api.answer(request)), `forgery ${index}`).to.equal(401)
  })

  it('cannot be said by anything that comes over a socket', async () => {
    const { api } = testApi({ controllers: [Things], permissions, roles, https: 'off' })
    const server = createServer(http(api)).listen(0, '127.0.0.1')
    await new Promise((resolve) => server.once('listening', resolve))
    const { port } = server.address() as { port: number }
    const json = JSON.stringify(caller)
    const names = [
      'as',
      'caller',
      '#caller',
      'x-caller',
      'principal',
      'x-principal',
      'x-user',
      'x-portcullis-as',
      '__proto__',
      'constructor',
    ]
    const attempts: ReadonlyArray<readonly [path: string, headers: Record<string, string>]> = [
      ...names.map((name) => ['/things', { [name]: json }] as const),
      ...names.map((name) => [`/things?${encodeURIComponent(name)}=${encodeURIComponent(json)}`, {}] as const),
      ['/things', { Cookie: `as=${encodeURIComponent(json)}; principal=${encodeURIComponent(json)}` }],
      ['/things', { Authorization: json }],
      ['/things', { Authorization: `Injected ${Buffer.from(json).toString('base64')}` }],
    ]
    try {
      for (const [path, headers] of attempts) {
        const answer = await fetch(`http://127.0.0.1:${port}${path}`, { headers })
        expect(answer.status, `${path} ${JSON.stringify(headers)}`).to.equal(401)
      }
    } finally {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    }
  })

  it('is no name of the package', async () => {
    const entries = await Promise.all([import('../../lib/index.js'), import('../../lib/testing.js'), import('../../lib/oauth.js')])
    for (const entry of entries) expect(Object.values(entry)).not.to.include(InjectedRequest)
  })
})

describe('testIssuer', () => {
  it('signs tokens that the API takes, until they expire, and not those of others', async () => {
    const { inject: call, clock, tokenFor, issuer } = open()
    const caller = { id: 'alice', roles: ['reader'] }
    const get = async (token: string) => (await call({ path: '/things', headers: { Authorization: `Bearer ${token}` } })).status
    const token = tokenFor(caller)
    expect(await get(token)).to.equal(200)
    clock.advance('61 min')
    expect(await get(token)).to.equal(401)
    expect(await get(tokenFor(caller))).to.equal(200)
    expect(await get(issuer.expiredTokenFor(caller))).to.equal(401)
    expect(await get(issuer.forgedTokenFor(caller))).to.equal(401)
    expect(await get(issuer.tokenFor(caller, { audience: 'https://elsewhere.test' }))).to.equal(401)
  })

  it("signs with an API's own key, of whatever kind", async () => {
    const secret = 'q8Yp2LwZ0nXk5TcY7sJm4GdHf9Pe1AbC'
    for (const key of [{ key: { algorithm: 'HS256', secret } } as const, {}]) {
      const { inject: call, issuer } = testApi({
        ...{ controllers: [Things], permissions, roles, clock: fakeClock(new Date('2020-02-29T23:59:59.999Z')) },
        issuer: { issuer: 'https://a.example', audience: 'https://b.example', ...key },
      })
      expect(issuer.options).to.include({ issuer: 'https://a.example', audience: 'https://b.example' })
      const get = async (token: string) => (await call({ path: '/things', headers: { Authorization: `Bearer ${token}` } })).status
      expect(await get(issuer.tokenFor({ permissions: ['things:read'] }))).to.equal(200)
      expect(await get(issuer.forgedTokenFor({ permissions: ['things:read'] }))).to.equal(401)
    }
    expect(testIssuer().options.keys?.[0]).not.to.have.property('privateKey')
  })
})
