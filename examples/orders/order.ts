import { Expose, Visible, anyOf, policy } from '../../lib/index.js'
import { seesEveryOrder } from './permissions.js'

export const orderStatuses = ['open', 'fulfilled', 'cancelled'] as const
export type OrderStatus = (typeof orderStatuses)[number]

export interface Address {
  readonly street: string
  readonly city: string
  readonly zip: string
}

export interface Item {
  readonly sku: string
  readonly qty: number
}

/** An order, as it is kept. */
export interface Order {
  readonly id: string
  readonly owner_id: string
  readonly product_id: string
  readonly quantity: number
  readonly note: string | null
  readonly address: Address
  readonly items: readonly Item[]
  readonly status: OrderStatus
  /** Cents. */
  readonly total: number
  /** ISO 8601, UTC. */
  readonly created_at: string
  /** Cents. Only for those who may read it. */
  readonly margin: number
}

class AddressView {
  @Expose(() => String) street!: string
  @Expose(() => String) city!: string
  @Expose(() => String) zip!: string
}

class ItemView {
  @Expose(() => String) sku!: string
  @Expose(() => Number) qty!: number
}

/** An order, as it is answered: nothing else of it leaves. */
export class OrderView {
  @Expose(() => String) id!: string
  @Expose(() => String) owner_id!: string
  @Expose(() => String) product_id!: string
  @Expose(() => Number) quantity!: number
  @Expose(() => String) note!: string | null
  @Expose(() => AddressView) address!: AddressView
  @Expose(() => [ItemView]) items!: readonly ItemView[]
  @Expose(() => String) status!: OrderStatus
  @Expose(() => Number) total!: number
  @Expose(() => String) created_at!: string
  @Expose(() => Number) @Visible('orders:read-margin') margin!: number
}

/** Cents: every product costs the same in this shop, and so does every extra. */
const prices = { product: 1_995, item: 250 } as const
const marginShare = 0.3

/** What an order costs and earns; whatever a client says of it is not asked. */
export function amounts(quantity: number, items: readonly Item[]): { readonly total: number; readonly margin: number } {
  const extras = items.reduce((sum, { qty }) => sum + qty * prices.item, 0)
  const total = quantity * prices.product + extras
  return { total, margin: Math.round(total * marginShare) }
}

export const isOwner = policy('order.owner', (principal, order: Order) => order.owner_id === principal.id)
const seesAll = policy<Order>('order.all', seesEveryOrder)
/** Who has the permission may see every order; the others see theirs. */
export const maySee = anyOf(isOwner, seesAll)
