import { Readable } from 'node:stream'
import { expect } from 'chai'
import * as fc from 'fast-check'
import * as v from 'valibot'
import { z } from 'zod'
import {
  BootError,
  Controller,
  Expose,
  Get,
  Public,
  Returns,
  Visible,
  bearer,
  created,
  createApi,
  createLogger,
  definePermissions,
  noContent,
  protection,
  recentRecords,
  reply,
  tokenIssuer,
  unshaped,
} from '../../lib/index.js'
import type { Api, ApiOptions, View } from '../../lib/index.js'
import type { Class } from '../../lib/decorator.js'
import { writerOf } from '../../lib/returns/writer.js'
import { exchangeOf } from '../exchange.js'

class Address {
  @Expose() city!: string
  street!: string
}

class Item {
  @Expose() sku!: string
  @Expose() qty!: number
  cost!: number
}

class Base {
  @Expose() id!: string
  password!: string
}

class Order extends Base {
  @Expose() total!: number
  @Expose(() => Address) address!: Address
  @Expose(() => [Item]) items!: readonly Item[]
  @Visible('orders:read-margin') margin!: number
  owner!: string
}

const order = {
  id: 'o1',
  password: 'secret',
  total: 12,
  address: { city: 'Lisbon', street: 'hidden' },
  items: [{ sku: 'a', qty: 1, cost: 3 }],
  margin: 5,
  owner: 'hidden',
}
const seen = { id: 'o1', total: 12, address: { city: 'Lisbon' }, items: [{ sku: 'a', qty: 1 }] }

/** What leaves of a value through a view, for a caller with these permissions. */
function through(view: View, value: unknown, permissions: readonly string[] = []): unknown {
  const guards: Array<readonly string[]> = []
  const write = writerOf(view, { guards, mistake: (problem) => expect.fail(problem), written: new Map<Class, never>() })
  const sight = guards.map((names) => names.every((name) => permissions.includes(name)))
  return JSON.parse(write(value, sight, undefined))
}

/** Where a value does not fit its view. */
function misfit(view: View, value: unknown): string {
  const write = writerOf(view, { guards: [], mistake: () => undefined, written: new Map<Class, never>() })
  expect(() => write(value, [], undefined)).to.throw()
  try {
    write(value, [], [])
    return 'it fits'
  } catch (thrown) {
    return (thrown as Error).message
  }
}

