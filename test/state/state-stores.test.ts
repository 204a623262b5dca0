import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createClient } from '@libsql/client'
import { expect } from 'chai'
import * as fc from 'fast-check'
import { Redis } from 'ioredis'
import { Pool } from 'pg'
import { Unavailable } from '../../lib/errors.js'
import { libsql, postgres } from '../../lib/sql/sql.js'
import type { Database } from '../../lib/sql/sql.js'
import { MemoryStateStore } from '../../lib/state/memory-state-store.js'
import { RedisStateStore } from '../../lib/state/redis-state-store.js'
import { SqlStateStore } from '../../lib/state/sql-state-store.js'
import type { StateStore } from '../../lib/state/state-store.js'
import { findPostgres, startPostgres } from '../postgres-server.js'
import { hasRedis, startRedis } from '../rate-limit/redis-server.js'

/** A clock that a test moves, from now on: Redis counts by its own. */
class MovedClock {
  moved = 0
  now(): number {
    return Date.now() + this.moved
  }
}

/** Two views of one store, as two processes have them. */
interface Opened {
  readonly one: StateStore
  readonly other: StateStore
  readonly clock: MovedClock
  /** Whether values end by a clock that the test can move. */
  readonly isOurClock: boolean
  close(): Promise<void>
}

const failFast = { enableOfflineQueue: false, maxRetriesPerRequest: 0, connectTimeout: 1_000, lazyConnect: true } as const
const postgresPrograms = findPostgres()

const stores: ReadonlyArray<readonly [name: string, isHere: boolean, open: () => Promise<Opened>]> = [
  ['in memory', true, inMemory],
  ['in Redis', hasRedis(), inRedis],
  ['in SQLite', true, inSqlite],
  ['in PostgreSQL', postgresPrograms !== undefined, inPostgres],
]

for (const [name, isHere, open] of stores) {
  if (!isHere) continue
  describe(`state ${name}`, () => {
    let opened!: Opened
    let number = 0
    let key = ''
    const later = () => opened.clock.now() + 60_000

    before(async function () {
      this.timeout(30_000)
      opened = await open()
    })

    beforeEach(() => {
      opened.clock.moved = 0
      key = `key-${(number += 1)}`
    })

    after(() => opened.close())

    it('is kept until it is taken, for every process', async () => {
      const { one, other } = opened
      expect(await other.get(key)).to.equal(undefined)
      await one.set(key, 'a', later())
      expect(await other.get(key)).to.equal('a')
      await other.set(key, 'b', later())
      expect(await one.take(key)).to.equal('b')
      expect([await one.take(key), await other.get(key)]).to.deep.equal([undefined, undefined])
    })

    it('is added where there is none, and replaced where it is what was expected', async () => {
      const { one, other } = opened
      expect([await one.add(key, 'a', later()), await other.add(key, 'b', later())]).to.deep.equal([true, false])
      expect(await other.replace(key, 'b', 'c', later())).to.equal(false)
      expect(await other.replace(key, 'a', 'c', later())).to.equal(true)
      expect(await one.get(key)).to.equal('c')
      expect(await one.replace(`${key} of nobody`, '', 'c', later())).to.equal(false)
    })

    it('ends when it is said to, and then is as if it had never been', async () => {
      const { one, clock, isOurClock } = opened
      await one.set(key, 'a', clock.now() - 1)
      expect(await one.get(key)).to.equal(undefined)
      await one.set(key, 'a', later())
      await one.set(key, 'a', clock.now() - 1)
      expect(await one.get(key)).to.equal(undefined)
      await one.set(key, 'a', clock.now() + (isOurClock ? 60_000 : 1))
      if (isOurClock) clock.moved = 60_000
      else while ((await one.get(key)) !== undefined) await new Promise(setImmediate)
      expect([await one.get(key), await one.replace(key, 'a', 'b', later()), await one.take(key)]).to.deep.equal([
        undefined,
        false,
        undefined,
      ])
      expect(await one.add(key, 'b', later())).to.equal(true)
      expect(await one.get(key)).to.equal('b')
    })

    it('is kept for good where it is told to', async () => {
      const { one, clock } = opened
      await one.set(key, 'a', Infinity)
      clock.moved = 1e12
      expect(await one.get(key)).to.equal('a')
      expect(await one.add(key, 'b', Infinity)).to.equal(false)
    })

    it('holds any text under any name', async () => {
      const { one, other } = opened
      const texts = ['', ' ', "' OR 1=1 --", '{"a":1}', '🔑', 'a\nb', '%_\\', 'x'.repeat(100_000), '__proto__']
      for (const text of texts) {
        await one.set(`${key}${text.slice(0, 300)}`, text, later())
        expect(await other.get(`${key}${text.slice(0, 300)}`)).to.equal(text)
        expect(await other.replace(`${key}${text.slice(0, 300)}`, text, 'x', later())).to.equal(true)
      }
    })

    it('goes to exactly one of many who ask at once', async () => {
      const { one, other } = opened
      const many = <T>(ask: (store: StateStore, index: number) => T) =>
        Promise.all(Array.from({ length: 100 }, (_, index) => ask(index % 2 ? one : other, index)))
      expect((await many((store) => store.add(key, 'a', later()))).filter(Boolean)).to.have.length(1)
      expect((await many((store, index) => store.replace(key, 'a', `b${index}`, later()))).filter(Boolean)).to.have.length(1)
      expect((await many((store) => store.take(key))).filter((value) => value !== undefined)).to.have.length(1)
    })

    it('does what a map does, in any order of calls', async () => {
      const call = fc.record({
        method: fc.constantFrom('get', 'set', 'add', 'replace', 'take'),
        name: fc.constantFrom('x', 'y'),
        value: fc.constantFrom('1', '2'),
        expected: fc.constantFrom('1', '2'),
      })
      await fc.assert(
        fc.asyncProperty(fc.array(call, { maxLength: 12 }), async (calls) => {
          const prefix = `${key}-${(number += 1)}-`
          const model = new MemoryStateStore()
          for (const { method, name, value, expected } of calls) {
            const run = (store: StateStore): unknown => {
              if (method === 'set') return store.set(prefix + name, value, later())
              if (method === 'add') return store.add(prefix + name, value, later())
              if (method === 'replace') return store.replace(prefix + name, expected, value, later())
              return store[method](prefix + name)
            }
            expect(await run(opened.one)).to.equal(await run(model))
          }
        }),
        { numRuns: 25 },
      )
    })
  })
}

