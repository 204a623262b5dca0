import { expect } from 'chai'
import { Redis } from 'ioredis'
import { Pool } from 'pg'
import { createClient } from 'redis'
import { Unavailable } from '../../lib/errors.js'
import { postgres } from '../../lib/sql/sql.js'
import type { Database } from '../../lib/sql/sql.js'
import type { StateStore } from '../../lib/state/state-store.js'
import { RedisStateStore, SqlStateStore } from '../../lib/stores.js'
import type { RedisStateClient } from '../../lib/stores.js'
import { areAtWork, besideTimers, pause, percentile, underLoad, until } from '../load.js'
import type { Load } from '../load.js'
import { findPostgres, startPostgres } from '../postgres-server.js'
import { hasRedis, startRedis } from '../rate-limit/redis-server.js'

const deadline = 50
const programs = findPostgres()

/** A server that can be made to fail, and a store in it. */
interface Opened {
  readonly store: StateStore
  pause(): void
  resume(): void
  kill(): Promise<void>
  restart(): Promise<void>
  /** Makes it take no writing, and ends that. */
  forbid(): Promise<void>
  allow(): Promise<void>
  close(): Promise<void>
}

const stores: ReadonlyArray<readonly [name: string, isHere: boolean, keepsInCrash: boolean, open: () => Promise<Opened>]> = [
  ['Redis, through ioredis,', hasRedis(), false, () => inRedis(ofIoredis)],
  ['Redis, through node-redis,', hasRedis(), false, () => inRedis(ofNodeRedis)],
  ['PostgreSQL', programs !== undefined, true, inPostgres],
]

for (const [name, isHere, keepsInCrash, open] of stores) {
  if (!isHere) continue
  describe(`state in ${name} in the middle of a load`, () => {
    let opened: Opened
    const changes: string[] = []
    const rejections: unknown[] = []
    const note = (reason: unknown) => void rejections.push(reason)

    before(async () => {
      process.on('unhandledRejection', note)
      opened = await open()
      opened.store.watch?.(({ state }) => changes.push(state))
      await until(async () =>
        Promise.resolve(opened.store.set('revoked', 'yes', Infinity)).then(
          () => true,
          () => false,
        ),
      )
    })

    afterEach(() => expect(rejections).to.deep.equal([]))

    after(async () => {
      process.off('unhandledRejection', note)
      await opened.close()
    })

    /** What is asked of state: a token that was revoked, a code that is used once, a proof that is seen once. */
    async function calls({ store }: Opened, place: number): Promise<boolean> {
      if (place % 2 === 0) {
        if ((await store.get('revoked')) !== 'yes') throw new Error('a revoked token passed')
        return true
      }
      return store.add(`proof ${place} ${performance.now()}`, '1', Date.now() + 60_000)
    }

    async function failsClosed(during: () => Promise<void>): Promise<Load> {
      const done = during()
      const call = (place: number) => calls(opened, place)
      const [load, timer] = await besideTimers(deadline, () => underLoad(call, () => done))
      expect(load.others).to.deep.equal([])
      expect(load.unavailable).to.be.above(0)
      expect(percentile(load.took, 0.99)).to.be.below(timer + 10 + 15)
      return load
    }

    async function isBack(): Promise<void> {
      await until(async () => {
        await Promise.resolve(opened.store.get('x')).catch(() => undefined)
        return changes.at(-1) === 'back'
      })
    }

    async function everyCallIsUnavailable(): Promise<void> {
      const { store } = opened
      const asked: ReadonlyArray<() => unknown> = [
        () => store.get('revoked'),
        () => store.set('a', '1', Infinity),
        () => store.add('a', '1', Infinity),
        () => store.replace('revoked', 'yes', '2', Infinity),
        () => store.take('revoked'),
      ]
      for (const ask of asked) {
        const outcome = await Promise.resolve()
          .then(ask)
          .catch((thrown: unknown) => thrown)
        expect(outcome).to.be.instanceOf(Unavailable).and.to.include({ reason: 'state-unavailable' })
      }
    }

    it('passes nobody while the server hangs, and knows what it knew when it goes on', async () => {
      await failsClosed(async () => {
        await pause(50)
        await areAtWork([{ changes }])
        opened.pause()
        await pause(250)
        await everyCallIsUnavailable()
      })
      expect(changes).to.deep.equal(['lost'])
      opened.resume()
      await isBack()
      expect(changes).to.deep.equal(['lost', 'back'])
      expect(await opened.store.add('revoked', 'no', Infinity)).to.equal(false)
      expect(await opened.store.replace('revoked', 'yes', 'yes', Infinity)).to.equal(true)
    })

    it('passes nobody while the server takes no writing', async () => {
      changes.length = 0
      await opened.forbid()
      const outcomes = []
      for (let call = 0; call < 4; call += 1) {
        outcomes.push(await Promise.resolve(opened.store.add('proof', '1', Infinity)).catch((thrown: unknown) => thrown))
      }
      for (const outcome of outcomes) expect(outcome).to.be.instanceOf(Unavailable)
      await pause(300)
      await Promise.resolve(opened.store.get('revoked')).catch(() => undefined)
      await pause(50)
      expect(changes, 'a server that answers questions and takes no writes is not back').to.deep.equal(['lost'])
      await opened.allow()
      await isBack()
      expect(await opened.store.add('proof', '1', Infinity)).to.equal(true)
    })

    it(`passes nobody while the server is dead, and then knows ${keepsInCrash ? 'what it knew' : 'nothing, as it was set up'}`, async () => {
      await failsClosed(async () => {
        await pause(50)
        await areAtWork([{ changes }])
        await opened.kill()
        await pause(200)
        await everyCallIsUnavailable()
      })
      await opened.restart()
      await isBack()
      expect(changes).to.deep.equal(['lost', 'back'])
      expect(await opened.store.take('revoked')).to.equal(keepsInCrash ? 'yes' : undefined)
      expect([await opened.store.add('once', '1', Infinity), await opened.store.add('once', '1', Infinity)]).to.deep.equal([true, false])
    })
  })
}