describe('what leaves through a view', () => {
  it('is what the class exposes, of its parents too, at every depth, out of plain objects and instances', () => {
    expect(through(Order, order)).to.deep.equal(seen)
    expect(through(Order, Object.assign(new Order(), order))).to.deep.equal(seen)
    expect(through([Order], [order, order])).to.deep.equal([seen, seen])
  })

  it('is in an envelope what the envelope names', () => {
    const page = { data: [order], page: 1, total: 1, query: 'SELECT' }
    expect(through({ data: [Order], page: Number, total: Number }, page)).to.deep.equal({ data: [seen], page: 1, total: 1 })
  })

  it('is more for callers who may see more', () => {
    expect(through([Order], [order], ['orders:read-margin'])).to.deep.equal([{ ...seen, margin: 5 }])
    class Secret {
      @Expose() @Visible('a', 'b') both!: number
    }
    expect([['a'], ['b'], ['a', 'b']].map((permissions) => through(Secret, { both: 1 }, permissions))).to.deep.equal([{}, {}, { both: 1 }])
  })

  it('is written as JSON can hold it: dates, bigints, and what says itself how', () => {
    class Values {
      @Expose() date!: Date
      @Expose() big!: bigint
      @Expose() texts!: readonly string[]
      @Expose() none!: null
      @Expose() decimal!: { toJSON(): string }
      @Expose() left!: undefined
      @Expose() get double() {
        return 4
      }
    }
    const values = {
      date: new Date(0),
      big: 2n ** 64n,
      texts: ['a', 'b'],
      none: null,
      decimal: { toJSON: () => '1.50' },
      left: undefined,
      double: 4,
    }
    expect(through(Values, values)).to.deep.equal({
      ...{ date: '1970-01-01T00:00:00.000Z', big: '18446744073709551616', texts: ['a', 'b'], none: null, decimal: '1.50', double: 4 },
    })
  })

  it('says the same as JSON.stringify of what is exposed, whatever the texts and numbers are', () => {
    const item = fc.record({ sku: fc.string({ unit: 'binary' }), qty: fc.double({ noNaN: true, noDefaultInfinity: true }) })
    fc.assert(
      fc.property(fc.array(item, { maxLength: 5 }), (items) => {
        const hidden = items.map((one) => ({ ...one, cost: 1, __proto__: { leaked: true } }))
        expect(through([Item], hidden)).to.deep.equal(JSON.parse(JSON.stringify(items)))
      }),
    )
  })

  it('may hold itself, as deep as somebody made it', () => {
    class Tree {
      @Expose() name!: string
      @Expose(() => [Tree]) children!: readonly Tree[]
    }
    const tree = { name: 'a', children: [{ name: 'b', children: [], secret: 1 }] }
    expect(through(Tree, tree)).to.deep.equal({ name: 'a', children: [{ name: 'b', children: [] }] })
    const circle: { name: string; children: unknown[] } = { name: 'a', children: [] }
    circle.children.push(circle)
    expect(misfit(Tree, circle)).to.include('nested too deep, or in itself')
  })

  it('does not leave where it does not fit, and the log is told where', () => {
    class Plain {
      @Expose() value!: unknown
    }
    const wrong: ReadonlyArray<readonly [unknown, string]> = [
      [{ value: { password: 'x' } }, '/value is an object that no view describes'],
      [{ value: [{ password: 'x' }] }, '/value/0 is an object that no view describes'],
      [{ value: [[1]] }, '/value/0 is a list within a list that no view describes'],
      [{ value: Number.NaN }, '/value is NaN, which JSON cannot hold'],
      [{ value: () => 1 }, '/value is a function'],
      [{ value: Symbol('x') }, '/value is a symbol'],
      [{ value: new Date(Number.NaN) }, '/value is a date that is none'],
      [{ value: { toJSON: () => ({ password: 'x' }) } }, '/value is an object that no view describes'],
      ['text', '/ is no object'],
      [[], '/ is no object'],
    ]
    for (const [value, said] of wrong) expect(misfit(Plain, value)).to.equal(said)
    expect(misfit([Order], { ...order })).to.equal('/ is no list')
    expect(misfit([Order], [{ ...order, address: 'Lisbon' }])).to.equal('/0/address is no object')
    expect(misfit([Order], [order, null])).to.equal('/1 is nothing, as only a property may be')
    expect(misfit({ sums: [Number] }, { sums: [1, undefined] })).to.equal('/sums/1 is nothing, as only a property may be')
    expect(misfit({ total: Number }, { total: '1' })).to.equal('/total is a string, not a number')
  })
})

const permissions = definePermissions({ orders: ['read', 'read-margin'] })
const key = { algorithm: 'HS256', secret: 'ruq8Vb2LwZ0nXk5TcY7sJm4GdHf9Pe1A' } as const
const names = { issuer: 'https://auth.test', audience: 'https://api.test' }

function start(controller: Class, options: Partial<ApiOptions> = {}): Api {
  return createApi({
    ...{ controllers: [controller], permissions, https: 'off', audit: { sinks: [] }, logger: createLogger({ silent: true }) },
    authentication: bearer({ ...names, keys: [key] }),
    ...options,
  })
}

async function get(api: Api, target: string): Promise<{ status: number; body: unknown; headers: readonly string[] }> {
  const { status, body, headers } = await api.answer(
    exchangeOf({ request: { target, headers: { host: 'a' }, rawHeaders: ['Host', 'a'] } }).request,
  )
  return { status, headers, body: typeof body === 'string' ? JSON.parse(body) : body }
}

const zodView = z.object({ id: z.string() })
const asyncView = v.pipeAsync(
  v.object({ id: v.string() }),
  v.checkAsync(async ({ id }) => id !== 'bad'),
)

@Controller('/')
@Public()
class Orders {
  @Get('/plain')
  @Returns(Order)
  plain() {
    return order
  }

  @Get('/created')
  @Returns(Order)
  created() {
    return created(order, { location: '/o1' })
  }

  @Get('/typed')
  @Returns(Order)
  typed() {
    return reply(200, order, { 'Content-Type': 'application/vnd.order+json' })
  }

  @Get('/nothing')
  @Returns(Order)
  nothing() {
    return noContent()
  }

