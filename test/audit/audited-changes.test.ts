import { IsString } from 'class-validator'
import { expect } from 'chai'
import {
  Audit,
  Authorize,
  Controller,
  Delete,
  Get,
  Public,
  Put,
  Returns,
  Expose,
  Sensitive,
  Validate,
  createApi,
  createLogger,
  recentRecords,
  reply,
} from '../../lib/index.js'
import type { Context, RecentRecord } from '../../lib/index.js'
import { http } from '../../adapters/http.js'
import { listen } from '../adapters/hosts.js'

interface Order {
  readonly id: string
  status: string
  readonly secret: string
}

class OrderView {
  @Expose() id!: string
  @Expose() status!: string
}

class Change {
  @IsString()
  status!: string
}

class Diagnosis {
  @Sensitive()
  @IsString()
  finding!: string
}

class OrderId {
  @IsString()
  id!: string
}

const load = ({ params }: Context<{ params: OrderId }>): Order => ({ id: params.id, status: 'open', secret: 's1' })
const anyone = () => true

@Controller('/orders', { inject: [] })
class OrdersController {
  @Put('/:id')
  @Public()
  @Validate({ params: OrderId, body: Change })
  @Authorize(load, anyone)
  @Audit('order.update', { resource: 'order', diff: true })
  @Returns(OrderView)
  update({ resource, body }: Context<{ params: OrderId; body: Change; resource: Order }>) {
    resource.status = 'half-way'
    return { ...resource, status: body.status }
  }

  @Put('/:id/copied')
  @Public()
  @Validate({ params: OrderId, body: Diagnosis })
  @Authorize(load, anyone)
  @Audit('order.copied', { diff: true, detail: ({ body }) => ({ finding: (body as Diagnosis).finding }) })
  copied({ body }: Context<{ params: OrderId; body: Diagnosis; resource: Order }>) {
    return { finding: body.finding, nested: { finding: body.finding } }
  }

  @Put('/:id/in-place')
  @Public()
  @Validate({ params: OrderId, body: Change })
  @Authorize(load, anyone)
  @Audit('order.update', { diff: true })
  inPlace({ resource, body }: Context<{ params: OrderId; body: Change; resource: Order }>) {
    resource.status = body.status
    return reply(204, undefined)
  }

  @Delete('/:id')
  @Public()
  @Validate({ params: OrderId })
  @Authorize(load, anyone)
  @Audit('order.delete', { diff: true })
  remove(context: Context<{ params: OrderId; resource: Order }>): void {
    context.audit({ after: {} })
  }

  @Put('/:id/said')
  @Public()
  @Validate({ params: OrderId })
  @Audit('order.said')
  said(context: Context<{ params: OrderId }>): void {
    const order = { status: 'open', secret: 's1' }
    context.audit({ before: order })
    order.status = 'paid'
    order.secret = 's2'
    context.audit({ after: order })
  }

  @Put('/:id/refused')
  @Public()
  @Validate({ params: OrderId })
  @Authorize(load, anyone)
  @Audit('order.refused', { diff: true })
  refused({ resource }: Context<{ params: OrderId; resource: Order }>) {
    resource.status = 'paid'
    return reply(409, { error: 'closed' })
  }

  @Get('/:id/unaudited')
  @Public()
  @Validate({ params: OrderId })
  unaudited(context: Context<{ params: OrderId }>): void {
    context.audit({ before: 1 })
  }
}

async function recordOf(method: string, path: string, body?: object): Promise<RecentRecord | undefined> {
  const records = recentRecords()
  const api = createApi({
    controllers: [OrdersController],
    https: 'off',
    audit: { sinks: [records] },
    logger: createLogger({ silent: true }),
  })
  const host = await listen(http(api))
  const sent = body === undefined ? {} : { body: JSON.stringify(body), headers: { 'Content-Type': 'application/json' } }
  await (await fetch(`${host.url}${path}`, { method, ...sent })).text()
  await host.close()
  const [record] = records.newest()
  await api.close()
  return record
}

describe('what an audited action changed', () => {
  it('is told between the object as it was loaded and what the handler returned', async () => {
    const record = await recordOf('PUT', '/orders/7', { status: 'paid' })
    expect(record).to.deep.include({ resource: 'order', resource_id: '7', changes: [{ path: 'status', before: 'open', after: 'paid' }] })
  })

  it('is told of an object that the handler changed in place', async () => {
    const record = await recordOf('PUT', '/orders/7/in-place', { status: 'paid' })
    expect(record?.['changes']).to.deep.equal([{ path: 'status', before: 'open', after: 'paid' }])
  })

  it('shows nothing of what the class of the body calls sensitive, in copies of it either', async () => {
    const record = await recordOf('PUT', '/orders/7/copied', { finding: 'a rare illness' })
    expect(record?.['changes']).to.deep.equal([
      { path: 'finding', after: '[redacted]' },
      { path: 'nested.finding', after: '[redacted]' },
    ])
    expect(JSON.stringify(record)).not.to.contain('illness')
  })

  it('is what the handler says it is', async () => {
    expect((await recordOf('DELETE', '/orders/7'))?.['changes']).to.deep.include({ path: 'status', before: 'open' })
    expect((await recordOf('PUT', '/orders/7/said'))?.['changes']).to.deep.equal([
      { path: 'status', before: 'open', after: 'paid' },
      { path: 'secret', before: '[redacted]', after: '[redacted]' },
    ])
  })

  it('is nothing where the action did not happen', async () => {
    expect(await recordOf('PUT', '/orders/7/refused'))
      .to.include({ status: 409, outcome: 'refusal' })
      .and.not.have.property('changes')
    expect(await recordOf('PUT', '/orders/7', { status: 7 }))
      .to.include({ status: 422 })
      .and.not.have.property('changes')
  })

  it('can be said on audited routes alone', async () => {
    expect(await recordOf('GET', '/orders/7/unaudited')).to.include({ status: 500, outcome: 'failure', code: 'internal-error' })
  })
})