describe('a server of state that answers nonsense', () => {
  const answers: readonly unknown[] = [undefined, 'OK', '', '2', -1, 0.5, true, {}, [], ['1'], Number.NaN]

  it('passes nobody: Redis', async () => {
    for (const answer of [...answers, null]) {
      const answering = async () => answer
      const answered = () => new RedisStateStore({ get: answering, eval: answering, evalsha: answering })
      expect(await outcomeOf(() => answered().add('a', '1', Infinity)), String(answer)).to.be.instanceOf(Unavailable)
      expect(await outcomeOf(() => answered().replace('a', '1', '2', Infinity)), String(answer)).to.be.instanceOf(Unavailable)
      if (typeof answer === 'string' || answer === null) continue
      expect(await outcomeOf(() => answered().get('a'))).to.be.instanceOf(Unavailable)
      expect(await outcomeOf(() => answered().take('a'))).to.be.instanceOf(Unavailable)
    }
  })

  it('passes nobody: a database', async () => {
    for (const answer of [null, 'text', 1, true, [], {}, { value: 1 }, { value: null }, { other: 'x' }]) {
      const database = { all: async () => [], first: async () => answer } as unknown as Database
      const asked: ReadonlyArray<(store: SqlStateStore) => unknown> = [
        (store) => store.get('a'),
        (store) => store.add('a', '1', Infinity),
        (store) => store.replace('a', '1', '2', Infinity),
        (store) => store.take('a'),
        (store) => store.set('a', '1', Infinity),
      ]
      for (const ask of asked) {
        const store = await SqlStateStore.open(database)
        expect(await outcomeOf(() => ask(store)), `${JSON.stringify(answer)} ${String(ask)}`).to.be.instanceOf(Unavailable)
      }
    }
  })
})

describe('state in PostgreSQL that hangs', () => {
  it('has each call give up its connection a second after its deadline, so that the pool is not kept for ever', async () => {
    const timeouts = new Set<unknown>()
    const pool = {
      query: async (query: { query_timeout?: number }) => {
        timeouts.add(query.query_timeout)
        return { rows: [] }
      },
      connect: () => Promise.reject(new Error('not used')),
      end: async () => undefined,
    }
    const store = await SqlStateStore.open(postgres(pool), { deadline: 70 })
    timeouts.clear()
    await Promise.all([store.get('a'), store.set('a', '1', Infinity), store.add('a', '1', Infinity), store.take('a')])
    await store.replace('a', '1', '2', Infinity)
    expect([...timeouts]).to.deep.equal([1_070])
  })
})

function outcomeOf(ask: () => unknown): Promise<unknown> {
  return Promise.resolve()
    .then(ask)
    .catch((thrown: unknown) => thrown)
}

type Connected = { readonly client: RedisStateClient; end(): void }

async function ofIoredis(port: number): Promise<Connected> {
  const client = new Redis(port, '127.0.0.1', { enableOfflineQueue: false, maxRetriesPerRequest: 0, retryStrategy: () => 50 })
  client.on('error', () => undefined)
  return { client, end: () => client.disconnect() }
}

async function ofNodeRedis(port: number): Promise<Connected> {
  const client = createClient({ url: `redis://127.0.0.1:${port}`, disableOfflineQueue: true, socket: { reconnectStrategy: () => 50 } })
  client.on('error', () => undefined)
  await client.connect()
  return { client, end: () => client.destroy() }
}

async function inRedis(connect: (port: number) => Promise<Connected>): Promise<Opened> {
  let server = await startRedis()
  const { client, end } = await connect(server.port)
  const admin = new Redis(server.port, '127.0.0.1', { retryStrategy: () => 50 })
  admin.on('error', () => undefined)
  return {
    store: new RedisStateStore(client, { deadline }),
    pause: () => server.pause(),
    resume: () => server.resume(),
    kill: () => server.stop(),
    async restart() {
      server = await startRedis(server.port)
    },
    forbid: async () => void (await admin.config('SET', 'min-replicas-to-write', '1')),
    allow: async () => void (await admin.config('SET', 'min-replicas-to-write', '0')),
    async close() {
      server.resume()
      end()
      admin.disconnect()
      await server.stop()
    },
  }
}

async function inPostgres(): Promise<Opened> {
  const server = await startPostgres(programs ?? '')
  const pool = new Pool({ connectionString: server.url, max: 5, connectionTimeoutMillis: 500 })
  pool.on('error', () => undefined)
  const write = async (value: 'on' | 'off') => {
    const admin = new Pool({ connectionString: server.url, max: 1, options: '-c default_transaction_read_only=off' })
    await admin.query(`ALTER SYSTEM SET default_transaction_read_only = ${value}`)
    await admin.query('SELECT pg_reload_conf()')
    await until(async () => (await pool.query('SHOW default_transaction_read_only')).rows[0]?.default_transaction_read_only === value)
    await admin.end()
  }
  return {
    store: await SqlStateStore.open(postgres(pool), { deadline }),
    pause: server.pause,
    resume: server.resume,
    kill: server.kill,
    restart: server.restart,
    forbid: () => write('on'),
    allow: () => write('off'),
    async close() {
      server.resume()
      await pool.end()
      await server.stop()
    },
  }
}
