import {
  Audit,
  Authorize,
  Conflict,
  Controller,
  Delete,
  Get,
  Idempotent,
  Patch,
  Post,
  RateLimit,
  Returns,
  Validate,
  ValidationFailed,
  created,
} from '../../lib/index.js'
import type { Context } from '../../lib/index.js'
import { Describe } from '../../lib/openapi.js'
import { ChangeOrder, CreateOrder, OrderId, OrderList } from './input.js'
import { OrderView, isOwner, maySee } from './order.js'
import type { Order } from './order.js'
import { OrderStore } from './order-store.js'
import { RequirePermission } from './permissions.js'

const path = '/api/v1/orders'

/** The order that a path names. To whoever may not have it, it does not exist. */
function namedOrder({ params }: Context<{ params: OrderId }>, { orders }: OrdersController): Promise<Order | undefined> {
  return orders.find(params.id)
}

@Controller(path, { inject: [OrderStore] })
export class OrdersController {
  constructor(readonly orders: OrderStore) {}

  @Post('/')
  @RequirePermission('orders:write')
  @RateLimit('10 per second')
  @Validate({ body: CreateOrder })
  @Idempotent()
  @Returns(OrderView)
  @Audit('order.create')
  @Describe({ summary: 'Place an order', status: 201 })
  async create({ body, principal }: Context<{ body: CreateOrder }>) {
    const order = await this.orders.create(principal.id, body)
    return created(order, { location: `${path}/${order.id}` })
  }

  @Get('/')
  @RequirePermission('orders:read')
  @Validate({ query: OrderList })
  @Returns({ data: [OrderView], page: Number, limit: Number, total: Number })
  async list({ query, principal }: Context<{ query: OrderList }>) {
    const { status, page = 1, limit = 20 } = query
    const { data, total } = await this.orders.page(principal.id, { status, page, limit })
    return { data, page, limit, total }
  }

  @Get('/:id')
  @RequirePermission('orders:read')
  @Validate({ params: OrderId })
  @Authorize(namedOrder, maySee)
  @Returns(OrderView)
  get({ resource }: Context<{ resource: Order }>) {
    return resource
  }

  @Patch('/:id')
  @RequirePermission('orders:write')
  @Validate({ params: OrderId, body: ChangeOrder })
  @Authorize(namedOrder, isOwner)
  @Returns(OrderView)
  @Audit('order.change')
  @Describe({ errors: [[409, 'conflict']] })
  async change({ body, resource }: Context<{ body: ChangeOrder; resource: Order }>) {
    if (body.quantity === undefined && body.note === undefined) throw nothingToChange()
    const changed = await this.orders.change(resource, body)
    if (changed === undefined) throw notOpen()
    return changed
  }

  @Delete('/:id')
  @RequirePermission('orders:delete')
  @Validate({ params: OrderId })
  @Authorize(namedOrder, isOwner)
  @Audit('order.delete')
  async remove({ resource }: Context<{ resource: Order }>): Promise<void> {
    await this.orders.remove(resource.id)
  }

  @Post('/:id/fulfil')
  @RequirePermission('orders:fulfil')
  @Validate({ params: OrderId })
  @Authorize(namedOrder, () => true)
  @Returns(OrderView)
  @Audit('order.fulfil')
  @Describe({ errors: [[409, 'conflict']] })
  async fulfil({ resource }: Context<{ resource: Order }>) {
    const fulfilled = await this.orders.fulfil(resource.id)
    if (fulfilled === undefined) throw notOpen()
    return fulfilled
  }
}

function notOpen(): Conflict {
  return new Conflict('The order is not open any more.')
}

function nothingToChange(): ValidationFailed {
  const message = 'name quantity or note: there is nothing to change'
  return new ValidationFailed([{ in: 'body', path: '', code: 'nothingToChange', message }])
}
