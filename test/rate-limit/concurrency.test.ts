import { expect } from 'chai'
import {
  Authenticated,
  BootError,
  Concurrency,
  Controller,
  Get,
  Public,
  RateLimit,
  Timeout,
  bearer,
  createApi,
  createLogger,
  recentRecords,
  tokenIssuer,
} from '../../lib/index.js'
import type { ApiOptions, Reply } from '../../lib/index.js'
import type { Class } from '../../lib/decorator.js'
import { exchangeOf } from '../exchange.js'

const key = { algorithm: 'HS256', secret: 'ruq8Vb2LwZ0nXk5TcY7sJm4GdHf9Pe1A' } as const
const names = { issuer: 'https://auth.test', audience: 'https://api.test' }
const records = recentRecords(10)

/** Handlers that wait until they are let go. */
const waiting: Array<(fails?: Error) => void> = []
const letGo = (fails?: Error) => waiting.splice(0).forEach((go) => go(fails))
const wait = () =>
  new Promise<string>((resolve, reject) => waiting.push((fails) => (fails === undefined ? resolve('done') : reject(fails))))

@Controller('/')
@Concurrency(4, { by: 'route' })
class Slow {
  @Get('/address')
  @Public()
  @Concurrency(2)
  byAddress() {
    return wait()
  }

  @Get('/principal')
  @Authenticated()
  @Concurrency(1, { by: 'principal' })
  byPrincipal() {
    return wait()
  }

  @Get('/function')
  @Public()
  @Concurrency(1, { by: ({ request }) => String(request.headers['x-job']) })
  byFunction() {
    return wait()
  }

  @Get('/late')
  @Public()
  @Timeout(20)
  @Concurrency(1)
  late() {
    return wait()
  }

  @Get('/limited')
  @Public()
  @Concurrency(1)
  @RateLimit('1 per hour')
  limited() {
    return wait()
  }
}

function start(controller: Class = Slow, options: Partial<ApiOptions> = {}) {
  return createApi({
    ...{ controllers: [controller], https: 'off', audit: { sinks: [records] }, logger: createLogger({ silent: true }) },
    ...{ authentication: bearer({ ...names, keys: [key] }), ...options },
  })
}

const api = start()

async function call(
  target: string,
  { address = '192.0.2.1', headers = {} }: { address?: string; headers?: Record<string, string> } = {},
): Promise<Reply> {
  const all = { host: 'a', ...headers }
  const { request } = exchangeOf({ request: { target, remoteAddress: address, headers: all, rawHeaders: Object.entries(all).flat() } })
  return api.answer(request)
}

const tick = () => new Promise((resolve) => setImmediate(resolve))
const as = (sub: string) => ({ headers: { authorization: `Bearer ${tokenIssuer({ ...names, key }).issue({ sub }).token}` } })

describe('@Concurrency', () => {
  afterEach(async () => {
    letGo()
    await tick()
  })

  it('lets so many in at once, for each address, and the next when one has ended', async () => {
    const first = [call('/address'), call('/address')]
    await tick()
    const refused = await call('/address')
    expect(refused.status).to.equal(429)
    expect(refused.headers[refused.headers.indexOf('Retry-After') + 1]).to.equal('1')
    expect(JSON.stringify(records.newest(1))).to.include('concurrency 2')
    const other = call('/address', { address: '192.0.2.2' })
    await tick()
    letGo()
    for (const { status } of await Promise.all([...first, other])) expect(status).to.equal(200)
    const next = call('/address')
    await tick()
    letGo()
    expect((await next).status).to.equal(200)
  })

  it('counts callers, and whatever a function names', async () => {
    const pending = [call('/principal', as('alice')), call('/function', { headers: { 'x-job': 'a' } })]
    await tick()
    expect((await call('/principal', as('alice'))).status).to.equal(429)
    expect((await call('/function', { headers: { 'x-job': 'a' } })).status).to.equal(429)
    pending.push(call('/principal', as('bob')), call('/function', { headers: { 'x-job': 'b' } }))
    await tick()
    letGo()
    expect((await Promise.all(pending)).map(({ status }) => status)).to.deep.equal([200, 200, 200, 200])
  })

  it('of a class counts for each route apart, and all must have room', async () => {
    const pending = ['1', '2', '3', '4'].map((end) => call('/address', { address: `192.0.2.${end}` }))
    await tick()
    expect((await call('/address', { address: '192.0.2.5' })).status).to.equal(429)
    const elsewhere = call('/function')
    await tick()
    letGo()
    expect((await Promise.all([...pending, elsewhere])).map(({ status }) => status)).to.deep.equal([200, 200, 200, 200, 200])
  })

  it('gives the place back whatever the end is: a throw, a refusal further on', async () => {
    const failing = call('/address')
    await tick()
    letGo(new Error('broken'))
    expect((await failing).status).to.equal(500)
    for (let time = 0; time < 5; time++) expect((await call('/principal')).status, 'no token').to.equal(401)
    const limited = call('/limited')
    await tick()
    letGo()
    expect((await limited).status).to.equal(200)
    expect((await call('/limited')).status, 'past the rate limit').to.equal(429)
    const pending = [call('/address'), call('/address')]
    await tick()
    letGo()
    expect((await Promise.all(pending)).map(({ status }) => status)).to.deep.equal([200, 200])
  })

  it('holds the place of a handler that goes on after its time was up', async () => {
    expect((await call('/late')).status).to.equal(503)
    expect((await call('/late')).status, 'it is still at work').to.equal(429)
    letGo()
    await tick()
    const next = call('/late')
    await tick()
    letGo()
    expect((await next).status).to.equal(200)
  })

  it('stands in the inventory, and does not start with nonsense', () => {
    expect(api.inventory().find(({ path }) => path === '/address')?.protections.concurrency).to.deep.equal([
      '4 at once by route',
      '2 at once by address',
    ])
    @Controller('/')
    @Public()
    class Wrong {
      @Get('/a')
      @Concurrency(0)
      none() {}

      @Get('/b')
      @Concurrency(1, { by: 'cookie' as 'address' })
      by() {}
    }
    expect(() => start(Wrong)).to.throw(BootError, /0 calls[^]*"cookie"/)
  })
})
