import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { expect } from 'chai'
import { Client, Pool } from 'pg'
import type { PoolConfig } from 'pg'
import { Unavailable } from '../../lib/errors.js'
import { parseLimits } from '../../lib/rate-limit/rate-limit.js'
import type { RateLimitStore } from '../../lib/rate-limit/rate-limit.js'
import { allowedVerdict } from '../../lib/rate-limit/verdict.js'
import { PostgresRateLimitStore } from '../../lib/stores.js'
import type { StoreFailurePolicy } from '../../lib/stores.js'
import { areAtWork, besideTimers, pause, percentile, underLoad, until } from '../load.js'
import type { Load } from '../load.js'
import { findPostgres, startPostgres } from '../postgres-server.js'
import type { PostgresServer } from '../postgres-server.js'

const deadline = 50
const many = parseLimits('1000000 per hour')
const two = parseLimits('2 per hour')
const programs = findPostgres()
const describeWithPostgres = programs === undefined ? () => undefined : describe
const policies = ['local', 'closed', 'open'] as const satisfies readonly StoreFailurePolicy[]

/** A store with a pool of its own, and what it told. */
interface Opened {
  readonly policy: StoreFailurePolicy
  readonly store: PostgresRateLimitStore
  readonly pool: Pool
  readonly changes: string[]
}

/** A load, and how long a timer as long as the deadline took meanwhile. */
type Went = Load & { readonly timer: number }

async function consumeOnce(store: RateLimitStore, key: string, windows = two): Promise<boolean | 'unavailable'> {
  try {
    return (await store.consume([{ rule: 'rule', key, windows, cost: 1 }])).allowed
  } catch (error) {
    if (error instanceof Unavailable) return 'unavailable'
    throw error
  }
}

async function threeTimes(store: RateLimitStore, key: string): Promise<ReadonlyArray<boolean | 'unavailable'>> {
  return [await consumeOnce(store, key), await consumeOnce(store, key), await consumeOnce(store, key)]
}

/** On a busy machine a call may miss its deadline, fault or no fault; it does not each time. */
async function countsAgain(store: RateLimitStore, key: string): Promise<void> {
  let counted: ReadonlyArray<boolean | 'unavailable'> = []
  for (let attempt = 0; attempt < 5 && String(counted) !== 'true,true,false'; attempt += 1) {
    counted = await threeTimes(store, `${key} ${attempt}`)
  }
  expect(counted, key).to.deep.equal([true, true, false])
}

/** What three calls of a limit of two get while nobody counts but the policy. */
const stoodIn: Readonly<Record<StoreFailurePolicy, ReadonlyArray<boolean | 'unavailable'>>> = {
  local: [true, true, false],
  closed: ['unavailable', 'unavailable', 'unavailable'],
  open: [true, true, true],
}

