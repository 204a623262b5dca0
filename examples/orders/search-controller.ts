import { Authenticated, Controller, Get, RateLimit, Returns, Validate } from '../../lib/index.js'
import type { Context } from '../../lib/index.js'
import { SearchText } from './input.js'
import { OrderView } from './order.js'
import { OrderStore } from './order-store.js'
import { seesEveryOrder } from './permissions.js'

@Controller('/api/v1/search', { inject: [OrderStore] })
export class SearchController {
  constructor(private readonly orders: OrderStore) {}

  /** Finds among the orders that the caller may see. */
  @Get('/')
  @Authenticated()
  @RateLimit('10 per second')
  @Validate({ query: SearchText })
  @Returns({ data: [OrderView] })
  async search({ query, principal }: Context<{ query: SearchText }>) {
    return { data: await this.orders.search(query.q, seesEveryOrder(principal) ? undefined : principal.id) }
  }
}