describe('a state store', () => {
  it('in memory refuses the next value rather than forget one, when it is full', () => {
    const clock = new MovedClock()
    const store = new MemoryStateStore({ clock, capacity: 2 })
    const end = clock.now() + 1_000
    store.set('a', '1', end)
    expect(store.add('b', '1', end)).to.equal(true)
    expect(() => store.set('c', '1', end)).to.throw(Unavailable)
    expect(() => store.add('c', '1', end)).to.throw(Unavailable)
    store.set('a', '2', end)
    expect([store.get('a'), store.get('b'), store.size]).to.deep.equal(['2', '1', 2])
    clock.moved = 2_000
    store.set('c', '1', clock.now() + 1_000)
    expect([store.get('a'), store.get('c'), store.size]).to.deep.equal([undefined, '1', 1])
  })

  it('in memory refuses quickly what finds no room', () => {
    const clock = { time: 0, now: () => clock.time }
    const store = new MemoryStateStore({ clock, capacity: 100_000 })
    for (let index = 0; index < 100_000; index += 1) store.set(String(index), '1', 10_000)
    const startedAt = performance.now()
    for (let index = 0; index < 10_000; index += 1) expect(() => store.set('more', '1', 10_000)).to.throw(Unavailable)
    expect(performance.now() - startedAt, 'each would take a walk of 100,000 steps').to.be.below(3_000)
  })

  it('in memory holds no more characters than it may, however few values have them', () => {
    const clock = new MovedClock()
    const store = new MemoryStateStore({ clock, maxCharacters: 100 })
    const end = clock.now() + 1_000
    store.set('a', 'x'.repeat(59), end)
    expect(() => store.set('b', 'x'.repeat(40), end)).to.throw(Unavailable)
    store.set('b', 'x'.repeat(39), end)
    expect(() => store.set('b', 'x'.repeat(40), end)).to.throw(Unavailable)
    store.set('b', 'short', end)
    expect(store.take('a')).to.have.length(59)
    store.set('c', 'x'.repeat(93), end)
    clock.moved = 2_000
    store.set('d', 'x'.repeat(99), clock.now() + 1_000)
    expect([store.get('c'), store.get('d')?.length]).to.deep.equal([undefined, 99])
  })

  it('in memory holds little more than what has not ended', () => {
    const clock = new MovedClock()
    const store = new MemoryStateStore({ clock })
    for (let round = 0; round < 20; round += 1) {
      for (let index = 0; index < 1_000; index += 1) store.set(`${round}-${index}`, '1', clock.now() + 1_000)
      clock.moved += 2_000
    }
    expect(store.size).to.be.at.most(2_000)
  })

  it('refuses options that mean nothing', async () => {
    for (const capacity of [0, -1, 1.5, Number.NaN, Infinity]) expect(() => new MemoryStateStore({ capacity })).to.throw(RangeError)
    for (const maxCharacters of [0, Infinity]) expect(() => new MemoryStateStore({ maxCharacters })).to.throw(RangeError)
    for (const deadline of [0, -1, Number.NaN, Infinity]) {
      expect(() => new RedisStateStore(new Redis({ lazyConnect: true }), { deadline })).to.throw(RangeError)
    }
  })

  describe('that does not answer', () => {
    const outcomeOf = (answer: () => unknown) =>
      Promise.resolve()
        .then(answer)
        .catch((thrown: unknown) => thrown)

    const calls: ReadonlyArray<(store: StateStore) => unknown> = [
      (store) => store.get('a'),
      (store) => store.set('a', '1', Infinity),
      (store) => store.add('a', '1', Infinity),
      (store) => store.replace('a', '1', '2', Infinity),
      (store) => store.take('a'),
    ]

    it('ends each call as Unavailable in time: Redis that is away', async () => {
      const client = new Redis(1, '127.0.0.1', { ...failFast, retryStrategy: null })
      client.on('error', () => undefined)
      const store = new RedisStateStore(client, { deadline: 50 })
      for (const call of calls) expect(await outcomeOf(() => call(store))).to.be.instanceOf(Unavailable)
      client.disconnect()
    })

    it('ends each call as Unavailable in time: Redis that hangs', async () => {
      const hang = () => new Promise<never>(() => undefined)
      const store = new RedisStateStore({ get: hang, eval: hang, evalsha: hang }, { deadline: 5 })
      for (const call of calls)
        expect(await outcomeOf(() => call(store)))
          .to.be.instanceOf(Unavailable)
          .and.to.include({ reason: 'state-unavailable' })
    })

    it('ends each call as Unavailable in time: a database that hangs or errs', async () => {
      const working = libsql(createClient({ url: ':memory:' }))
      for (const first of [() => new Promise<never>(() => undefined), () => Promise.reject(new Error('broken'))]) {
        const database: Database = { ...working, first }
        const store = await SqlStateStore.open(database, { deadline: 5 })
        for (const call of calls) expect(await outcomeOf(() => call(store))).to.be.instanceOf(Unavailable)
      }
      await working.close()
    })
  })
})

