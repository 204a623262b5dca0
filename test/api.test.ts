import { once } from 'node:events'
import { Readable } from 'node:stream'
import { IsString } from 'class-validator'
import { expect } from 'chai'
import {
  Audit,
  Authenticated,
  BodyLimit,
  BootError,
  Controller,
  Get,
  MalformedRequest,
  Post,
  Public,
  RateLimit,
  RequirePermission,
  Timeout,
  Validate,
  bearer,
  createApi,
  createContainer,
  createLogger,
  definePermissions,
  protection,
  recentRecords,
  reply,
  tokenIssuer,
  tokens,
  MemoryStateStore,
  StoredRevocations,
} from '../lib/index.js'
import type { Api, ApiOptions, Context, Reply } from '../lib/index.js'
import { exchangeOf } from './exchange.js'

const key = { algorithm: 'HS256', secret: 'kX2s8fQz0pWv7LdYb4Ne1RtGh6Jm9Ca3' } as const
const identity = { issuer: 'https://auth.test', audience: 'https://api.test' }
const quiet = createLogger({ silent: true })

const optionsOf = (options: Partial<ApiOptions> & Pick<ApiOptions, 'controllers'>): ApiOptions => ({
  https: 'off',
  logger: quiet,
  audit: { sinks: [] },
  authentication: bearer({ ...identity, keys: [key] }),
  ...options,
})

const api = (options: Partial<ApiOptions> & Pick<ApiOptions, 'controllers'>): Api => createApi(optionsOf(options))

function mistakesIn(options: Partial<ApiOptions> & Pick<ApiOptions, 'controllers'>): readonly string[] {
  try {
    api(options)
    return []
  } catch (error) {
    if (!(error instanceof BootError)) throw error
    return error.mistakes.map(({ place, problem, mend }) => `${place}: ${problem} → ${mend}`)
  }
}

