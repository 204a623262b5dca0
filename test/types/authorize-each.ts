// What @AuthorizeEach takes, and which lists it decides about.
import { AuthorizeEach, created, policy } from '../../lib/index.js'

interface Order {
  readonly owner: string
}

const isOwner = policy('order.owner', ({ id }, order: Order) => order.owner === id)

// On a class, any list will do.
@AuthorizeEach(isOwner, { in: 'data' })
export class Accepted {
  @AuthorizeEach(isOwner)
  list() {
    return [{ owner: 'a', more: 1 }]
  }

  @AuthorizeEach(isOwner, { in: 'data' })
  async page() {
    return { data: [{ owner: 'a' }], total: 1 }
  }

  @AuthorizeEach(async ({ id }, order: Order) => order.owner === id)
  inline(): readonly Order[] | undefined {
    return undefined
  }

  @AuthorizeEach(isOwner)
  answer() {
    return created([{ owner: 'a' }])
  }
}

// @ts-expect-error: a name is no rule
@AuthorizeEach('order.owner')
// @ts-expect-error: a member has a name
@AuthorizeEach(isOwner, { in: 1 })
export class RefusedClass {}

export class Refused {
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

  // @ts-expect-error: one is no list
  @AuthorizeEach(isOwner)
  one() {
    return { owner: 'a' }
  }

  // @ts-expect-error: a list is a list, not a set
  @AuthorizeEach(isOwner)
  async set() {
    return new Set([{ owner: 'a' }])
  }

  // @ts-expect-error: nothing is no list
  @AuthorizeEach(isOwner)
  nothing() {}

  // @ts-expect-error: a rule says yes or no
  @AuthorizeEach((_, order: Order) => order.owner)
  answer() {
    return [{ owner: 'a' }]
  }

  // @ts-expect-error: a rule is needed
  @AuthorizeEach()
  unruled() {
    return [{ owner: 'a' }]
  }
}
