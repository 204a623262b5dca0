import { randomBytes } from 'node:crypto'
import { StringAdapter, newModelFromString } from 'casbin'
import { IsUUID } from 'class-validator'
import { Authorize, Controller, Delete, RequirePermission, Validate, bearer, createApi, createContainer, policy } from 'portcullis'
import type { Context } from 'portcullis'

export interface Order {
  readonly id: string
  readonly owner_id: string
  readonly status: 'open' | 'fulfilled'
}

export class OrderStore {
  find(id: string): Order | undefined {
    return id === '' ? undefined : { id, owner_id: 'alice', status: 'open' }
  }

  page({ owner_id }: { readonly owner_id: string }) {
    return { data: [{ id: '42', owner_id, status: 'open' } satisfies Order], total: 1 }
  }

  remove(_order: Order): void {}
}

export class OrderId {
  @IsUUID() id!: string
}

export const isOwner = policy('order.owner', (principal, order: Order) => order.owner_id === principal.id)

export function findOrder({ params }: Context<{ params: OrderId }>): Order | undefined {
  return new OrderStore().find(params.id)
}

@Controller('/orders', { inject: [OrderStore] })
export class OrdersController {
  constructor(readonly orders: OrderStore) {}

  @Delete('/:id')
  @RequirePermission('orders:delete')
  @Validate({ params: OrderId })
  @Authorize(findOrder, isOwner)
  remove({ resource }: Context<{ resource: Order }>) {
    return this.orders.remove(resource)
  }
}

export const services = createContainer().registerInstance(OrderStore, new OrderStore())
export const authentication = bearer({
  issuer: 'https://auth.example.com',
  audience: 'https://api.example.com',
  keys: [{ algorithm: 'HS256', secret: randomBytes(32) }],
})
export const api = createApi({ controllers: [OrdersController], authentication, container: services, audit: { sinks: [] } })

export const grants = { of: async (id: string) => (id === 'alice' ? ['orders:read'] : []) }

export const model = newModelFromString(`
[request_definition]
r = sub, obj, act
[policy_definition]
p = sub, obj, act
[policy_effect]
e = some(where (p.eft == allow))
[matchers]
m = r.sub == p.sub && r.obj == p.obj && r.act == p.act`)
export const adapter = new StringAdapter('p, alice, 42, update')
