import { createClient } from '@libsql/client'
import { expect } from 'chai'
import * as fc from 'fast-check'
import pg from 'pg'
import { amounts } from '../../examples/orders/order.js'
import { OrderStore } from '../../examples/orders/order-store.js'
import { libsql, postgres, sql } from '../../lib/sql/sql.js'
import type { Database } from '../../lib/sql/sql.js'
import { findPostgres, startPostgres } from '../postgres-server.js'
import { aGoodOrder } from './case.js'

const programs = findPostgres()

/** Every database that the store runs on: what starts it, and what gives an empty one for each test. */
const engines: ReadonlyArray<readonly [string, () => Promise<Engine>]> = [
  ['libsql', async () => ({ fresh: async () => libsql(createClient({ url: ':memory:' })), stop: async () => undefined })],
  ...(programs === undefined ? [] : [['PostgreSQL', () => postgresEngine(programs)] as const]),
]

interface Engine {
  readonly fresh: () => Promise<Database>
  readonly stop: () => Promise<void>
}

async function postgresEngine(folder: string): Promise<Engine> {
  const { url, stop } = await startPostgres(folder)
  return {
    async fresh() {
      const database = postgres(new pg.Pool({ connectionString: url }))
      await database.all(sql`DROP TABLE IF EXISTS orders`)
      return database
    },
    stop,
  }
}

for (const [name, start] of engines)
  describe(`the store of orders on ${name}`, () => {
    let engine: Engine
    let database: Database
    let store: OrderStore

    before(async () => {
      engine = await start()
    })

    after(() => engine.stop())

    beforeEach(async () => {
      database = await engine.fresh()
      store = await OrderStore.open(database)
    })

    afterEach(() => database.close())

    it('is opened twice without harm', async () => {
      const { id } = await store.create('alice', aGoodOrder)
      const again = await OrderStore.open(database)
      expect(await again.find(id)).to.deep.include({ id, owner_id: 'alice' })
    })

    it('gives back any text as it was', async () => {
      const text = fc.string({ unit: 'grapheme', maxLength: 500 }).map((one) => one.replaceAll('\0', ''))
      await fc.assert(
        fc.asyncProperty(text, text, async (note, street) => {
          const order = { ...aGoodOrder, note, address: { ...aGoodOrder.address, street } }
          const { id, ...created } = await store.create('alice', order)
          expect(created).to.deep.include(order)
          expect(await store.find(id)).to.deep.equal({ id, ...created })
        }),
        { numRuns: 200 },
      )
    })

    it('finds a text where it stands, and nothing else by wildcards in it', async () => {
      const text = fc.string({ unit: fc.constantFrom('a', 'B', '%', '_', '!', '\\', "'", ' '), minLength: 1, maxLength: 4 })
      await fc.assert(
        fc.asyncProperty(text, text, async (note, wanted) => {
          const { id } = await store.create('alice', { ...aGoodOrder, product_id: '00000000', note })
          const found = await store.search(wanted, undefined)
          await store.remove(id)
          expect(found.length).to.equal(note.toLowerCase().includes(wanted.toLowerCase()) ? 1 : 0)
        }),
        { numRuns: 500 },
      )
    })

    it('shows every order on one page, whatever its size', async () => {
      for (let count = 0; count < 23; count++) await store.create(count % 2 === 0 ? 'alice' : 'bob', aGoodOrder)
      for (const limit of [1, 5, 12, 100]) {
        const ids: string[] = []
        for (let page = 1; page <= 12; page++) {
          const { data, total } = await store.page('alice', { status: undefined, page, limit })
          expect(total).to.equal(12)
          ids.push(...data.map(({ id }) => id))
        }
        expect(new Set(ids).size).to.equal(12)
        expect(ids.length).to.equal(12)
      }
    })

    it('changes and fulfils open orders only', async () => {
      const order = await store.create('alice', aGoodOrder)
      expect(await store.change(order, { quantity: 7 })).to.deep.include({
        quantity: 7,
        note: 'ring twice',
        ...amounts(7, aGoodOrder.items),
      })
      expect(await store.fulfil(order.id)).to.include({ status: 'fulfilled' })
      expect(await store.fulfil(order.id)).to.equal(undefined)
      expect(await store.change(order, { quantity: 8 })).to.equal(undefined)
      expect(await store.find(order.id)).to.include({ quantity: 7 })
    })

    it('keeps two changes at once both', async () => {
      const order = await store.create('alice', aGoodOrder)
      await Promise.all([store.change(order, { quantity: 9 }), store.change(order, { note: 'at the back' })])
      expect(await store.find(order.id)).to.include({ quantity: 9, note: 'at the back' })
    })
  })

describe('the amounts of an order', () => {
  it('are whole cents that the database can hold', () => {
    const order = fc.tuple(
      fc.integer({ min: 1, max: 1000 }),
      fc.array(fc.record({ sku: fc.string(), qty: fc.integer({ min: 1, max: 1000 }) }), { maxLength: 10 }),
    )
    fc.assert(
      fc.property(order, ([quantity, items]) => {
        const { total, margin } = amounts(quantity, items)
        expect(Number.isInteger(total) && Number.isInteger(margin)).to.equal(true)
        expect(total).to.be.within(1, 2 ** 31 - 1)
        expect(margin).to.be.within(0, total)
      }),
    )
  })
})
