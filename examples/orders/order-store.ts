import { randomUUID } from 'node:crypto'
import { join, sql } from '../../lib/sql/sql.js'
import type { Database, Query } from '../../lib/sql/sql.js'
import { amounts } from './order.js'
import type { Address, Item, Order, OrderStatus } from './order.js'

/** What a client says of a new order. */
export interface NewOrder {
  readonly product_id: string
  readonly quantity: number
  readonly note?: string
  readonly address: Address
  readonly items?: readonly Item[]
}

/** What can be changed of an open order. */
export interface OrderChanges {
  readonly quantity?: number
  readonly note?: string
}

/** One page of someone's orders. */
export interface Page {
  readonly status: OrderStatus | undefined
  readonly page: number
  readonly limit: number
}

interface OrderRow extends Omit<Order, 'address' | 'items'> {
  readonly address: string
  readonly items: string
}

const columns = sql`id, owner_id, product_id, quantity, note, address, items, status, total, created_at, margin`
const mostFound = 100

/** Orders in SQL: the same statements for SQLite and PostgreSQL. */
export class OrderStore {
  constructor(private readonly database: Database) {}

  /** Makes the table where there is none yet. */
  static async open(database: Database): Promise<OrderStore> {
    try {
      await makeSchema(database)
    } catch {
      // Two processes that start at once on a new PostgreSQL: the other one was quicker.
      await makeSchema(database)
    }
    return new OrderStore(database)
  }

  async create(ownerId: string, { product_id, quantity, note, address, items = [] }: NewOrder): Promise<Order> {
    const { total, margin } = amounts(quantity, items)
    const values = join([
      randomUUID(),
      ownerId,
      product_id,
      quantity,
      note ?? null,
      JSON.stringify(address),
      JSON.stringify(items),
      'open',
      total,
      new Date().toISOString(),
      margin,
    ])
    const order = await this.#first(sql`INSERT INTO orders (${columns}) VALUES (${values}) RETURNING ${columns}`)
    if (order === undefined) throw new Error('the database took an order and did not give it back')
    return order
  }

  find(id: string): Promise<Order | undefined> {
    return this.#first(sql`SELECT ${columns} FROM orders WHERE id = ${id}`)
  }

  /** The newest first. */
  async page(ownerId: string, { status, page, limit }: Page): Promise<{ readonly data: readonly Order[]; readonly total: number }> {
    const wanted = join([sql`owner_id = ${ownerId}`, ...(status === undefined ? [] : [sql`status = ${status}`])], ' AND ')
    const counted = await this.database.first<{ total: number }>(sql`SELECT CAST(count(*) AS INTEGER) AS total FROM orders WHERE ${wanted}`)
    const data = await this.#all(
      sql`SELECT ${columns} FROM orders WHERE ${wanted} ORDER BY created_at DESC, id LIMIT ${limit} OFFSET ${(page - 1) * limit}`,
    )
    return { data, total: counted?.total ?? 0 }
  }

  /** The newest orders with `text` in their product or note, in any case; of one owner, or of all. */
  search(text: string, ownerId: string | undefined): Promise<readonly Order[]> {
    const pattern = `%${text.replaceAll(/[!%_]/g, '!$&')}%`
    const found = sql`(lower(product_id) LIKE lower(${pattern}) ESCAPE '!' OR lower(note) LIKE lower(${pattern}) ESCAPE '!')`
    const wanted = join([found, ...(ownerId === undefined ? [] : [sql`owner_id = ${ownerId}`])], ' AND ')
    return this.#all(sql`SELECT ${columns} FROM orders WHERE ${wanted} ORDER BY created_at DESC, id LIMIT ${mostFound}`)
  }

  /** The order as it is then; undefined where it is not open any more. */
  change({ id, items }: Order, { quantity, note }: OrderChanges): Promise<Order | undefined> {
    const changes: Query[] = []
    if (note !== undefined) changes.push(sql`note = ${note}`)
    if (quantity !== undefined) {
      const { total, margin } = amounts(quantity, items)
      changes.push(sql`quantity = ${quantity}, total = ${total}, margin = ${margin}`)
    }
    return this.#first(sql`UPDATE orders SET ${join(changes)} WHERE id = ${id} AND status = 'open' RETURNING ${columns}`)
  }

  /** The order as it is then; undefined where it is not open any more. Of two calls at once, one gets it. */
  fulfil(id: string): Promise<Order | undefined> {
    return this.#first(sql`UPDATE orders SET status = 'fulfilled' WHERE id = ${id} AND status = 'open' RETURNING ${columns}`)
  }

  async remove(id: string): Promise<void> {
    await this.database.all(sql`DELETE FROM orders WHERE id = ${id}`)
  }

  async #first(query: Query): Promise<Order | undefined> {
    const row = await this.database.first<OrderRow>(query)
    return row === undefined ? undefined : toOrder(row)
  }

  async #all(query: Query): Promise<readonly Order[]> {
    return (await this.database.all<OrderRow>(query)).map(toOrder)
  }
}

async function makeSchema(database: Database): Promise<void> {
  await database.all(sql`
    CREATE TABLE IF NOT EXISTS orders (
      id TEXT PRIMARY KEY,
      owner_id TEXT NOT NULL,
      product_id TEXT NOT NULL,
      quantity INTEGER NOT NULL,
      note TEXT,
      address TEXT NOT NULL,
      items TEXT NOT NULL,
      status TEXT NOT NULL,
      total INTEGER NOT NULL,
      created_at TEXT NOT NULL,
      margin INTEGER NOT NULL
    )`)
  await database.all(sql`CREATE INDEX IF NOT EXISTS orders_of_owner ON orders (owner_id, created_at)`)
}

function toOrder(row: OrderRow): Order {
  return { ...row, address: JSON.parse(row.address) as Address, items: JSON.parse(row.items) as readonly Item[] }
}
