import { ArrayMaxSize, ArrayMinSize, IsInt, IsOptional, IsString, Length, Matches, Max, MaxLength, Min } from 'class-validator'
import { Type } from 'class-transformer'
import { Audit, Controller, Get, Nested, Post, RequirePermission, Validate, created } from '../lib/index.js'
import type { Context } from '../lib/index.js'

class Address {
  @IsString()
  @Length(1, 100)
  street!: string

  @IsString()
  @Length(1, 100)
  city!: string

  @Matches(/^[0-9A-Za-z -]{3,10}$/)
  zip!: string
}

class Item {
  @Matches(/^[A-Z0-9-]{3,20}$/)
  sku!: string

  @IsInt()
  @Min(1)
  @Max(1000)
  qty!: number
}

export class CreateOrder {
  @Matches(/^[A-Z0-9]{8}$/)
  product_id!: string

  @IsInt()
  @Min(1)
  @Max(1000)
  quantity!: number

  @IsOptional()
  @IsString()
  @MaxLength(500)
  note?: string

  @Nested(() => Address)
  @Type(() => Address)
  address!: Address

  @Nested(() => Item, { each: true })
  @Type(() => Item)
  @ArrayMinSize(1)
  @ArrayMaxSize(50)
  items!: Item[]
}

@Controller('/api/v1/orders', { inject: [] })
export class OrdersController {
  #last = 0

  @Post('/')
  @RequirePermission('orders:write')
  @Validate({ body: CreateOrder })
  @Audit('order.create', { body: false })
  create({ body }: Context<{ body: CreateOrder }>) {
    const total = body.items.reduce((sum, { qty }) => sum + qty * 250, body.quantity * 1000)
    return created({ id: String(++this.#last), status: 'created', total })
  }
}

@Controller('/api/v1/admin', { inject: [] })
export class AdminController {
  @Get('/users')
  @RequirePermission('admin:read')
  users() {
    return {
      users: [
        { id: 'u1', name: 'Ada' },
        { id: 'u2', name: 'Grace' },
        { id: 'u3', name: 'Edsger' },
      ],
    }
  }
}