function inMemory(): Promise<Opened> {
  const clock = new MovedClock()
  const store = new MemoryStateStore({ clock })
  return Promise.resolve({ one: store, other: store, clock, isOurClock: true, close: () => Promise.resolve() })
}

async function inRedis(): Promise<Opened> {
  const server = await startRedis()
  const clock = new MovedClock()
  const clients = [0, 1].map(() => new Redis(server.port, '127.0.0.1', failFast))
  await Promise.all(clients.map((client) => client.connect()))
  const [one, other] = clients.map((client) => new RedisStateStore(client, { clock, deadline: 5_000 }))
  return {
    one: one!,
    other: other!,
    clock,
    isOurClock: false,
    async close() {
      for (const client of clients) client.disconnect()
      await server.stop()
    },
  }
}

async function inSqlite(): Promise<Opened> {
  const folder = mkdtempSync(join(tmpdir(), 'portcullis-state-'))
  const database = libsql(createClient({ url: `file:${join(folder, 'state.db')}` }))
  const clock = new MovedClock()
  const [one, other] = await Promise.all([0, 1].map(() => SqlStateStore.open(database, { clock, deadline: 5_000 })))
  return {
    one: one!,
    other: other!,
    clock,
    isOurClock: true,
    async close() {
      await database.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

async function inPostgres(): Promise<Opened> {
  const server = await startPostgres(postgresPrograms ?? '')
  const clock = new MovedClock()
  const databases = [0, 1].map(() => postgres(new Pool({ connectionString: server.url, max: 5 })))
  const [one, other] = await Promise.all(databases.map((database) => SqlStateStore.open(database, { clock, deadline: 5_000 })))
  return {
    one: one!,
    other: other!,
    clock,
    isOurClock: true,
    async close() {
      await Promise.all(databases.map((database) => database.close()))
      await server.stop()
    },
  }
}