  @Get('/wrong')
  @Returns(Order)
  wrong() {
    return { ...order, total: { password: 'secret' } as unknown as number }
  }

  @Get('/zod')
  @Returns(zodView)
  zod() {
    return order
  }

  @Get('/later')
  @Returns(asyncView)
  later() {
    return order
  }

  @Get('/bad')
  @Returns(asyncView)
  bad() {
    return { id: 'bad' }
  }

  @Get('/bare')
  bare() {
    return order
  }
}

describe('@Returns', () => {
  it('shapes what handlers return, whole answers too', async () => {
    const api = start(Orders)
    expect(await get(api, '/plain')).to.deep.include({ status: 200, body: seen })
    const made = await get(api, '/created')
    expect([made.status, made.body]).to.deep.equal([201, seen])
    expect(made.headers).to.include.members(['Location', '/o1', 'application/json'])
    expect((await get(api, '/typed')).headers)
      .to.include('application/vnd.order+json')
      .and.not.to.include('application/json')
    expect(await get(api, '/nothing')).to.include({ status: 204 })
    expect((await get(api, '/bare')).body, 'a route that says nothing').to.deep.equal(order)
  })

  it('takes Standard Schemas, quick and slow ones', async () => {
    const api = start(Orders)
    expect(await get(api, '/zod')).to.deep.include({ status: 200, body: { id: 'o1' } })
    expect(await get(api, '/later')).to.deep.include({ status: 200, body: { id: 'o1' } })
    expect(await get(api, '/bad')).to.include({ status: 500 })
  })

  it('answers what does not fit with a 500 that says nothing, and tells the log where', async () => {
    const records = recentRecords(10)
    const logged: string[] = []
    const logger = createLogger({ silent: true })
    logger.error = ((message: string, { error }: { error: Error }) => void logged.push(`${message} ${error.message}`)) as never
    const { status, body } = await get(start(Orders, { logger, audit: { sinks: [records] } }), '/wrong')
    expect(status).to.equal(500)
    expect(JSON.stringify(body)).not.to.match(/secret|total|Orders/)
    expect(logged.join()).to.include('the answer of Orders.wrong does not fit its view: /total is an object that no view describes')
    expect(JSON.stringify(records.newest(1)))
      .to.include('answer-misfit')
      .and.not.to.include('"secret"')
  })

  it('shows more to whoever may see more', async () => {
    @Controller('/')
    class Margins {
      @Get('/margin')
      @permissions.RequirePermission('orders:read')
      @Returns([Order])
      margin() {
        return [order]
      }
    }
    const api = start(Margins)
    const as = async (...granted: string[]) => {
      const { token } = tokenIssuer({ ...names, key }).issue({ sub: 'alice', permissions: granted })
      const headers = { host: 'a', authorization: `Bearer ${token}` }
      const { request } = exchangeOf({ request: { target: '/margin', headers, rawHeaders: Object.entries(headers).flat() } })
      return JSON.parse((await api.answer(request)).body as string) as unknown
    }
    expect(await as('orders:read')).to.deep.equal([seen])
    expect(await as('orders:read', 'orders:read-margin')).to.deep.equal([{ ...seen, margin: 5 }])
  })

  it('has the last word: what a protection of somebody adds is shaped too', async () => {
    const Leaks = protection<true>({
      name: 'Leaks',
      phase: 'answer',
      compile: () => (context) => void (context.result = { ...order, more: 'leaked' }),
    })
    @Controller('/')
    @Public()
    class Leaking {
      @Get('/leak')
      @Leaks(true)
      @Returns(Order)
      leak() {
        return order
      }
    }
    expect((await get(start(Leaking), '/leak')).body).to.deep.equal(seen)
  })

  it('lets a text, bytes or a stream leave as they are, under the media type that it names and no other', async () => {
    @Controller('/')
    @Public()
    class Documents {
      @Get('/text')
      @Returns(unshaped('text/CSV'))
      text() {
        return reply(200, 'a;b', { 'content-type': 'Text/csv; charset=utf-8' })
      }

      @Get('/bytes')
      @Returns(unshaped('application/octet-stream'))
      bytes() {
        return reply(200, Buffer.from('ab'), { 'Content-Type': 'application/octet-stream' })
      }

      @Get('/stream')
      @Returns(unshaped('text/plain'))
      stream() {
        return reply(200, Readable.from(['a']), { 'Content-Type': 'text/plain' })
      }

      @Get('/nothing')
      @Returns(unshaped('text/plain'))
      nothing() {
        return noContent()
      }

      @Get('/value')
      @Returns(unshaped('text/plain'))
      value() {
        return reply(200, order, { 'Content-Type': 'text/plain' })
      }

      @Get('/other')
      @Returns(unshaped('text/plain'))
      other() {
        return reply(200, '<script>', { 'Content-Type': 'text/html' })
      }

      @Get('/untyped')
      @Returns(unshaped('text/plain'))
      untyped() {
        return reply(200, Buffer.from('a'))
      }
    }
    const api = start(Documents, { requireReturns: true })
    const ask = (target: string) =>
      api.answer(exchangeOf({ request: { target, headers: { host: 'a' }, rawHeaders: ['Host', 'a'] } }).request)
    expect((await ask('/text')).body).to.equal('a;b')
    expect((await ask('/text')).headers).to.include('Text/csv; charset=utf-8')
    expect((await ask('/bytes')).body).to.deep.equal(Buffer.from('ab'))
    expect((await ask('/stream')).body).to.be.instanceOf(Readable)
    expect((await ask('/nothing')).status).to.equal(204)
    for (const target of ['/value', '/other', '/untyped']) {
      const { status, body } = await ask(target)
      expect(status, target).to.equal(500)
      expect(body, target)
        .to.be.a('string')
        .and.not.to.match(/o1|script/)
    }
    expect(api.inventory().map(({ protections }) => protections.returns)).to.include('text/csv')
  })

  it('lets go of a stream that it does not let leave', async () => {
    const made: Readable[] = []
    const one = () => {
      const stream = new Readable({ read: () => undefined })
      made.push(stream)
      return stream
    }
    class Shown {
      @Expose() id!: string
    }
    @Controller('/')
    @Public()
    class Documents {
      @Get('/value')
      @Returns(Shown)
      value(): never {
        return one() as never
      }

      @Get('/reply')
      @Returns([Shown])
      reply(): never {
        return reply(200, one()) as never
      }

      @Get('/later')
      @Returns(String)
      async later(): Promise<never> {
        return one() as never
      }

      @Get('/other')
      @Returns(unshaped('text/csv'))
      other() {
        return reply(200, one(), { 'Content-Type': 'text/plain' })
      }

      @Get('/bytes')
      @Returns(Shown)
      bytes(): never {
        return Buffer.from('secret') as never
      }
    }
    const api = start(Documents)
    for (const target of ['/value', '/reply', '/later', '/other', '/bytes']) {
      const { status } = await api.answer(exchangeOf({ request: { target, headers: { host: 'a' }, rawHeaders: ['Host', 'a'] } }).request)
      expect(status, target).to.equal(500)
    }
    expect(made.map(({ destroyed }) => destroyed)).to.deep.equal([true, true, true, true])
  })

  it('stands in the inventory', () => {
    const rows = start(Orders).inventory()
    const said = new Map(rows.map(({ path, protections }) => [path, protections.returns]))
    expect([said.get('/plain'), said.get('/zod'), said.get('/bare')]).to.deep.equal(['Order', 'zod schema', undefined])
  })

  it('does not start with a view that shows nothing, a permission that is none, or, where it is asked for, without a view', () => {
    class Empty {}
    class Typo {
      @Visible('orders:raed') margin!: number
    }
    @Controller('/')
    @Public()
    class Wrong {
      @Get('/a')
      @Returns(Empty)
      empty(): object {
        return {}
      }

      @Get('/b')
      @Returns(Typo)
      typo() {
        return { margin: 1 }
      }

      @Get('/c')
      @Returns({ data: zodView })
      nested() {
        return { data: { id: 'a' } }
      }

      @Get('/d')
      @Returns({ data: unshaped('text/plain') })
      document(): never {
        throw new Error('nobody asks for it')
      }
    }
    expect(() => start(Wrong)).to.throw(
      BootError,
      /the view Empty exposes nothing[^]*"orders:raed", which does not exist[^]*a schema stands within a view[^]*a document stands within a view/,
    )
    expect(() => start(Orders, { requireReturns: true })).to.throw(BootError, /Orders\.bare: nothing says what it returns/)
  })
})
