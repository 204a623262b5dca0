import { IsInt, IsUUID } from 'class-validator'
import { Controller, Get, Public, policy } from 'portcullis'
import type { Context } from 'portcullis'

export { Sensitive } from 'portcullis'

export interface Order {
  readonly id: string
  readonly owner_id: string
}

export class OrderId {
  @IsUUID() id!: string
}

export class ChangeOrder {
  @IsInt() quantity!: number
}

export const isOwner = policy('order.owner', (principal, order: Order) => order.owner_id === principal.id)

export function findOrder({ params }: Context<{ params: OrderId }>): Order | undefined {
  return { id: params.id, owner_id: 'alice' }
}

@Controller('/orders')
export class OrdersController {
  @Get('/')
  @Public()
  list() {
    return []
  }
}
