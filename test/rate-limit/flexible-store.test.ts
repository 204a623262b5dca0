import { expect } from 'chai'
import fc from 'fast-check'
import { Redis } from 'ioredis'
import { Pool } from 'pg'
import { RateLimiterMemory, RateLimiterPostgres, RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible'
import type { RateLimiterAbstract } from 'rate-limiter-flexible'
import { createClient } from 'redis'
import type { Clock } from '../../lib/context.js'
import { Unavailable } from '../../lib/errors.js'
import { clockWindow } from '../../lib/rate-limit/clock-window.js'
import { parseLimits } from '../../lib/rate-limit/rate-limit.js'
import type { Charge, Limit } from '../../lib/rate-limit/rate-limit.js'
import { FlexibleRateLimitStore } from '../../lib/stores.js'
import type { FlexibleLimiter, FlexibleLimiterMaker, FlexibleRateLimitStoreOptions } from '../../lib/stores.js'
import { rateLimitStoreCases } from '../../lib/testing.js'
import type { RateLimitStoreAbilities } from '../../lib/testing.js'
import { findPostgres, startPostgres } from '../postgres-server.js'
import type { PostgresServer } from '../postgres-server.js'
import { hasRedis, startRedis } from './redis-server.js'
import type { RedisServer } from './redis-server.js'
import { setClock } from './route.js'

const exact = { deadline: 10_000, onStoreFailure: 'closed', remembersRefusals: false } as const

const abilities: RateLimitStoreAbilities = {
  algorithms: ['fixed'],
  penalties: false,
  largestCount: 1_000_000_000,
  windowEnd: (counter, limit, now) => clockWindow(counter, limit, now).endsAt,
}

const sizeOf = ({ count, window }: Limit) => ({ points: count, duration: window / 1_000 })

function charge(text: string, key: string, more: Partial<Charge> = {}): Charge {
  return { rule: text, key, windows: parseLimits(text), cost: 1, ...more }
}

/** Limiters that count in one memory, as those of several processes count in one database. */
function shared(make: FlexibleLimiterMaker): FlexibleLimiterMaker {
  const made = new Map<string, FlexibleLimiter>()
  return (limit) => {
    const name = `${limit.count}/${limit.window}`
    const limiter = made.get(name) ?? make(limit)
    made.set(name, limiter)
    return limiter
  }
}

describe('the contract of rate limit stores, over RateLimiterMemory', () => {
  const limiterFor = shared((limit) => new RateLimiterMemory(sizeOf(limit)))

  for (const { name, run } of rateLimitStoreCases((clock) => new FlexibleRateLimitStore(limiterFor, { ...exact, clock }), {
    ...abilities,
    runs: 200,
  })) {
    it(name, run)
  }
})

const describeWithRedis = hasRedis() ? describe : () => undefined

describeWithRedis('the contract of rate limit stores, over RateLimiterRedis', () => {
  let server: RedisServer
  let ioredis: Redis
  let nodeRedis: ReturnType<typeof createClient>

  before(async () => {
    server = await startRedis()
    ioredis = new Redis(server.port, '127.0.0.1')
    nodeRedis = createClient({ url: `redis://127.0.0.1:${server.port}` })
    nodeRedis.on('error', () => undefined)
    await nodeRedis.connect()
  })

  after(async () => {
    ioredis.disconnect()
    nodeRedis.destroy()
    await server.stop()
  })

  let opened = 0

  /** Some processes with one client, some with the other. */
  function open(clock?: Clock): FlexibleRateLimitStore {
    opened += 1
    const client = opened % 2 === 0 ? { storeClient: ioredis } : { storeClient: nodeRedis, useRedisPackage: true }
    const limiterFor = (limit: Limit) => new RateLimiterRedis({ ...client, keyPrefix: 'limits', ...sizeOf(limit) })
    return new FlexibleRateLimitStore(limiterFor, { ...exact, ...(clock === undefined ? {} : { clock }) })
  }

  for (const { name, run } of rateLimitStoreCases(open, { ...abilities, runs: 40 })) it(name, run)

  it('says truly, by the clock of the machine, when it lets in again', async () => {
    const store = open()
    const charges = [charge('1 per second', 'real time')]
    let verdict = await store.consume(charges)
    while (verdict.allowed) verdict = await store.consume(charges)
    const { retryAfter } = verdict
    expect(retryAfter).to.be.within(1, 1_000)
    await new Promise((resolve) => setTimeout(resolve, retryAfter + 2))
    expect((await store.consume(charges)).allowed).to.equal(true)
  })

  it('keeps each key for a minute longer than its window, and none for ever', async () => {
    const clock = setClock()
    const store = open(clock)
    const charges = [charge('2 per minute', 'a key that ends')]
    const { key } = clockWindow(charges[0] as Charge, { count: 2, window: 60_000 }, clock.time)
    await store.refund(charges, await store.consume(charges))
    // A machine whose clock is behind must find it still.
    expect(await ioredis.pttl(`limits:${key}`)).to.be.within(110_000, 120_000)
    await store.reset([charge('2 per minute', 'another')])
    const keys = await ioredis.keys('*')
    const lives = await Promise.all(keys.map(async (key) => ioredis.pttl(key)))
    expect(keys).to.have.length.above(0)
    expect(lives.filter((life) => life === -1)).to.deep.equal([])
  })
})

const programs = findPostgres()
const describeWithPostgres = programs === undefined ? () => undefined : describe

describeWithPostgres('the contract of rate limit stores, over RateLimiterPostgres', () => {
  let server: PostgresServer
  let pool: Pool

  before(async () => {
    server = await startPostgres(programs ?? '')
    pool = new Pool({ connectionString: server.url, max: 8 })
    pool.on('error', () => undefined)
    await new Promise<void>((resolve, reject) => {
      const made = (error?: Error) => (error === undefined ? resolve() : reject(error))
      void new RateLimiterPostgres({ storeClient: pool, tableName: 'limits', points: 1, duration: 1 }, made)
    })
  })

  after(async () => {
    await pool.end()
    await server.stop()
  })

  function open(clock: Clock): FlexibleRateLimitStore {
    const table = { storeClient: pool, tableName: 'limits', tableCreated: true, clearExpiredByTimeout: false }
    return new FlexibleRateLimitStore((limit) => new RateLimiterPostgres({ ...table, ...sizeOf(limit) }), { ...exact, clock })
  }

  for (const { name, run } of rateLimitStoreCases(open, { ...abilities, runs: 30 })) it(name, run)

  it('keeps keys apart that a database takes for the same, and cuts none', async () => {
    const store = open(setClock())
    const allowed = []
    for (const key of ['a', 'A', 'a ', 'x'.repeat(200), `${'x'.repeat(199)}y`]) {
      allowed.push((await store.consume([charge('1 per hour', key, { rule: 'r'.repeat(300) })])).allowed)
    }
    expect(allowed).to.deep.equal([true, true, true, true, true])
    const { rows } = await pool.query<{ key: string }>('SELECT DISTINCT lower(key) AS key FROM limits')
    const { rows: all } = await pool.query<{ key: string }>('SELECT key FROM limits')
    expect(rows.length).to.equal(all.length)
  })
})

/** A limiter in memory that does something before it charges or takes back. */
class Hooked extends RateLimiterMemory {
  readonly rewarded: number[] = []
  beforeConsume: (key: string) => void | Promise<void> = () => undefined
  beforeReward: (key: string) => void | Promise<void> = () => undefined

  override async consume(...[key, points, options]: Parameters<RateLimiterAbstract['consume']>): Promise<RateLimiterRes> {
    await this.beforeConsume(String(key))
    return super.consume(key, points, options)
  }

  override async reward(...[key, points, options]: Parameters<RateLimiterAbstract['reward']>): Promise<RateLimiterRes> {
    this.rewarded.push(Number(points))
    await this.beforeReward(String(key))
    return super.reward(key, points, options)
  }
}

/** A store whose limiters are at hand. */
function hooked(options: FlexibleRateLimitStoreOptions = {}) {
  const clock = setClock()
  const limiters = new Map<string, Hooked>()
  const limiterFor: FlexibleLimiterMaker = (limit) => {
    const limiter = new Hooked(sizeOf(limit))
    limiters.set(`${limit.count}/${limit.window / 1_000}`, limiter)
    return limiter
  }
  const store = new FlexibleRateLimitStore(limiterFor, { ...exact, clock, ...options })
  const limiter = (name: string) => limiters.get(name) as Hooked
  return { clock, store, limiter, limiters }
}

/** Has somebody else use a window up between the look and the charge. */
function usedUp(limiter: Hooked): void {
  limiter.beforeConsume = async (key) => {
    limiter.beforeConsume = () => undefined
    await limiter.penalty(key, limiter.points, { customDuration: 1_000 })
  }
}

const left = async (store: FlexibleRateLimitStore, ...charges: readonly Charge[]) =>
  (await store.read(charges)).windows.map(({ remaining }) => remaining)

describe('FlexibleRateLimitStore', () => {
  it('divides time into windows that follow each other, for each counter at times of its own', () => {
    const counter = fc.record({ rule: fc.string(), key: fc.string() })
    const time = fc.integer({ min: 0, max: 2 ** 42 })
    fc.assert(
      fc.property(counter, time, fc.integer({ min: 1, max: 3_000_000 }), fc.nat(), (one, now, seconds, later) => {
        const limit = { count: 1, window: seconds * 1_000 }
        const { key, endsAt } = clockWindow(one, limit, now)
        expect(endsAt).to.be.within(now + 1, now + limit.window)
        expect(clockWindow(one, limit, endsAt - 1 - (later % limit.window))).to.deep.equal({ key, endsAt })
        expect(clockWindow(one, limit, endsAt).endsAt).to.equal(endsAt + limit.window)
        expect(key).to.match(/^[0-9a-f]{64}:\d+s:\d+$/)
      }),
    )
    const ends = Array.from(
      { length: 100 },
      (_, key) => clockWindow({ rule: '', key: String(key) }, { count: 1, window: 60_000 }, 0).endsAt,
    )
    expect(new Set(ends.map((end) => Math.floor(end / 6_000))).size).to.be.above(8)
  })

  it('admits no more than any of several limits, and no refused call costs anything, however many ask at once', async () => {
    const limiterFor = shared((limit) => new RateLimiterMemory(sizeOf(limit)))
    const clock = setClock()
    const stores = [1, 2, 3].map(() => new FlexibleRateLimitStore(limiterFor, { ...exact, clock }))
    await fc.assert(
      fc.asyncProperty(fc.uuid(), fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 40 }), async (key, costs) => {
        const charges = (cost: number) => [charge('7 per minute; 9 per hour', key, { cost }), charge('11 per day', key, { cost })]
        const calls = costs.map(async (cost, at) => ({ cost, ...(await stores[at % 3]?.consume(charges(cost))) }))
        const admitted = (await Promise.all(calls)).filter(({ allowed }) => allowed).reduce((sum, { cost }) => sum + cost, 0)
        expect(admitted).to.be.most(7)
        expect(await left(stores[0] as FlexibleRateLimitStore, ...charges(1))).to.deep.equal([7 - admitted, 9 - admitted, 11 - admitted])
      }),
      { numRuns: 50 },
    )
  })

  it('refuses what was used up since it looked, and gives all of it back', async () => {
    const { store, limiter } = hooked()
    const charges = [charge('5 per minute', 'a', { cost: 2 }), charge('3 per hour', 'a'), charge('9 per day', 'a')]
    await store.read(charges)
    usedUp(limiter('3/3600'))
    const verdict = await store.consume(charges)
    expect(verdict).to.include({ allowed: false, refusedBy: 1 })
    expect(verdict.retryAfter).to.equal(verdict.windows[1]?.reset)
    expect(verdict.windows.map(({ remaining }) => remaining)).to.deep.equal([5, 0, 9])
    expect(await left(store, ...charges)).to.deep.equal([5, 0, 9])
  })

  it('charges nothing at all where it sees that it will refuse', async () => {
    const { store, limiter } = hooked()
    const charges = [charge('5 per minute', 'a'), charge('1 per hour', 'a')]
    await store.consume(charges)
    await store.consume(charges)
    await store.consume([charge('5 per minute', 'a', { cost: 6 })])
    expect([...limiter('5/60').rewarded, ...limiter('1/3600').rewarded]).to.deep.equal([])
    expect(await left(store, ...charges)).to.deep.equal([4, 0])
  })

  it('never gives a charge back into a later window', async () => {
    const { clock, store, limiter } = hooked()
    const charges = [charge('2 per second', 'a'), charge('1 per hour', 'a')]
    await store.read(charges)
    usedUp(limiter('1/3600'))
    limiter('2/1').beforeReward = () => void (clock.time += 1_000)
    await store.consume(charges)
    limiter('2/1').beforeReward = () => undefined
    const first = await store.consume([charges[0] as Charge])
    const second = await store.consume([charges[0] as Charge])
    expect([first.allowed, second.allowed, (await store.consume([charges[0] as Charge])).allowed]).to.deep.equal([true, true, false])
    clock.time += 1_000
    await store.consume([charges[0] as Charge])
    await store.refund([charges[0] as Charge], first)
    expect(await left(store, charges[0] as Charge)).to.deep.equal([1])
  })

  it('admits no more than the limit where a counter is reset before a charge is given back', async () => {
    const { store, limiter } = hooked()
    const charges = [charge('2 per minute', 'a'), charge('1 per hour', 'a')]
    await store.read(charges)
    usedUp(limiter('1/3600'))
    limiter('2/60').beforeReward = async () => store.reset(charges)
    await store.consume(charges)
    expect(
      (await limiter('2/60').get(clockWindow(charges[0] as Charge, { count: 2, window: 60_000 }, 1_700_000_000_000).key))?.consumedPoints,
    ).to.equal(0)
  })

  it('gives back no more than was charged', async () => {
    const { store, limiter } = hooked()
    const charges = [charge('3 per minute', 'a', { cost: 2 })]
    const verdict = await store.consume(charges)
    await store.refund(charges, verdict)
    await store.refund(charges, verdict)
    expect(limiter('3/60').rewarded).to.deep.equal([2])
    expect(await left(store, ...charges)).to.deep.equal([3])
    await store.consume(charges)
    await store.refund(charges, { ...verdict, windows: verdict.windows.map((use) => ({ ...use, endsAt: 0 })) })
    expect(await left(store, ...charges)).to.deep.equal([1])
  })

  it('takes what is left for a capped charge, of what was used up since it looked too', async () => {
    const { store, limiter } = hooked()
    const capped = charge('5 per minute', 'a', { cost: 4, capped: true })
    await store.read([capped])
    limiter('5/60').beforeConsume = async (key) => {
      limiter('5/60').beforeConsume = () => undefined
      await limiter('5/60').penalty(key, 3, { customDuration: 1_000 })
    }
    expect(await store.consume([capped])).to.include({ allowed: true })
    expect(limiter('5/60').rewarded).to.deep.equal([2])
    expect(await left(store, capped)).to.deep.equal([0])
    expect(await store.consume([capped])).to.include({ allowed: true })
    expect(limiter('5/60').rewarded).to.deep.equal([2])
  })

  it('gives back of a capped charge what it took', async () => {
    const { store, limiter } = hooked()
    const charges = [charge('5 per minute', 'a', { cost: 4, capped: true }), charge('3 per hour', 'a')]
    await store.read(charges)
    limiter('5/60').beforeConsume = async (key) => void (await limiter('5/60').penalty(key, 3, { customDuration: 1_000 }))
    usedUp(limiter('3/3600'))
    expect((await store.consume(charges)).allowed).to.equal(false)
    expect(await left(store, ...charges)).to.deep.equal([2, 0])
  })

  it('refuses all the same where a charge cannot be given back', async () => {
    const { store, limiter } = hooked()
    const charges = [charge('5 per minute', 'a'), charge('3 per hour', 'a')]
    await store.read(charges)
    usedUp(limiter('3/3600'))
    limiter('5/60').beforeReward = () => Promise.reject(new Error('CLIENT_ERROR invalid numeric delta argument'))
    expect(await store.consume(charges)).to.include({ allowed: false, refusedBy: 1 })
    expect((await left(store, ...charges))[0]).to.equal(4)
  })

  it('is not lost where the limiter takes nothing back', async () => {
    const { store, limiter } = hooked()
    const changes: string[] = []
    store.watch(({ state }) => changes.push(state))
    const charges = [charge('5 per minute', 'a')]
    const verdict = await store.consume(charges)
    limiter('5/60').beforeReward = () => Promise.reject(new Error('Can not add key'))
    for (let call = 0; call < 4; call += 1) await store.refund(charges, verdict)
    expect(limiter('5/60').rewarded).to.have.length(4)
    expect(changes).to.deep.equal([])
  })

  it('gives back what it charged before the limiter failed', async () => {
    const { store, limiter } = hooked()
    const charges = [charge('5 per minute', 'a'), charge('3 per hour', 'a')]
    await store.read(charges)
    limiter('3/3600').beforeConsume = () => Promise.reject(new Error('gone'))
    expect(await store.consume(charges).catch((error: unknown) => error)).to.be.instanceOf(Unavailable)
    expect(await left(store, ...charges)).to.deep.equal([5, 3])
  })

  it('makes one limiter for each count and length', async () => {
    const { store, limiters } = hooked()
    const made: string[] = []
    for (const key of ['a', 'b']) {
      await store.consume([charge('5 per minute; 5 per hour', key), charge('6 per minute', key)])
      made.push([...limiters.keys()].join(' '))
    }
    expect(made).to.deep.equal(['5/60 5/3600 6/60', '5/60 5/3600 6/60'])
    const once = shared(() => new RateLimiterMemory({ points: 1, duration: 1 }))
    const seen: number[] = []
    const counting = new FlexibleRateLimitStore((limit) => (seen.push(limit.count), once(limit)), exact)
    await counting.consume([charge('1 per second', 'a')])
    await counting.consume([charge('1 per second', 'b')])
    expect(seen).to.deep.equal([1])
  })

  describe('says at start-up what it cannot keep:', () => {
    const limiterFor = (more: object, points?: number) => (limit: Limit) =>
      new RateLimiterRedis({ storeClient: {}, ...sizeOf(limit), ...(points === undefined ? {} : { points }), ...more })
    const plain = limiterFor({})
    const cases: ReadonlyArray<readonly [string, FlexibleLimiterMaker, string, RegExp]> = [
      ['sliding windows', plain, '5 per minute sliding', /fixed windows only: write 5 per minute, without sliding/],
      ['buckets', plain, '5 per minute burst 10', /fixed windows only: write 5 per minute, without burst/],
      ['windows that RateLimiterMemory never limits', plain, '9 per second; 5 per 25 days', /longer than 24 days: .* longestWindow/],
      ['counts that a column does not hold', plain, '1000000001 per day', /write 1000000000 or less/],
      ['limiters with other points', limiterFor({}, 4), '5 per minute', /4 points: give it limit\.count/],
      ['limiters that block', limiterFor({ blockDuration: 10 }), '5 per minute', /blockDuration/],
      ['limiters that block in memory', limiterFor({ inMemoryBlockOnConsumed: 5 }), '5 per minute', /inMemoryBlockOnConsumed/],
      ['limiters that delay', limiterFor({ execEvenly: true }), '5 per minute', /execEvenly/],
      [
        'limiters with another behind them',
        limiterFor({ insuranceLimiter: new RateLimiterMemory({ points: 5, duration: 60 }) }),
        '5 per minute',
        /insuranceLimiter: .* onStoreFailure/,
      ],
    ]
    for (const [what, make, text, message] of cases) {
      it(what, () => {
        expect(new FlexibleRateLimitStore(make).cannotKeep({ windows: parseLimits(text) })).to.match(message)
      })
    }

    it('penalties', () => {
      const penalty = { first: 1_000, most: 2_000, memory: 1_000 }
      expect(new FlexibleRateLimitStore(plain).cannotKeep({ windows: parseLimits('5 per minute'), penalty })).to.match(/no penalties/)
    })

    it('and nothing else', () => {
      const store = new FlexibleRateLimitStore(plain, { longestWindow: 366 * 86_400_000 })
      expect(store.cannotKeep({ windows: parseLimits('1000000000 per second; 5 per year') })).to.equal(undefined)
      expect(new FlexibleRateLimitStore(plain).cannotKeep({ windows: parseLimits('5 per 24 days') })).to.equal(undefined)
    })
  })

  it('holds the longest window that it promises, in RateLimiterMemory', async () => {
    const { store } = hooked()
    const charges = [charge('1 per 24 days', 'a')]
    await store.consume(charges)
    await new Promise((resolve) => setTimeout(resolve, 10))
    expect((await store.consume(charges)).allowed).to.equal(false)
  })

  it('throws for options that are out of range', () => {
    const limiterFor = (limit: Limit) => new RateLimiterMemory(sizeOf(limit))
    for (const longestWindow of [0, 999, Number.NaN]) {
      expect(() => new FlexibleRateLimitStore(limiterFor, { longestWindow })).to.throw(RangeError, 'longestWindow')
    }
    expect(() => new FlexibleRateLimitStore(limiterFor, { deadline: 0 })).to.throw(RangeError, 'deadline')
  })

  describe('while its database fails', () => {
    function failing(options: FlexibleRateLimitStoreOptions) {
      const made = hooked({ ...options, deadline: 50 })
      const away = { is: false }
      const changes: string[] = []
      made.store.watch(({ state, store }) => changes.push(`${store} ${state}`))
      const fail = async () => (away.is ? Promise.reject(new Error('connection lost')) : undefined)
      const begin = async (...charges: readonly Charge[]) => {
        await made.store.read(charges)
        for (const limiter of made.limiters.values()) {
          for (const method of ['get', 'consume', 'reward', 'penalty', 'delete'] as const) {
            const own = limiter[method].bind(limiter) as (...all: unknown[]) => Promise<never>
            Object.assign(limiter, { [method]: async (...all: unknown[]) => (await fail(), own(...all)) })
          }
        }
        away.is = true
      }
      return { ...made, away, changes, begin }
    }

    for (const [onStoreFailure, expected] of [
      ['local', [true, true, false, false]],
      ['open', [true, true, true, true]],
      ['closed', ['Unavailable', 'Unavailable', 'Unavailable', 'Unavailable']],
    ] as const) {
      it(`does as it was told: ${onStoreFailure}`, async () => {
        const { store, begin, changes } = failing({ onStoreFailure })
        const charges = [charge('2 per minute', 'a')]
        await begin(...charges)
        const said: unknown[] = []
        for (let call = 0; call < 4; call += 1) {
          const verdict = await store.consume(charges).catch((error: unknown) => error)
          said.push(verdict instanceof Unavailable ? 'Unavailable' : (verdict as { allowed: boolean }).allowed)
        }
        expect(said).to.deep.equal(expected)
        expect(changes).to.deep.equal(['rate-limiter-flexible lost'])
        for (const ask of [store.read(charges), store.reset(charges)]) {
          expect(await ask.then(String, (error: unknown) => error)).to.be.instanceOf(Unavailable)
        }
      })
    }

    it('comes back, asking with a limiter that there is', async () => {
      const { store, begin, away, clock, changes, limiters } = failing({ onStoreFailure: 'closed' })
      const charges = [charge('2 per minute', 'a')]
      await begin(...charges)
      for (let call = 0; call < 3; call += 1) await store.consume(charges).catch(() => undefined)
      clock.time += 300
      await store.consume(charges).catch(() => undefined)
      await new Promise((resolve) => setImmediate(resolve))
      expect(changes).to.have.length(1)
      away.is = false
      clock.time += 600
      await store.consume(charges).catch(() => undefined)
      await new Promise((resolve) => setImmediate(resolve))
      expect(changes).to.deep.equal(['rate-limiter-flexible lost', 'rate-limiter-flexible back'])
      expect((await store.consume(charges)).allowed).to.equal(true)
      expect([...limiters.keys()]).to.deep.equal(['2/60'])
    })

    it('takes no refund for a sign of life that it asks nothing for', async () => {
      const { store, begin, changes, clock } = failing({ onStoreFailure: 'closed' })
      const charges = [charge('2 per minute', 'a')]
      const verdict = await store.consume(charges)
      await begin(...charges)
      clock.time += 60_000
      for (let call = 0; call < 3; call += 1) {
        await store.refund(charges, verdict)
        await store.consume(charges).catch(() => undefined)
      }
      expect(changes).to.deep.equal(['rate-limiter-flexible lost'])
    })

    it('waits no longer than the deadline', async () => {
      const { store, limiter } = hooked({ deadline: 20 })
      const charges = [charge('2 per minute', 'a')]
      await store.read(charges)
      limiter('2/60').beforeConsume = () => new Promise(() => undefined)
      expect(await store.consume(charges).catch((error: unknown) => error)).to.be.instanceOf(Unavailable)
    })
  })

  describe('takes nonsense for a failure, and lets nothing through for it:', () => {
    const nonsense: ReadonlyArray<readonly [string, unknown]> = [
      ['nothing', undefined],
      ['null', null],
      ['an empty object', {}],
      ['a number', 1],
      ['no number', { consumedPoints: Number.NaN }],
      ['null points', { consumedPoints: null }],
      ['empty points', { consumedPoints: '' }],
      ['a list', { consumedPoints: [] }],
      ['half a point', { consumedPoints: 1.5 }],
      ['endless points', { consumedPoints: Infinity }],
      ['less than was charged', { consumedPoints: 1 }],
    ]
    for (const [what, answer] of nonsense) {
      it(`${what}, where it charges`, async () => {
        const { store, limiter } = hooked()
        const charges = [charge('5 per minute', 'a', { cost: 2 })]
        await store.read(charges)
        Object.assign(limiter('5/60'), { consume: async () => answer })
        expect(await store.consume(charges).catch((error: unknown) => error)).to.be.instanceOf(Unavailable)
      })
    }

    for (const [what, answer] of nonsense.slice(2, -1)) {
      it(`${what}, where it looks`, async () => {
        const { store, limiter } = hooked()
        const charges = [charge('5 per minute', 'a', { cost: 2 })]
        await store.read(charges)
        Object.assign(limiter('5/60'), { get: async () => answer })
        expect(await store.consume(charges).catch((error: unknown) => error)).to.be.instanceOf(Unavailable)
      })
    }

    for (const [what, thrown] of [
      ['a refusal of what fits in', new RateLimiterRes(3, 1_000, 2)],
      ['a text', 'connection lost'],
      ['an error with points', Object.assign(new Error('connection lost'), { consumedPoints: 9 })],
    ] as const) {
      it(`${what}, thrown`, async () => {
        const { store, limiter } = hooked()
        const charges = [charge('5 per minute', 'a', { cost: 2 })]
        await store.read(charges)
        Object.assign(limiter('5/60'), { consume: () => Promise.reject(thrown as Error) })
        expect(await store.consume(charges).catch((error: unknown) => error)).to.be.instanceOf(Unavailable)
      })
    }

    it('and a limiter that says yes to too much', async () => {
      const { store, limiter } = hooked()
      const charges = [charge('5 per minute', 'a')]
      await store.read(charges)
      Object.assign(limiter('5/60'), { consume: async () => new RateLimiterRes(0, 1_000, 6) })
      expect(await store.consume(charges).catch((error: unknown) => error)).to.be.instanceOf(Unavailable)
    })
  })

  it('understands points that a database gives as text', async () => {
    const { store, limiter } = hooked()
    const charges = [charge('5 per minute', 'a')]
    await store.read(charges)
    Object.assign(limiter('5/60'), { get: async () => ({ consumedPoints: '4' }), consume: async () => ({ consumedPoints: '5' }) })
    expect((await store.consume(charges)).windows[0]?.remaining).to.equal(0)
  })
})
