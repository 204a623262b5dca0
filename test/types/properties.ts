// Decorators for what goes in and out: they stand on properties. class-validator's, and @Nested with them, are legacy decorators.
import { Expose, Returns, Visible } from '../../lib/index.js'

class Address {
  @Expose() street!: string
}

class Order {
  @Expose() id!: string
  @Expose(() => Address) address!: Address
  @Expose(() => [Address]) addresses!: readonly Address[]
  @Visible('orders:read-margin') margin!: number
  @Visible('a', 'b') get computed(): number {
    return 1
  }
}

export class Fitting {
  @Returns(Order)
  one() {
    return { id: 'a', address: { street: 'b' }, addresses: [], margin: 1, computed: 1, more: 1 }
  }
}

export class Misfits {
  // @ts-expect-error: a view of nothing
  @Returns()
  nothing() {}

  // @ts-expect-error: an order has an address
  @Returns(Order)
  incomplete() {
    return { id: 'a' }
  }

  // @ts-expect-error: a list is no order
  @Returns(Order)
  list() {
    return [{ id: 'a' }]
  }

  // @ts-expect-error: a view is given by a function, since it may come later in the file
  @Expose(Address)
  address!: Address

  // @ts-expect-error: a method is no property
  @Expose()
  method(): void {}

  // @ts-expect-error: permissions are texts
  @Visible(1)
  margin!: number
}
