// Compiled, never run, under both decorator protocols: what must not compile is marked, and the mark itself fails when it would.
import {
  Audit,
  Authenticated,
  Authorize,
  BodyLimit,
  Controller,
  Get,
  Public,
  RateLimit,
  RequirePermission,
  Timeout,
  Validate,
  definePermissions,
} from '../../lib/index.js'
import type { Context, PermissionName } from '../../lib/index.js'

class CreateOrder {
  product_id!: string
  quantity!: number
}
class OrderId {
  id!: string
}
class Page {
  page?: number
}
class Order {
  owner_id!: string
}

declare const schema: {
  readonly '~standard': {
    readonly version: 1
    readonly vendor: 'test'
    readonly validate: (value: unknown) => { readonly value: { readonly code: string } }
    readonly types?: { readonly input: unknown; readonly output: { readonly code: string } }
  }
}

type IsAny<T> = 0 extends 1 & T ? true : false
const isNotAny = <T>(_value: T, _is: IsAny<T>): void => undefined

@Controller('/orders')
@Public()
@RateLimit('10 per second')
@Timeout('5 s')
export class Fitting {
  @Get('/')
  @Validate({ body: CreateOrder })
  body({ body }: Context<{ body: CreateOrder }>) {
    isNotAny(body, false)
    return body.quantity
  }

  @Validate({ body: CreateOrder, params: OrderId, query: Page })
  all({ body, params, query }: Context<{ body: CreateOrder; params: OrderId; query: Page }>) {
    return [body.quantity, params.id, query.page]
  }

  @Validate({ body: CreateOrder, params: OrderId })
  some({ params }: Context<{ params: OrderId }>) {
    return params.id
  }

  @Validate({ body: schema })
  schema({ body }: Context<{ body: { readonly code: string } }>) {
    return body.code
  }

  @Validate({ body: CreateOrder })
  nothing() {}

  @Validate({ body: CreateOrder })
  async plain({ principal, body }: Context) {
    isNotAny(body, false)
    return principal.id
  }

  @Authorize(() => new Order(), (principal, order) => order.owner_id === principal.id)
  @Validate({ params: OrderId })
  object({ resource, params }: Context<{ resource: Order; params: OrderId }>) {
    return [resource.owner_id, params.id]
  }

  @Authorize(
    async ({ params }: Context<{ params: OrderId }>, controller: Fitting) => (params.id === '' ? undefined : controller.found()),
    async (_, order) => order.owner_id === 'me',
  )
  later({ resource }: Context<{ resource: Order }>) {
    return resource.owner_id
  }

  found(): Order {
    return new Order()
  }
}

export class Misfits {
  // @ts-expect-error the handler expects another body
  @Validate({ body: CreateOrder })
  body({ body }: Context<{ body: OrderId }>) {
    return body.id
  }

  // @ts-expect-error the handler expects a body that is not declared
  @Validate({ params: OrderId })
  undeclared({ body }: Context<{ body: CreateOrder }>) {
    return body.quantity
  }

  // @ts-expect-error the handler expects another query
  @Validate({ query: Page })
  query({ query }: Context<{ query: { page: string } }>) {
    return query.page
  }

  // @ts-expect-error the handler expects what the schema does not make
  @Validate({ body: schema })
  schema({ body }: Context<{ body: { code: number } }>) {
    return body.code
  }

  // @ts-expect-error the handler expects another resource
  @Authorize(() => new Order(), () => true)
  resource({ resource }: Context<{ resource: CreateOrder }>) {
    return resource.quantity
  }

  @Authorize(
    () => new Order(),
    // @ts-expect-error orders have no quantity
    (_, order) => order.quantity > 1,
  )
  rule() {}

  // @ts-expect-error an unknown unit
  @RateLimit('10 per secnd')
  limit() {}

  // @ts-expect-error an unknown unit
  @Timeout('5 years')
  timeout() {}

  // @ts-expect-error no size
  @BodyLimit('1 potato')
  size() {}

  // @ts-expect-error an action is needed
  @Audit()
  audit() {}
}

const permissions = definePermissions({ orders: ['read', 'write'], admin: ['read'] })
const name: PermissionName<{ orders: ['read'] }> = 'orders:read'
permissions.RequirePermission(name, 'admin:read', { mode: 'any' })
// @ts-expect-error a typo
permissions.RequirePermission('orders:raed')
// @ts-expect-error there is no such mode
permissions.RequirePermission('orders:read', { mode: 'some' })
RequirePermission('anything:goes', 'without:catalogue')
Authenticated()
// @ts-expect-error what is not declared is unknown, not any
export const read = (context: Context) => context.body.anything
