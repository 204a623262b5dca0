// What @Validate takes, and what it gives the handler: a handler that expects something else does not compile.
import { type } from 'arktype'
import * as v from 'valibot'
import { z } from 'zod'
import type { Context } from '../../lib/context.js'
import { Validate } from '../../lib/index.js'

class CreateOrder {
  product!: string
  quantity!: number
}

class Paging {
  page?: number
}

class Other {
  other!: boolean
}

const zodOrder = z.object({ product: z.string(), quantity: z.string().transform(Number) })
const arktypeOrder = type({ product: 'string', quantity: 'string.integer.parse' })
declare const ownSchema: {
  readonly '~standard': {
    readonly version: 1
    readonly vendor: 'own'
    readonly validate: (value: unknown) => { readonly value: { readonly code: string } }
    readonly types?: { readonly input: unknown; readonly output: { readonly code: string } }
  }
}
const valibotOrder = v.object({ product: v.string(), quantity: v.number() })

// On a class, any rules will do.
@Validate({ headers: Other, query: Paging })
export class Accepted {
  @Validate({ body: CreateOrder })
  dto({ body }: Context<{ body: CreateOrder }>) {
    // @ts-expect-error: the body is not any
    const wrong: string = body.quantity
    return [body.product, wrong]
  }

  @Validate({ body: CreateOrder, query: Paging, params: Other, headers: Other }, { groups: ['a'], unknown: 'drop' })
  async all(context: Context<{ body: CreateOrder; query: Paging; params: Other; headers: Other }>): Promise<unknown> {
    return context.query.page
  }

  @Validate({ body: zodOrder })
  zod({ body }: Context<{ body: { product: string; quantity: number } }>) {
    return body.quantity
  }

  @Validate({ body: valibotOrder })
  valibot({ body }: Context<{ body: { product: string } }>) {
    return body.product
  }

  @Validate({ body: arktypeOrder })
  arktype({ body }: Context<{ body: { product: string; quantity: number } }>) {
    return body.quantity
  }

  @Validate({ body: ownSchema })
  own({ body }: Context<{ body: { readonly code: string } }>) {
    return body.code
  }

  @Validate({ body: CreateOrder })
  withoutContext() {
    return 1
  }

  @Validate({ body: CreateOrder })
  withoutInput(context: Context) {
    // @ts-expect-error: nothing is known of a body that the handler does not name
    const wrong: string = context.body
    return [context.requestId, wrong]
  }

  @Validate({ body: CreateOrder })
  onlyTheLoaded({ resource }: Context<{ resource: Other }>) {
    return resource.other
  }

  /** What a handler does not look at may be anything. */
  @Validate({ body: CreateOrder, query: Paging })
  less({ body }: Context<{ body: { product: string } }>) {
    return body.product
  }
}

// @ts-expect-error: a text is no rules
@Validate({ body: 'CreateOrder' })
// @ts-expect-error: there is no such part
@Validate({ cookies: CreateOrder })
export class RefusedClass {}

export class Refused {
  // @ts-expect-error: another class
  @Validate({ body: CreateOrder })
  anotherBody({ body }: Context<{ body: Other }>) {
    return body
  }

  // @ts-expect-error: the query is not declared
  @Validate({ body: CreateOrder })
  undeclaredQuery({ query }: Context<{ body: CreateOrder; query: Paging }>) {
    return query
  }

  // @ts-expect-error: nothing is declared
  @Validate({})
  undeclared({ params }: Context<{ params: Other }>) {
    return params
  }

  // @ts-expect-error: the headers are not declared
  @Validate({ query: Paging })
  undeclaredHeaders({ headers }: Context<{ headers: Other }>) {
    return headers
  }

  // @ts-expect-error: the body is declared as the query
  @Validate({ query: CreateOrder })
  anotherPart({ body }: Context<{ body: CreateOrder }>) {
    return body
  }

  // @ts-expect-error: the input of the schema is not its output
  @Validate({ body: zodOrder })
  schemaInput({ body }: Context<{ body: { product: string; quantity: string } }>) {
    return body
  }

  // @ts-expect-error: valibot's output has no such property
  @Validate({ body: valibotOrder })
  schemaOutput({ body }: Context<{ body: { product: string; note: string } }>) {
    return body
  }

  // @ts-expect-error: the schema of one's own gives no number
  @Validate({ body: ownSchema })
  own({ body }: Context<{ body: { code: number } }>) {
    return body.code
  }

  // @ts-expect-error: what may be missing is not there for sure
  @Validate({ query: Paging })
  optional({ query }: Context<{ query: { page: number } }>) {
    return query
  }

  // @ts-expect-error: a field is no method
  @Validate({ body: CreateOrder })
  field = 1

  // @ts-expect-error: an accessor is no method
  @Validate({ body: CreateOrder })
  get accessor() {
    return 1
  }

  // @ts-expect-error: a text is no rules
  @Validate({ body: 'CreateOrder' })
  text() {
    return 1
  }

  // @ts-expect-error: there is no such part
  @Validate({ cookies: CreateOrder })
  cookies() {
    return 1
  }

  // @ts-expect-error: a list is no rules
  @Validate({ body: [CreateOrder] })
  list() {
    return 1
  }

  // @ts-expect-error: a part has a name
  @Validate(CreateOrder)
  partless() {
    return 1
  }

  // @ts-expect-error: rules are needed
  @Validate()
  nothing() {
    return 1
  }

  // @ts-expect-error: a number of elements
  @Validate({ body: CreateOrder }, { maxItems: '3' })
  maxItems() {
    return 1
  }

  // @ts-expect-error: there is no such way
  @Validate({ body: CreateOrder }, { unknown: 'ignore' })
  way() {
    return 1
  }
}

// @ts-expect-error: what is not declared is unknown, not any
export const read = (context: Context) => context.body.anything
