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
}

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
}