const get = async (own: Api, target: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Reply> =>
  own.answer(exchangeOf({ request: { method, target, headers: { host: 'api.test', ...headers } } }).request)

const codeOf = ({ body }: Reply) => (JSON.parse(body as string) as { code?: string }).code

describe('the proof at start-up', () => {
  class Empty {
    name!: string
  }

  it('tells all mistakes at once, each with its place and its mend', () => {
    const permissions = definePermissions({ orders: ['read'] })

    @Controller('/a', { inject: [] })
    class Wrong {
      @Get('/silent')
      silent() {}

      @Get('/typo')
      @RequirePermission('orders:raed')
      typo() {}

      @Get('/limit')
      @Public()
      @RateLimit('0 per second')
      limit() {}

      @Post('/empty')
      @Public()
      @Validate({ body: Empty })
      empty() {}

      @Get('/both')
      @Public()
      @Authenticated()
      both() {}

      @Get('/:id')
      @Public()
      one() {}

      @Get('/:name')
      @Public()
      two() {}

      @Get('/bad//path')
      @Public()
      path() {}

      @Public()
      unrouted() {}

      @Get('/size')
      @Public()
      @Validate({ body: Named })
      @BodyLimit('huge' as never)
      @Timeout(-1)
      size() {}

      // A decorator on a static member is a mistake that some compilers let through.
      @Get('/static')
      static shared() {}
    }

    @Controller('/b')
    class Needy {
      constructor(readonly store: Empty) {}

      @Get('/')
      @Public()
      get() {}
    }

    @Controller('/d', { inject: [] })
    class Short {
      constructor(readonly store: Empty) {}

      @Get('/')
      @Public()
      get() {}
    }

    class NoController {
      @Get('/')
      @Public()
      get() {}
    }

    @Controller('/c')
    class NoRoutes {}

    const found = mistakesIn({
      controllers: [Wrong, Needy, Short, NoController, NoRoutes],
      permissions,
      authentication: bearer({ ...identity, keys: [{ algorithm: 'HS256', secret: 'short' }] }),
      cors: { origins: ['*'], credentials: true },
      trustProxy: true as never,
      timeout: '5 sec' as never,
      body: { limit: 'huge' as never, depth: Number.NaN },
      audit: { sinks: [], delay: -1 },
    })
    for (const place of [
      'Wrong.silent',
      'Wrong.typo',
      'Wrong.limit',
      'Wrong.empty',
      'Wrong.both',
      'Wrong.two',
      'Wrong.path',
      'Wrong.unrouted',
      'Wrong.size',
      'Wrong.shared',
      'Needy',
      'NoController',
      'NoRoutes',
      'authentication',
      'cors.origins',
      'trustProxy',
      'timeout',
      'body.limit',
      'body.depth',
      'Short',
      'audit.delay',
    ]) {
      expect(
        found.some((line) => line.startsWith(place)),
        `${place} in\n${found.join('\n')}`,
      ).to.equal(true)
    }
    expect(found.filter((line) => line.startsWith('Wrong.size'))).to.have.length(2)
    for (const line of found) expect(line).to.match(/^.+: .+ → .+$/)
    expect(found.join('\n')).to.contain('@Get stands on a static member')
    expect(mistakesIn({ controllers: [] })).to.have.length(1)
  })

  class Named {
    @IsString()
    name!: string
  }

  it('does not start with a route that needs a caller and no way to know one', () => {
    @Controller('/a', { inject: [] })
    class Closed {
      @Get('/')
      @Authenticated()
      get() {}
    }
    const { authentication: _, ...options } = optionsOf({ controllers: [Closed] })
    expect(() => createApi(options)).to.throw(BootError, 'Closed.get')
  })

  it('refuses a subclass that opens what its parent closed', () => {
    class Parent {
      @Get('/')
      @RequirePermission('a')
      get() {}
    }
    @Controller('/a', { inject: [] })
    class Child extends Parent {
      @Public()
      override get() {}
    }
    expect(mistakesIn({ controllers: [Child] })).to.have.length(1)
  })
})

describe('an API', () => {
  const { token } = tokenIssuer({ ...identity, key }).issue({ sub: 'u1', permissions: ['things:read'] })

  @Controller('/things', { inject: [] })
  class Things {
    @Get('/')
    @RequirePermission('things:read')
    @RateLimit('2 per minute')
    @Audit('things.list')
    list({ principal }: Context) {
      return { caller: principal.id }
    }

    @Get('/open')
    @Public()
    open({ principal, requestId }: Context) {
      return { kind: principal.kind, requestId }
    }
  }

  it('gives back what is not its own, untouched, and answers the rest', async () => {
    const own = api({ controllers: [Things] })
    const { request } = exchangeOf({ request: { target: '/other', headers: { host: 'h' } } })
    expect(own.handle(request)).to.equal(undefined)
    expect((await own.answer(request)).status).to.equal(404)
    expect((await get(own, '/things/open')).status).to.equal(200)
    expect(own.handle(exchangeOf({ request: { target: '/other/../things', headers: { host: 'h' } } }).request)).not.to.equal(undefined)
    expect(own.handle(exchangeOf({ request: { target: '/other/%zz', headers: { host: 'h' } } }).request)).to.equal(undefined)
  })

  it('lists its routes and what protects each', () => {
    expect(api({ controllers: [Things] }).inventory()).to.deep.include({
      method: 'GET',
      path: '/things/open',
      name: 'Things.open',
      protections: { access: 'public' },
    })
    const [list] = api({ controllers: [Things], rateLimit: { default: '9 per hour' } }).inventory()
    expect(list?.protections).to.have.keys('access', 'authentication', 'limits', 'audit')
  })

  it('checks in one order: limits by address before tokens, permissions after them', async () => {
    const own = api({ controllers: [Things] })
    const codes: Array<string | undefined> = []
    for (let call = 0; call < 3; call++) codes.push(codeOf(await get(own, '/things', { authorization: 'Bearer x.y.z' })))
    expect(codes).to.deep.equal(['invalid-token', 'invalid-token', 'too-many-requests'])
  })

  it('records each request once, with who, what and how it ended', async () => {
    const records = recentRecords()
    const own = api({ controllers: [Things], audit: { sinks: [records] } })
    await get(own, '/things', { authorization: `Bearer ${token}` })
    await get(own, '/things')
    await get(own, '/nothing?password=hunter2')
    const [notFound, refused, done, started] = records.newest(10) as ReadonlyArray<Record<string, unknown>>
    expect(started).to.include({ kind: 'event', event: 'sys_startup' })
    expect(done).to.include({
      kind: 'audit',
      action: 'things.list',
      status: 200,
      principal_id: 'u1',
      address: '192.0.2.1',
      route: '/things',
    })
    expect(refused).to.include({ status: 401, reason: 'no-token', principal_id: null })
    expect(notFound).to.include({ kind: 'access', status: 404 })
    expect(JSON.stringify(notFound)).not.to.contain('hunter2')
    await own.close()
  })

  it('lets every service be replaced by its token', async () => {
    const asked: string[] = []
    const container = createContainer()
    container.registerInstance(tokens.ids, { next: () => 'id-of-mine' })
    container.registerInstance(tokens.permissionSource, {
      permissionsOf: async ({ id }) => [asked.push(`permissions of ${id}`), 'things:read'].map(String),
    })
    container.registerInstance(
      tokens.revocations,
      Object.assign(new StoredRevocations(new MemoryStateStore()), {
        isRevoked: async ({ tokenId }: { tokenId?: string }) => asked.push(`revoked ${tokenId !== ''}`) === 0,
      }),
    )
    container.registerInstance(tokens.clock, { now: () => Date.now() })
    const own = api({ controllers: [Things], container })
    const answer = await get(own, '/things', { authorization: `Bearer ${token}` })
    expect(answer.status).to.equal(200)
    expect(answer.headers).to.include('id-of-mine')
    expect(asked).to.deep.equal(['revoked true', 'permissions of u1'])
  })

  it('keeps two APIs apart, even on one container', async () => {
    const container = createContainer()
    const first = api({ controllers: [Things], container })
    const second = api({ controllers: [Things], container })
    const ask = async (own: Api) => (await get(own, '/things')).status
    expect([await ask(first), await ask(first), await ask(first), await ask(second)]).to.deep.equal([401, 401, 429, 401])
  })

  it('makes a controller for each request where it says so', async () => {
    let made = 0
    @Controller('/own', { factory: () => new Own(++made), scope: 'request' })
    class Own {
      constructor(readonly number: number) {}

      @Get('/')
      @Public()
      get() {
        return this.number
      }
    }
    const own = api({ controllers: [Own] })
    expect([(await get(own, '/own')).body, (await get(own, '/own')).body]).to.deep.equal(['1', '2'])
  })

  it('is HTTPS alone where TLS ends in front of the API, and browsers are told to stay there', async () => {
    const own = api({ controllers: [Things], https: 'terminated', trustProxy: 1 })
    expect((await get(own, '/things')).headers).to.include('Strict-Transport-Security')
    const clear = await get(own, '/things', { 'x-forwarded-for': '198.51.100.7', 'x-forwarded-proto': 'http' })
    expect([clear.status, codeOf(clear)]).to.deep.equal([403, 'https-required'])
    expect(clear.headers).not.to.include('Strict-Transport-Security')
  })

  it('lets go of a stream that comes when the time is up', async () => {
    for (const answerOf of [(stream: Readable) => stream, (stream: Readable) => reply(200, stream)]) {
      const late = new Readable({ read: () => undefined })

      @Controller('/late', { inject: [] })
      class Late {
        @Get('/')
        @Public()
        @Timeout(5)
        async get() {
          await new Promise((resolve) => setTimeout(resolve, 30))
          return answerOf(late)
        }
      }
      expect((await get(api({ controllers: [Late] }), '/late')).status).to.equal(503)
      if (!late.destroyed) await once(late, 'close')
    }
  })

  it('answers preflights where CORS is configured, and refuses them elsewhere', async () => {
    const own = api({ controllers: [Things], cors: { origins: ['https://shop.test'] } })
    const asked = { origin: 'https://shop.test', 'access-control-request-method': 'GET' }
    const allowed = await get(own, '/things', asked, 'OPTIONS')
    expect(allowed.status).to.equal(204)
    expect(allowed.headers).to.include.members(['Access-Control-Allow-Origin', 'https://shop.test', 'X-Frame-Options', 'DENY'])
    expect(codeOf(await get(own, '/things', { ...asked, origin: 'https://evil.test' }, 'OPTIONS'))).to.equal('origin-denied')
    expect((await get(own, '/nothing', asked, 'OPTIONS')).status).to.equal(404)
    expect((await get(api({ controllers: [Things] }), '/things', asked, 'OPTIONS')).status).to.equal(405)
  })

  it('lets no protection of a user pass for a built-in one, nor two for each other', () => {
    const named = (name: string) => protection<true>({ name, phase: 'transport', compile: () => () => undefined })
    const pretending = named('Public')
    const [first, second] = [named('Tenant'), named('Tenant')]
    @Controller('/a', { inject: [] })
    class Pretending {
      @Get('/open')
      @pretending(true)
      open() {}

      @Get('/twice')
      @Public()
      @first(true)
      @second(true)
      twice() {}
    }
    const found = mistakesIn({ controllers: [Pretending] })
    expect(found).to.have.length(2)
    expect(found[0]).to.contain('Pretending.open: nothing says who may use it')
    expect(found[1]).to.contain('Pretending.twice: two protections are both called Tenant')
  })

  it('lets a protection shape what leaves', async () => {
    const Wrap = protection<string>({
      name: 'Wrap',
      phase: 'answer',
      compile: (declared) => (context) => {
        context.result = { [declared[0]?.value ?? '']: context.result }
      },
    })
    @Controller('/a', { inject: [] })
    class Wrapped {
      @Get('/')
      @Public()
      @Wrap('data')
      get() {
        return [1]
      }
    }
    expect((await get(api({ controllers: [Wrapped] }), '/a')).body).to.equal('{"data":[1]}')
  })

  it('runs protections that users made, in their phase, and tells their mistakes', async () => {
    const order: string[] = []
    const RequireHeader = protection<string>({
      name: 'RequireHeader',
      phase: 'transport',
      compile(declared, route) {
        const names = declared.map(({ value }) => value)
        if (names.includes('')) route.mistake('a required header has no name', 'name it')
        route.describe('headers', names)
        return function requireHeader({ request }) {
          order.push('header')
          for (const name of names) if (request.headers[name] === undefined) throw new MalformedRequest(`The header ${name} is missing.`)
        }
      },
    })
    @RequireHeader('x-tenant')
    @Controller('/a', { inject: [] })
    class Tenants {
      @Get('/')
      @Public()
      @RequireHeader('x-shop')
      get() {
        order.push('handler')
      }

      @Get('/broken')
      @Public()
      @RequireHeader('')
      broken() {}
    }
    expect(mistakesIn({ controllers: [Tenants] })).to.deep.equal(['Tenants.broken: a required header has no name → name it'])

    @RequireHeader('x-tenant')
    @Controller('/b', { inject: [] })
    class Shops {
      @Get('/')
      @Public()
      @RequireHeader('x-shop')
      get() {
        order.push('handler')
      }
    }
    const own = api({ controllers: [Shops] })
    expect(own.inventory()[0]?.protections.headers).to.deep.equal(['x-tenant', 'x-shop'])
    expect((await get(own, '/b', { 'x-tenant': '1' })).status).to.equal(400)
    expect((await get(own, '/b', { 'x-tenant': '1', 'x-shop': '2' })).status).to.equal(204)
    expect(order).to.deep.equal(['header', 'header', 'handler'])
  })
})
