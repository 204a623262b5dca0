import { IsInt } from 'class-validator'

export class CreateOrder {
  @IsInt() quantity!: number
}

export class OrdersController {
  readonly orders = { create: ({ quantity }: CreateOrder) => ({ id: '42', quantity }) }
}
