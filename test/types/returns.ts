// What @Returns takes, and what the handler may return for it.
import { z } from 'zod'
import { Expose, Returns, Visible, created } from '../../lib/index.js'

class OrderView {
  @Expose() id!: string
  @Expose() total!: number
  @Visible('orders:read-margin') margin!: number
}

const order = { id: 'a', total: 1, margin: 2, password: 'secret' }
const schema = z.object({ id: z.string() })

// On a class, any view will do.
@Returns(OrderView)
export class Accepted {
  @Returns(OrderView)
  more() {
    return order
  }

  @Returns([OrderView])
  async list() {
    return [order]
  }

  @Returns({ data: [OrderView], total: Number })
  page() {
    return { data: [order], total: 1, query: 'hidden' }
  }

  @Returns(OrderView)
  made() {
    return created(order)
  }

  @Returns(OrderView)
  perhaps(): typeof order | undefined {
    return undefined
  }

  @Returns(schema)
  schema() {
    return order
  }

  @Returns({ text: String, flag: Boolean, large: BigInt, at: [Date] })
  values() {
    return { text: 'a', flag: true, large: 1n, at: [new Date(), '2026-01-01T00:00:00Z'] }
  }

  @Returns(OrderView)
  nothing(): void {}
}

// @ts-expect-error: a name is no view
@Returns('OrderView')
// @ts-expect-error: a list holds one view
@Returns([OrderView, String])
// @ts-expect-error: a view is needed
@Returns()
export class RefusedClass {}

export class Refused {
  // @ts-expect-error: total is missing
  @Returns(OrderView)
  less() {
    return { id: 'a', margin: 1 }
  }

  // @ts-expect-error: one is no list
  @Returns([OrderView])
  one() {
    return order
  }

  // @ts-expect-error: a text is no number
  @Returns({ data: [OrderView], total: Number })
  async page() {
    return { data: [order], total: '1' }
  }

  // @ts-expect-error: nobody knows what it is
  @Returns(OrderView)
  unknown(): unknown {
    return order
  }

  // @ts-expect-error: the schema wants a text
  @Returns(schema)
  schema() {
    return { id: 1 }
  }

  // @ts-expect-error: a name is no view
  @Returns('OrderView')
  name() {
    return order
  }

  // @ts-expect-error: a view is no function, unlike those of @Expose
  @Returns(() => OrderView)
  function() {
    return order
  }

  // @ts-expect-error: null is no order
  @Returns(OrderView)
  nothing() {
    return null
  }

  // @ts-expect-error: a number is no date
  @Returns({ at: Date })
  date() {
    return { at: 1 }
  }

  // @ts-expect-error: what may be missing is not there for sure
  @Returns(OrderView)
  async perhaps(): Promise<Partial<typeof order>> {
    return order
  }
}
