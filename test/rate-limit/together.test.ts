import { expect } from 'chai'
import { PassThrough } from 'node:stream'
import { createLogger, transports } from 'winston'
import { Controller, createApi, createContainer, Get, Public, recentRecords, tokens } from '../../lib/index.js'
import { PermissionDenied, Unauthenticated } from '../../lib/errors.js'
import { MemoryRateLimitStore, RateLimit, parseLimits } from '../../lib/rate-limit/rate-limit.js'
import { SharedRateLimitStore } from '../../lib/rate-limit/shared-store.js'
import type { CounterServer } from '../../lib/rate-limit/shared-store.js'
import { exchangeOf } from '../exchange.js'
import { Routes, setClock } from './route.js'

/** A server that counts in memory, answers when it is asked to fail, and notes what it was asked. */
class FakeServer implements CounterServer {
  readonly name = 'Fake'
  readonly clock = setClock()
  readonly asked: string[] = []
  failure: Error | undefined
  instances = 1
  readonly #memory = new MemoryRateLimitStore({ clock: this.clock })

  async consume(charges: Parameters<CounterServer['consume']>[0]) {
    this.#ask(`consume ${charges.length}`)
    return { verdict: this.#memory.consume(charges), instances: this.instances }
  }

  async refund(charges: Parameters<CounterServer['refund']>[0], verdict: Parameters<CounterServer['refund']>[1]) {
    this.#ask(`refund ${charges.length}`)
    this.#memory.refund(charges, verdict)
  }

  async read(charges: Parameters<CounterServer['read']>[0]) {
    this.#ask('read')
    return this.#memory.read(charges)
  }

  async reset(charges: Parameters<CounterServer['reset']>[0]) {
    this.#ask('reset')
    this.#memory.reset(charges)
  }

  #ask(what: string): void {
    if (this.failure !== undefined) throw this.failure
    this.asked.push(what)
  }
}

function shared(server: FakeServer, options: ConstructorParameters<typeof SharedRateLimitStore>[1] = {}): SharedRateLimitStore {
  return new SharedRateLimitStore(server, { clock: server.clock, ...options })
}

class Orders {
  @RateLimit('3 per minute')
  @RateLimit('2 per minute', { by: 'principal' })
  create() {}

  @RateLimit('3 per minute')
  @RateLimit('9 per minute', { by: 'principal' })
  @RateLimit('9 per minute', { by: () => 'all' })
  list() {}

  @RateLimit('3 per minute', { refundOnSuccess: true })
  login() {}

  @RateLimit('2 per minute', { penalty: '1 min' })
  guess() {}

  @RateLimit('1 per minute', { by: 'apiKey' })
  keyed() {}

  @RateLimit('9 per second; 2 per hour', { name: 'slow' })
  slow() {}

  @RateLimit('2 per minute')
  @RateLimit('9 per minute', { by: 'principal', refundOnSuccess: true })
  @RateLimit('9 per minute', { by: () => 'all' })
  cached() {}
}

const ann = { id: 'ann' }
const unauthenticated = (phase: string) => {
  if (phase === 'caller') throw new Unauthenticated()
}

describe('limits of several phases, in a store behind a network', () => {
  it('are charged in one call for a request, all or none', async () => {
    const server = new FakeServer()
    const routes = new Routes({}, shared(server)).add(Orders, 'create', 'list')
    expect(await routes.statuses(3, 'Orders.create', { principal: ann })).to.deep.equal([200, 200, 429])
    expect(server.asked).to.deep.equal(['consume 2', 'consume 2', 'consume 2'])
    expect((await routes.call('Orders.create', { principal: { id: 'bob' } })).status).to.equal(200)
    expect((await routes.call('Orders.list', { principal: ann })).status).to.equal(200)
    expect(server.asked.at(-1)).to.equal('consume 3')
  })

  it('count callers that are refused before the last phase', async () => {
    const server = new FakeServer()
    const routes = new Routes({}, shared(server)).add(Orders, 'create', 'list')
    const forged = { between: unauthenticated }
    expect(await routes.statuses(4, 'Orders.create', forged)).to.deep.equal([401, 401, 401, 429])
    expect(server.asked).to.deep.equal(['consume 1', 'consume 1', 'consume 1', 'consume 1'])
    const denied = (phase: string) => {
      if (phase === 'object') throw new PermissionDenied()
    }
    expect(await routes.statuses(4, 'Orders.list', { between: denied, principal: ann })).to.deep.equal([403, 403, 403, 429])
  })

  it('refuse at once, before anybody is authenticated, whom the server has just refused', async () => {
    const server = new FakeServer()
    const routes = new Routes({}, shared(server)).add(Orders, 'create')
    await routes.statuses(4, 'Orders.create', { between: unauthenticated })
    const asked = server.asked.length
    let isAuthenticated = false
    const call = await routes.call('Orders.create', { between: (phase) => void (isAuthenticated ||= phase === 'caller') })
    expect([call.status, isAuthenticated, server.asked.length]).to.deep.equal([429, false, asked])
    expect(call.headers.get('Retry-After')).to.match(/^[1-9]\d*$/)
    server.clock.time += 60_000
    expect((await routes.call('Orders.create', { principal: ann })).status).to.equal(200)
  })

  it('let only few requests of one address go on uncharged at once', async () => {
    const server = new FakeServer()
    const routes = new Routes({}, shared(server)).add(Orders, 'create')
    let authenticating = 0
    let most = 0
    const slow = async () => {
      const outcome = routes.call('Orders.create', {
        between: (phase) => {
          if (phase !== 'caller') return
          authenticating += 1
          most = Math.max(most, authenticating)
          throw new Unauthenticated()
        },
      })
      return (await outcome).status
    }
    const statuses = await Promise.all(Array.from({ length: 50 }, slow))
    expect(statuses.filter((status) => status === 401)).to.have.length(3)
    expect(most).to.be.at.most(8 + 3)
  })
})

