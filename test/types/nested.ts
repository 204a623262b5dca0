// What @Nested takes. It is class-validator's, and a decorator of the legacy protocol alone: called as that calls it, it compiles under both.
import { Nested } from '../../lib/index.js'

class Address {
  street!: string
}

abstract class Shape {
  name!: string
}

export class Fitting {
  address!: Address
  addresses!: readonly Address[]
  shape!: Shape
}

Nested(() => Address)(Fitting.prototype, 'address')
Nested(() => Address, { each: true, groups: ['create'] })(Fitting.prototype, 'addresses')
Nested(() => Shape)(Fitting.prototype, 'shape')

// @ts-expect-error: a class is given by a function, since it may come later in the file
Nested(Address)
// @ts-expect-error: it nests something
Nested()
// @ts-expect-error: a text is no class
Nested(() => 'Address')
// @ts-expect-error: a list is said by each
Nested(() => [Address])
// @ts-expect-error: there is no such option
Nested(() => Address, { every: true })
// @ts-expect-error: a list of groups
Nested(() => Address, { groups: 'create' })
// @ts-expect-error: a class is no property
Nested(() => Address)(Fitting)