describeWithPostgres('PostgreSQL, in the middle of a load', () => {
  let server: PostgresServer
  let pools: Pool[] = []
  const rejections: unknown[] = []
  const note = (reason: unknown) => void rejections.push(reason)

  before(async () => {
    process.on('unhandledRejection', note)
    server = await startPostgres(programs ?? '', 'max_connections=30')
  })

  afterEach(async () => {
    server.resume()
    await Promise.all(pools.map(async (pool) => pool.end()))
    pools = []
    expect(rejections).to.deep.equal([])
  })

  after(async () => {
    process.off('unhandledRejection', note)
    await server.stop()
  })

  function poolOf(config: PoolConfig = {}): Pool {
    const pool = new Pool({ connectionString: server.url, max: 5, connectionTimeoutMillis: 500, ...config })
    pool.on('error', () => undefined)
    pools.push(pool)
    return pool
  }

  async function opened(policy: StoreFailurePolicy): Promise<Opened> {
    const pool = poolOf()
    const store = await PostgresRateLimitStore.open(pool, { onStoreFailure: policy, deadline, remembersRefusals: false, instances: 1 })
    const changes: string[] = []
    store.watch(({ state }) => changes.push(state))
    return { policy, store, pool, changes }
  }

  async function load({ store }: Opened, during: () => Promise<void>): Promise<Went> {
    const done = during()
    const call = async (place: number) => (await store.consume([{ rule: 'load', key: String(place), windows: many, cost: 1 }])).allowed
    const [made, timer] = await besideTimers(deadline, () => underLoad(call, () => done))
    return { ...made, timer }
  }

  async function allUnderLoad(stores: readonly Opened[], during: () => Promise<void>): Promise<readonly Went[]> {
    const done = during()
    return Promise.all(stores.map((one) => load(one, () => done)))
  }

  const back = async ({ store, changes }: Opened) =>
    until(async () => {
      await consumeOnce(store, 'back', many)
      return changes.at(-1) === 'back'
    })

  function waitedNoLonger({ took, others, timer }: Went): void {
    expect(others).to.deep.equal([])
    expect(percentile(took, 0.99)).to.be.below(timer + 10 + 15)
  }

  it('paused, killed and restarted empty, is waited for no longer than its deadline, and comes back', async () => {
    const stores: Opened[] = []
    for (const policy of policies) stores.push(await opened(policy))
    const before = async ({ store, policy }: Opened) => threeTimes(store, `before ${policy}`)
    await Promise.all(stores.map(before))
    const stoodInFor = (key: string) => Promise.all(stores.map(async ({ store }) => threeTimes(store, key)))
    const told = policies.map((policy) => stoodIn[policy])

    let queued: readonly number[] = []
    const paused = await allUnderLoad(stores, async () => {
      await pause(100)
      await areAtWork(stores)
      server.pause()
      await pause(600)
      queued = stores.map(({ pool }) => pool.waitingCount)
      expect(await stoodInFor('paused')).to.deep.equal(told)
    })
    for (const [at, went] of paused.entries()) {
      waitedNoLonger(went)
      expect(stores[at]?.changes).to.deep.equal(['lost'])
      expect(went.unavailable > 0).to.equal(policies[at] === 'closed')
      expect(queued[at], 'what waits for a connection').to.be.at.most(10)
    }
    server.resume()
    await Promise.all(stores.map(back))
    for (const one of stores) expect(await before(one), 'it was only away').to.deep.equal([false, false, false])

    const killed = await allUnderLoad(stores, async () => {
      await pause(100)
      await areAtWork(stores)
      await server.kill()
      await pause(300)
      expect(await stoodInFor('killed')).to.deep.equal(told)
    })
    for (const [at, went] of killed.entries()) {
      waitedNoLonger(went)
      expect(stores[at]?.changes).to.deep.equal(['lost'])
    }

    await server.restart()
    await Promise.all(stores.map(back))
    for (const one of stores) {
      expect(one.changes, one.policy).to.deep.equal(['lost', 'back'])
      expect(await before(one), 'a crash empties unlogged tables').to.deep.equal([true, true, false])
    }
  })

  interface Fault {
    readonly begin: (admin: Pool) => Promise<void>
    readonly end: (admin: Pool) => Promise<void>
  }

  const holders: Client[] = []

  async function holdConnection(): Promise<void> {
    const holder = new Client(server.url)
    holder.on('error', () => undefined)
    await holder.connect()
    holders.push(holder)
  }

  const faults: Readonly<Record<string, Fault>> = {
    'is read-only': {
      async begin(admin) {
        await admin.query('ALTER SYSTEM SET default_transaction_read_only = on')
        await admin.query('SELECT pg_reload_conf()')
        await until(async () => isReadOnly(admin))
        // Each connection is told by a signal of its own.
        await pause(50)
      },
      async end(admin) {
        await admin.query('BEGIN READ WRITE; COMMIT; SET default_transaction_read_only = off')
        await admin.query('ALTER SYSTEM RESET default_transaction_read_only')
        await admin.query('SELECT pg_reload_conf()')
      },
    },
    'has lost its table': {
      begin: async (admin) => void (await admin.query('DROP TABLE portcullis_limits')),
      end: async (admin) => void (await PostgresRateLimitStore.open(admin)),
    },
    'has no room for a connection': {
      async begin(admin) {
        await admin.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()')
        for (;;) {
          try {
            await holdConnection()
          } catch {
            return
          }
        }
      },
      async end() {
        await Promise.all(holders.splice(0).map(async (holder) => holder.end()))
      },
    },
    'is held up by who locks the table': {
      async begin() {
        await holdConnection()
        await holders[0]?.query('BEGIN; LOCK TABLE portcullis_limits')
      },
      async end() {
        await Promise.all(holders.splice(0).map(async (holder) => holder.end()))
      },
    },
  }

  for (const [what, { begin, end }] of Object.entries(faults)) {
    it(`is stood in for as it was told to where it ${what}, and asked again when it works`, async () => {
      const admin = poolOf({ max: 1 })
      const stores: Opened[] = []
      for (const policy of policies) stores.push(await opened(policy))
      await allUnderLoad(stores, () => pause(30))
      for (const one of stores) if (one.changes.at(-1) === 'lost') await back(one)
      await areAtWork(stores)
      try {
        await begin(admin)
        const loads = await allUnderLoad(stores, () => pause(200))
        for (const [at, one] of stores.entries()) {
          waitedNoLonger(loads[at] as Went)
          expect(one.changes, one.policy).to.deep.equal(['lost'])
          expect(await threeTimes(one.store, `during ${what}`), one.policy).to.deep.equal(stoodIn[one.policy])
        }
      } finally {
        await end(admin)
      }
      await Promise.all(stores.map(back))
      for (const { policy, store, changes } of stores) {
        expect(changes, policy).to.deep.equal(['lost', 'back'])
        await countsAgain(store, `${policy} after ${what}`)
      }
    })
  }

  it('lets no more of its processes wait for a row that somebody holds than the pool has connections', async () => {
    const one = await opened('closed')
    const { store, changes } = one
    await load(one, async () => pause(50))
    await holdConnection()
    const holder = holders.pop() as Client
    await holder.query(`BEGIN; SELECT 1 FROM portcullis_limits WHERE name LIKE 'load|%' FOR UPDATE`)
    let mostWaiting = 0
    const slow = await load(one, async () => {
      for (let look = 0; look < 15; look += 1) {
        await pause(120)
        const { rows } = await holder.query(`SELECT count(*)::int AS waiting FROM pg_stat_activity WHERE wait_event_type = 'Lock'`)
        mostWaiting = Math.max(mostWaiting, (rows[0] as { waiting: number }).waiting)
      }
    })
    await holder.end()
    waitedNoLonger(slow)
    expect(mostWaiting).to.be.within(1, 5)
    expect(slow.allowed, 'calls of rows that are held').to.equal(0)
    await until(async () => (await consumeOnce(store, 'other', many)) === true)
    expect(
      changes.every((state, index) => state === (index % 2 === 0 ? 'lost' : 'back')),
      'each is told once',
    ).to.equal(true)
    await countsAgain(store, 'after a lock')
  })

  it('is asked again, through new connections, when the network swallows the old ones', async () => {
    const { hostname, port } = new URL(server.url)
    const network = await swallowingProxy(Number(port), hostname)
    const pool = poolOf({
      connectionString: undefined,
      host: '127.0.0.1',
      port: network.port,
      user: 'postgres',
      database: 'postgres',
      max: 2,
    })
    const store = await PostgresRateLimitStore.open(pool, { onStoreFailure: 'closed', deadline })
    const changes: string[] = []
    store.watch(({ state }) => changes.push(state))
    await Promise.all([consumeOnce(store, 'a', many), consumeOnce(store, 'b', many)])
    network.swallow()
    for (let call = 0; call < 3; call += 1) expect(await consumeOnce(store, 'a', many)).to.equal('unavailable')
    await until(async () => {
      await consumeOnce(store, 'a', many)
      return changes.at(-1) === 'back'
    })
    expect(await consumeOnce(store, 'a', many)).to.equal(true)
    await network.close()
  })
})

