import { createClient } from '@libsql/client'
import { expect } from 'chai'
import { Redis } from 'ioredis'
import { Unavailable } from '../../lib/errors.js'
import { libsql } from '../../lib/sql/sql.js'
import type { Database } from '../../lib/sql/sql.js'
import { MemoryStateStore } from '../../lib/state/memory-state-store.js'
import { RedisStateStore } from '../../lib/state/redis-state-store.js'
import { SqlStateStore } from '../../lib/state/sql-state-store.js'
import type { StateStore } from '../../lib/state/state-store.js'
import { fakeClock } from '../../lib/testing.js'

const failFast = { enableOfflineQueue: false, maxRetriesPerRequest: 0, connectTimeout: 1_000, lazyConnect: true } as const

describe('a state store', () => {
  it('in memory refuses the next value rather than forget one, when it is full', () => {
    const clock = fakeClock()
    const store = new MemoryStateStore({ clock, capacity: 2 })
    const end = clock.now() + 1_000
    store.set('a', '1', end)
    expect(store.add('b', '1', end)).to.equal(true)
    expect(() => store.set('c', '1', end)).to.throw(Unavailable)
    expect(() => store.add('c', '1', end)).to.throw(Unavailable)
    store.set('a', '2', end)
    expect([store.get('a'), store.get('b'), store.size]).to.deep.equal(['2', '1', 2])
    clock.advance(2_000)
    store.set('c', '1', clock.now() + 1_000)
    expect([store.get('a'), store.get('c'), store.size]).to.deep.equal([undefined, '1', 1])
  })

  it('in memory refuses quickly what finds no room', () => {
    const clock = fakeClock(0)
    const store = new MemoryStateStore({ clock, capacity: 100_000 })
    for (let index = 0; index < 100_000; index += 1) store.set(String(index), '1', 10_000)
    const before = process.cpuUsage()
    for (let index = 0; index < 10_000; index += 1) expect(() => store.set('more', '1', 10_000)).to.throw(Unavailable)
    const { user, system } = process.cpuUsage(before)
    expect((user + system) / 1e3, 'each would take a walk of 100,000 steps').to.be.below(3_000)
  })

  it('in memory holds no more characters than it may, however few values have them', () => {
    const clock = fakeClock()
    const store = new MemoryStateStore({ clock, maxCharacters: 100 })
    const end = clock.now() + 1_000
    store.set('a', 'x'.repeat(59), end)
    expect(() => store.set('b', 'x'.repeat(40), end)).to.throw(Unavailable)
    store.set('b', 'x'.repeat(39), end)
    expect(() => store.set('b', 'x'.repeat(40), end)).to.throw(Unavailable)
    store.set('b', 'short', end)
    expect(store.take('a')).to.have.length(59)
    store.set('c', 'x'.repeat(93), end)
    clock.advance(2_000)
    store.set('d', 'x'.repeat(99), clock.now() + 1_000)
    expect([store.get('c'), store.get('d')?.length]).to.deep.equal([undefined, 99])
  })

  it('in memory holds little more than what has not ended', () => {
    const clock = fakeClock()
    const store = new MemoryStateStore({ clock })
    for (let round = 0; round < 20; round += 1) {
      for (let index = 0; index < 1_000; index += 1) store.set(`${round}-${index}`, '1', clock.now() + 1_000)
      clock.advance(2_000)
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
