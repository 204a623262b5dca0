// Decorators that decide about objects: the loader, the rule and the handler are about the same one.
import { Authorize, Scope, Validate, allOf, anyOf, casbinPolicies, caslPolicies, not, policy } from '../../lib/index.js'
import type { Context } from '../../lib/index.js'

class OrderId {
  id!: string
}

class Order {
  owner!: string
}

interface Filter {
  readonly owner: string
}

const isOwner = policy('order.owner', ({ id }, { owner }: Order) => owner === id)
const isNamed = policy('thing.named', (_, { name }: { readonly name: string }) => name !== '')
const load = async (): Promise<Order | undefined> => undefined
const may = caslPolicies({ abilityOf: () => ({ can: () => true }), subject: (_, object) => object })
const enforced = casbinPolicies({ enforce: async () => true })

// On a class, any object and any filter will do.
@Authorize(load, isOwner)
@Scope(({ id }): Filter => ({ owner: id }))
export class Fitting {
  @Authorize(
    load,
    allOf(
      anyOf(isOwner),
      not(isOwner),
      may<Order>('read', 'Order'),
      enforced('read', ({ owner }: Order) => owner),
    ),
    {
      refusal: 403,
      mode: 'observe',
    },
  )
  policies({ resource }: Context<{ resource: Order }>) {
    return resource.owner
  }

  @Authorize(() => new Order(), (principal, order) => order.owner === principal.id)
  @Validate({ params: OrderId })
  object({ resource, params }: Context<{ resource: Order; params: OrderId }>) {
    return [resource.owner, params.id]
  }

  @Authorize(
    async ({ params }: Context<{ params: OrderId }>, controller: Fitting) => (params.id === '' ? undefined : controller.found()),
    async (_, order) => order.owner === 'me',
  )
  later({ resource }: Context<{ resource: { readonly owner: string } }>) {
    return resource.owner
  }

  @Scope(async ({ id }, { requestId }): Promise<Filter> => ({ owner: id + requestId }))
  list({ scope }: Context<{ scope: Filter }>) {
    return scope.owner
  }

  @Scope(() => 'owner')
  unread() {}

  found(): Order {
    return new Order()
  }
}

// @ts-expect-error: the policy is about something else
@Authorize(load, isNamed)
// @ts-expect-error: a filter is made by a function
@Scope({ owner: 'me' })
export class MisfittingClass {}

export class Misfits {
  // @ts-expect-error: the policy is about something else
  @Authorize(load, isNamed)
  rule() {}

  @Authorize(
    load,
    // @ts-expect-error: orders have no quantity
    (_, order) => order.quantity > 1,
  )
  inline() {}

  // @ts-expect-error: one of the two is about something else
  @Authorize(load, allOf(isOwner, isNamed))
  both() {}

  // @ts-expect-error: orders are none of its objects
  @Authorize(load, may<OrderId>('read', 'OrderId'))
  ability() {}

  // @ts-expect-error: orders are none of its objects
  @Authorize(load, enforced('read', ({ id }: OrderId) => id))
  model() {}

  // @ts-expect-error: a rule says yes or no
  @Authorize(load, (_, order) => order)
  answer() {}

  // @ts-expect-error: a rule that forgets to answer refuses everybody
  @Authorize(load, () => {})
  silent() {}

  // @ts-expect-error: a rule is needed
  @Authorize(load)
  unruled() {}

  // @ts-expect-error: the handler expects another object
  @Authorize(load, isOwner)
  object({ resource }: Context<{ resource: { name: string } }>) {
    return resource.name
  }

  // @ts-expect-error: the handler expects another object, later too
  @Authorize(load, isOwner)
  async later({ resource }: Context<{ resource: { name: string } }>) {
    return resource.name
  }

  // @ts-expect-error: there is no such refusal
  @Authorize(load, isOwner, { refusal: 401 })
  refusal() {}

  // @ts-expect-error: there is no such mode
  @Authorize(load, isOwner, { mode: 'log' })
  mode() {}

  // @ts-expect-error: the handler expects another filter
  @Scope(({ id }) => ({ owner: id }))
  list({ scope }: Context<{ scope: string }>) {
    return scope
  }

  // @ts-expect-error: a promise is waited for
  @Scope(async ({ id }) => ({ owner: id }))
  promised({ scope }: Context<{ scope: Promise<Filter> }>) {
    return scope
  }

  // @ts-expect-error: a filter is made by a function
  @Scope({ owner: 'me' })
  filter() {}
}

// @ts-expect-error: only a policy has a name for the record
not(() => true)
