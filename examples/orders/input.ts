import { ArrayMaxSize, IsIn, IsInt, IsString, IsUUID, Length, Matches, Max, Min, NotContains, ValidateIf } from 'class-validator'
import { Nested } from '../../lib/index.js'
import { orderStatuses } from './order.js'
import type { OrderStatus } from './order.js'

/** May be left out. Unlike `@IsOptional()`, it lets no `null` through. */
function Optional(): PropertyDecorator {
  return ValidateIf((_, value) => value !== undefined)
}

/** Text that every database keeps as it is: no NUL, no half of a character. Lengths are in characters. */
function Text(shortest: number, longest: number): PropertyDecorator {
  const rules = [
    IsString(),
    Length(shortest, longest),
    NotContains('\u0000', { message: '$property must not contain NUL' }),
    Matches(/^\P{Surrogate}*$/u, { message: '$property must not contain half a surrogate pair' }),
  ]
  return (target, property) => rules.forEach((rule) => rule(target, property))
}

export class Credentials {
  @Text(1, 100)
  username!: string

  @Text(1, 200)
  password!: string
}

class AddressInput {
  @Text(1, 100)
  street!: string

  @Text(1, 100)
  city!: string

  @Matches(/^\d{5}$/)
  zip!: string
}

class ItemInput {
  @Text(1, 64)
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

  @Optional()
  @Text(0, 500)
  note?: string

  @Nested(() => AddressInput)
  address!: AddressInput

  @Optional()
  @Nested(() => ItemInput, { each: true })
  @ArrayMaxSize(10)
  items?: ItemInput[]
}

/** Says what may be changed; owner, total and status are not in it, so a body that names them is refused. */
export class ChangeOrder {
  @Optional()
  @IsInt()
  @Min(1)
  @Max(1000)
  quantity?: number

  @Optional()
  @Text(0, 500)
  note?: string
}

export class OrderId {
  @IsUUID('loose')
  id!: string
}

export class OrderList {
  @Optional()
  @IsIn(orderStatuses)
  status?: OrderStatus

  @Optional()
  @IsInt()
  @Min(1)
  @Max(1000)
  page?: number

  @Optional()
  @IsInt()
  @Min(1)
  @Max(100)
  limit?: number
}

export class SearchText {
  @Text(1, 100)
  q!: string
}

export class AuditList {
  @Optional()
  @IsInt()
  @Min(1)
  @Max(1000)
  limit?: number
}