describe('a PostgreSQL that answers nonsense', () => {
  const hang = () => new Promise<never>(() => undefined)
  const answers: ReadonlyArray<readonly [what: string, answer: () => Promise<unknown>]> = [
    ['nothing', async () => undefined],
    ['null', async () => null],
    ['no rows', async () => ({})],
    ['an empty list of rows', async () => ({ rows: [] })],
    ['a row of null', async () => ({ rows: [null] })],
    ['a row without an answer', async () => ({ rows: [{}] })],
    ['an answer that is null', async () => ({ rows: [{ answer: null }] })],
    ['a text', async () => ({ rows: [{ answer: '{1,0,0,1,1,1}' }] })],
    ['true', async () => ({ rows: [{ answer: true }] })],
    ['an empty list', async () => ({ rows: [{ answer: [] }] })],
    ['that it is allowed, and no more', async () => ({ rows: [{ answer: [1] }] })],
    ['too few numbers', async () => ({ rows: [{ answer: [1, 0, 0, 1, 1] }] })],
    ['too many numbers', async () => ({ rows: [{ answer: [1, 0, 0, 1, 1, 1, 1] }] })],
    ['NaN', async () => ({ rows: [{ answer: [1, 0, 0, Number.NaN, 1, 1] }] })],
    ['Infinity', async () => ({ rows: [{ answer: [1, 0, 0, 1, Infinity, 1] }] })],
    ['a fraction', async () => ({ rows: [{ answer: [0.5, 0, 0, 1, 1, 1] }] })],
    ['texts that are no numbers', async () => ({ rows: [{ answer: [1, 0, 0, 'one', 1, 1] }] })],
    ['a verdict that is neither', async () => ({ rows: [{ answer: [2, 0, 0, 1, 1, 1] }] })],
    ['less than nothing', async () => ({ rows: [{ answer: [1, 0, 0, -1, 1, 1] }] })],
    ['more than there is', async () => ({ rows: [{ answer: [1, 0, 0, 3, 1, 1] }] })],
    ['null in the place of a penalty', async () => ({ rows: [{ answer: [1, 0, null, 1, 1, 1] }] })],
    ['a penalty that nobody declared', async () => ({ rows: [{ answer: [0, 0, 9e15, 1, 1, 1] }] })],
    ['a refusal by nothing', async () => ({ rows: [{ answer: [0, 0, 0, 2, 1, 1] }] })],
    ['an error that is no error', () => Promise.reject({})],
    [
      'by throwing',
      () => {
        throw new Error('no promise')
      },
    ],
    ['never', hang],
  ]

  for (const [what, answer] of answers) {
    it(`is stood in for as it was told to: ${what}`, async () => {
      for (const policy of policies) {
        let isOpen = false
        const pool = {
          query: async () =>
            isOpen ? ((await answer()) as { rows: unknown[] }) : { rows: [{ there: true, isolation: 'read committed' }] },
        }
        const store = await PostgresRateLimitStore.open(pool, { onStoreFailure: policy, deadline: 5 })
        isOpen = true
        expect(await threeTimes(store, 'key'), policy).to.deep.equal(stoodIn[policy])
        await store.refund([{ rule: 'rule', key: 'key', windows: two, cost: 1 }], allowedVerdict([{ remaining: 1, reset: 1, endsAt: 1 }]))
        const reading = await store.read([{ rule: 'rule', key: 'key', windows: two, cost: 1 }]).catch((error: unknown) => error)
        expect(reading, policy).to.be.instanceOf(Unavailable)
      }
    })
  }
})

async function isReadOnly(pool: Pool): Promise<boolean> {
  const { rows } = await pool.query('SHOW default_transaction_read_only')
  return (rows[0] as { default_transaction_read_only?: unknown }).default_transaction_read_only === 'on'
}

/** Stands between a client and a server until it swallows what comes over the connections that are there. Newer ones work. */
async function swallowingProxy(to: number, host: string): Promise<{ port: number; swallow(): void; close(): Promise<void> }> {
  const sockets: Socket[] = []
  const proxy = createServer((socket) => {
    const onward = connect(to, host)
    for (const one of [socket, onward]) one.on('error', () => undefined)
    socket.pipe(onward).pipe(socket)
    sockets.push(socket, onward)
  }).listen(0, '127.0.0.1')
  await once(proxy, 'listening')
  return {
    port: (proxy.address() as AddressInfo).port,
    swallow: () => sockets.forEach((socket) => socket.unpipe().resume()),
    async close() {
      for (const socket of sockets) socket.destroy()
      proxy.close()
      await once(proxy, 'close')
    },
  }
}
