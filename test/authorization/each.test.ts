import { expect } from 'chai'
import {
  AuthorizeEach,
  Controller,
  Expose,
  Get,
  Public,
  Returns,
  createApi,
  createLogger,
  created,
  policy,
  recentRecords,
} from '../../lib/index.js'
import { exchangeOf } from '../exchange.js'

interface Order {
  readonly id: string
  readonly owner: string
}

const orders: readonly Order[] = [
  { id: 'a', owner: 'us' },
  { id: 'b', owner: 'them' },
  { id: 'c', owner: 'us' },
]
const isOurs = policy('order.ours', (_, order: Order) => order.owner === 'us')

class OrderView {
  @Expose() id!: string
}

@Controller('/')
@Public()
class Orders {
  @Get('/list')
  @AuthorizeEach(isOurs)
  list() {
    return orders
  }

  @Get('/page')
  @AuthorizeEach(isOurs, { in: 'data' })
  @Returns({ data: [OrderView], total: Number })
  async page() {
    return { data: orders, total: 3 }
  }

  @Get('/both')
  @AuthorizeEach(isOurs)
  @AuthorizeEach(async (_, { id }: Order) => id !== 'a')
  both() {
    return orders
  }

  @Get('/answer')
  @AuthorizeEach(isOurs)
  answer() {
    return created(orders)
  }

  @Get('/nothing')
  @AuthorizeEach(isOurs, { in: 'data' })
  nothing(): { data: readonly Order[] } {
    return { data: 'none' as unknown as readonly Order[] }
  }

  @Get('/broken')
  @AuthorizeEach((): boolean => {
    throw new Error('broken')
  })
  broken() {
    return orders
  }
}

const records = recentRecords(20)
const api = createApi({ controllers: [Orders], https: 'off', audit: { sinks: [records] }, logger: createLogger({ silent: true }) })

async function get(target: string): Promise<{ status: number; body: unknown }> {
  const { status, body } = await api.answer(exchangeOf({ request: { target, headers: { host: 'a' }, rawHeaders: ['Host', 'a'] } }).request)
  return { status, body: JSON.parse(body as string) }
}

describe('@AuthorizeEach', () => {
  it('lets of a list out what its rule allows, whatever form the answer has', async () => {
    const ours = orders.filter(({ owner }) => owner === 'us')
    expect(await get('/list')).to.deep.equal({ status: 200, body: ours })
    expect(await get('/page')).to.deep.equal({ status: 200, body: { data: [{ id: 'a' }, { id: 'c' }], total: 3 } })
    expect(await get('/answer')).to.deep.equal({ status: 201, body: ours })
    expect((await get('/both')).body, 'all must allow').to.deep.equal([{ id: 'c', owner: 'us' }])
  })

  it('records how many it dropped', async () => {
    await get('/list')
    const [record] = records.newest(1) as unknown as Array<{ decisions: string[]; event: string }>
    expect(record).to.deep.include({ decisions: ['dropped 1 of 3 by order.ours'], event: 'authz_fail' })
  })

  it('lets nothing out where there is no list, or the rule throws', async () => {
    for (const path of ['/nothing', '/broken']) {
      const { status, body } = await get(path)
      expect([status, (body as { code: string }).code], path).to.deep.equal([500, 'internal-error'])
    }
  })

  it('stands in the inventory', () => {
    expect(api.inventory().find(({ path }) => path === '/list')?.protections.elements).to.equal(true)
  })
})