describe('limits of several phases, in a store behind a network, under attack', () => {
  it('let no more of one IPv6 network go on uncharged than of one address', async () => {
    const server = new FakeServer()
    const routes = new Routes({}, shared(server)).add(Orders, 'create')
    let authenticated = 0
    const between = (phase: string) => {
      if (phase !== 'caller') return
      authenticated += 1
      throw new Unauthenticated()
    }
    const calls = Array.from({ length: 50 }, async (_, host) => routes.call('Orders.create', { address: `2001:db8::${host}`, between }))
    expect((await Promise.all(calls)).filter(({ status }) => status === 401)).to.have.length(3)
    expect(authenticated).to.be.at.most(8 + 3)
  })

  it('count a call that a step has answered in the handler’s place', async () => {
    const server = new FakeServer()
    const routes = new Routes({}, shared(server, { remembersRefusals: false })).add(Orders, 'cached')
    expect(await routes.statuses(2, 'Orders.cached', { principal: ann, answeredBefore: 'object' })).to.deep.equal([200, 200])
    expect(server.asked).to.deep.equal(['consume 1', 'consume 1'])
    expect((await routes.call('Orders.cached', { principal: ann })).status).to.equal(429)
    expect(await routes.statuses(1, 'Orders.cached', { principal: ann, address: '192.0.2.2' })).to.deep.equal([200])
  })
})

describe('a refusal from memory', () => {
  it('says when the window that refused has ended, not when the server is asked again', async () => {
    const server = new FakeServer()
    const routes = new Routes({}, shared(server)).add(Orders, 'slow')
    await routes.statuses(3, 'Orders.slow')
    const asked = server.asked.length
    server.clock.time += 500
    const { status, headers } = await routes.call('Orders.slow')
    expect([status, server.asked.length]).to.deep.equal([429, asked])
    expect([headers.get('Retry-After'), headers.get('RateLimit')]).to.deep.equal(['3600', '"slow-1h";r=0;t=3600'])
  })

  it('keeps nobody out for longer where the clock is set back', async () => {
    const server = new FakeServer()
    const routes = new Routes({}, shared(server)).add(Orders, 'slow')
    await routes.statuses(3, 'Orders.slow')
    const asked = server.asked.length
    server.clock.time -= 3_600_000
    await routes.call('Orders.slow')
    expect(server.asked.length).to.equal(asked + 1)
  })

  it('spares nobody what a failure costs', async () => {
    const store = shared(new FakeServer())
    const charge = { rule: 'rule', key: 'key', windows: parseLimits('12 per minute'), cost: 5 }
    await store.consume([charge])
    await store.consume([charge])
    expect((await store.consume([charge])).windows[0]?.remaining).to.equal(2)
    expect((await store.consume([charge])).windows[0]?.remaining).to.equal(2)
    const failed = await store.consume([{ ...charge, capped: true }])
    expect([failed.allowed, failed.windows[0]?.remaining]).to.deep.equal([true, 0])
  })
})

describe('a charge', () => {
  it('is given back when the call succeeds, where it is to be', async () => {
    const server = new FakeServer()
    const routes = new Routes({}, shared(server)).add(Orders, 'login')
    expect(await routes.statuses(9, 'Orders.login')).to.deep.equal(Array(9).fill(200))
    expect(await routes.statuses(4, 'Orders.login', { status: 404 })).to.deep.equal([404, 404, 404, 429])
  })

  it('is counted for each API key, and for callers without one by who they are', async () => {
    const routes = new Routes().add(Orders, 'keyed')
    const key = (apiKeyId: string) => ({ principal: { id: 'ann', issuer: 'api-key', apiKeyId } })
    expect(await routes.statuses(2, 'Orders.keyed', key('k1'))).to.deep.equal([200, 429])
    expect(await routes.statuses(2, 'Orders.keyed', key('k2'))).to.deep.equal([200, 429])
    expect(await routes.statuses(2, 'Orders.keyed', { principal: { id: 'ann', issuer: 'api-key' } })).to.deep.equal([200, 429])
  })
})

