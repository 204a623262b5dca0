import { AuthorizeEach, policy } from '../../lib/index.js'

interface Order {
  readonly owner: string
}

const isOwner = policy('order.owner', ({ id }, order: Order) => order.owner === id)

export class Orders {
  @AuthorizeEach(isOwner)
  list() {
    return [{ owner: 'a', more: 1 }]
  }

  @AuthorizeEach(isOwner, { in: 'data' })
  async page() {
    return { data: [{ owner: 'a' }], total: 1 }
  }

  // @ts-expect-error: these have no owner
  @AuthorizeEach(isOwner)
  others() {
    return [{ name: 'a' }]
  }

  // @ts-expect-error: the list is elsewhere
  @AuthorizeEach(isOwner, { in: 'items' })
  elsewhere() {
    return { data: [{ owner: 1 }], items: [{ name: 'a' }] }
  }
}
