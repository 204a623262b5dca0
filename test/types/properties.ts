// What the decorators of a view's properties take. Those of the properties of a DTO, class-validator's and @Nested, are legacy decorators.
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

class Values {
  @Expose() accessor own = 'a'
  @Expose() optional?: readonly number[]
  @Expose() @Visible('a') both: bigint = 1n
  @Expose(() => String) text = 'a'
  @Expose(() => Later) later!: Later
  @Expose(() => ({ at: Date })) inline!: { readonly at: Date }
}

class Later {
  @Expose() readonly id = 'a'
}

export const values = new Values()

export class Fitting {
  @Returns(Order)
  one() {
    return { id: 'a', address: { street: 'b' }, addresses: [], margin: 1, computed: 1, more: 1 }
  }
}

export class Misfits {
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

  // @ts-expect-error: a text is no view
  @Expose(() => 'Address')
  text!: Address

  // @ts-expect-error: a permission is no view
  @Expose('orders:read-margin')
  permission!: number

  // @ts-expect-error: it is called
  @Expose
  notCalled!: string

  // @ts-expect-error: names stand one after the other
  @Visible(['a', 'b'])
  names!: number

  // @ts-expect-error: permissions are texts
  @Visible(1)
  margin!: number
}