describe('a penalty', () => {
  it('keeps out for longer each time, and is answered from memory, the store lost or not', async () => {
    const server = new FakeServer()
    const routes = new Routes({}, shared(server, { onStoreFailure: 'open' })).add(Orders, 'guess')
    const first = (await routes.statuses(3, 'Orders.guess')).at(-1)
    const asked = server.asked.length
    server.clock.time += 9_000
    const blocked = await routes.call('Orders.guess')
    expect([first, blocked.status, blocked.headers.get('Retry-After')]).to.deep.equal([429, 429, '51'])
    expect(server.asked).to.have.length(asked)
    server.failure = new Error('away')
    server.clock.time += 50_000
    expect((await routes.call('Orders.guess')).status).to.equal(429)
    server.clock.time += 1_001
    expect((await routes.call('Orders.guess')).status).to.equal(200)
    server.failure = undefined
    const again = await Promise.all([1, 2, 3].map(async () => routes.call('Orders.guess')))
    expect(again.map(({ headers }) => headers.get('Retry-After')).at(-1)).to.equal('120')
  })
})

describe('a lost store', () => {
  const charges = (count: number, cost = 1) => [{ rule: 'rule', key: 'key', windows: [{ count, window: 60_000 }], cost }]

  it('is stood in for by this process, with its part of the limits', async () => {
    const server = new FakeServer()
    server.instances = 4
    const store = shared(server)
    await store.consume(charges(100))
    server.failure = new Error('away')
    let admitted = 0
    while ((await store.consume(charges(100))).allowed) admitted += 1
    expect(admitted).to.equal(25)
    expect((await store.consume([{ ...charges(10, 5)[0]!, rule: 'dear' }])).allowed).to.equal(true)
  })

  it('is given back nothing that it did not charge, where some of it is given back too', async () => {
    const server = new FakeServer()
    const store = shared(server)
    const charges = ['a', 'b'].map((key) => ({ rule: 'rule', key, windows: parseLimits('1 per minute'), cost: 1 }))
    server.failure = new Error('gone')
    const verdict = await store.consume(charges)
    server.failure = undefined
    await store.refund(charges.slice(1), { ...verdict, windows: verdict.windows.slice(1) })
    expect(server.asked).to.deep.equal([])
    server.failure = new Error('gone')
    expect((await store.consume(charges.slice(1))).allowed).to.equal(true)
    expect((await store.consume(charges.slice(0, 1))).allowed).to.equal(false)
  })

  it('is told of once, and once when it is back', async () => {
    const server = new FakeServer()
    const store = shared(server)
    const changes: string[] = []
    store.watch(({ state }) => changes.push(state))
    server.failure = new Error('away')
    for (let call = 0; call < 20; call += 1) await store.consume(charges(100))
    expect(changes).to.deep.equal(['lost'])
    server.failure = undefined
    server.clock.time += 1_000
    await store.consume(charges(100))
    await new Promise(setImmediate)
    expect(changes).to.deep.equal(['lost', 'back'])
    server.asked.length = 0
    await store.consume(charges(100))
    expect(server.asked).to.deep.equal(['consume 1'])
  })

  it('stands in the log and the records of the API', async () => {
    @Controller('/things')
    class Things {
      @Get('/')
      @Public()
      @RateLimit('9 per minute')
      all() {}
    }
    const server = new FakeServer()
    const store = shared(server, { onStoreFailure: 'closed' })
    const container = createContainer()
    container.register(tokens.rateLimitStore, { useValue: store })
    const records = recentRecords()
    const lines: string[] = []
    const logger = createLogger({
      transports: [new transports.Stream({ stream: new PassThrough().on('data', (line) => lines.push(String(line))) })],
    })
    const api = createApi({ controllers: [Things], container, audit: { sinks: [records] }, logger })
    server.failure = new Error('away')
    const { request } = exchangeOf({
      request: { target: '/things', headers: { host: 'localhost' }, rawHeaders: ['Host', 'localhost'], encrypted: true },
    })
    for (let call = 0; call < 9; call += 1) expect((await api.answer(request)).status).to.equal(503)
    // An outage is one event, however many requests it refuses.
    expect(records.newest().map(({ event }) => event)).to.deep.equal([
      ...Array(7).fill(undefined),
      'sys_crash',
      ...[undefined, undefined],
      'sys_startup',
    ])
    expect(lines.filter((line) => line.includes('Fake does not answer'))).to.have.length(1)
    expect(lines.filter((line) => line.includes('not available at the moment'))).to.have.length(3)
    server.failure = undefined
    server.clock.time += 1_000
    await store.consume(charges(100)).catch(() => undefined)
    await new Promise(setImmediate)
    expect(records.newest(1).map(({ event }) => event)).to.deep.equal(['sys_restart'])
    await api.close()
  })
})
