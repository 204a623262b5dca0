import { expect } from 'chai'
import { Authorize, Controller, Get, Public, Scope, createApi, createLogger } from '../../lib/index.js'
import type { Context } from '../../lib/index.js'
import { exchangeOf } from '../exchange.js'

interface Filter {
  readonly owner: string
}

const all = [
  { id: 'a', owner: 'us' },
  { id: 'b', owner: 'them' },
]
let loads = 0

async function loadOrder() {
  loads += 1
  return all[0]
}

@Controller('/')
@Public()
@Scope(async (): Promise<Filter> => ({ owner: 'them' }))
class Orders {
  @Get('/list')
  @Scope(({ kind }): Filter => ({ owner: kind === 'anonymous' ? 'us' : '' }))
  list({ scope }: Context<{ scope: Filter }>) {
    return all.filter(({ owner }) => owner === scope.owner)
  }

  @Get('/inherited')
  inherited(context: Context<{ scope: Filter }>) {
    return all.filter(({ owner }) => owner === context.scope.owner)
  }

  @Get('/forgetful')
  forgetful() {
    return all
  }

  @Get('/broken')
  @Scope((): Filter => {
    throw new Error('the database is down')
  })
  broken({ scope }: Context<{ scope: Filter }>) {
    return [scope.owner]
  }
}

@Controller('/once')
@Public()
@Authorize(loadOrder, () => true)
class Once {
  @Get('/')
  @Authorize(loadOrder, (_, { owner }) => owner === 'us')
  @Authorize(loadOrder, async () => true)
  one({ resource }: Context<{ resource: (typeof all)[number] }>) {
    return resource
  }
}

@Controller('/unscoped')
@Public()
class Unscoped {
  @Get('/')
  list({ scope }: Context<{ scope: unknown }>) {
    return [scope]
  }
}

const api = createApi({ controllers: [Orders, Once, Unscoped], https: 'off', logger: createLogger({ silent: true }), audit: { sinks: [] } })

async function get(target: string): Promise<{ status: number; body: unknown }> {
  const { request } = exchangeOf({ request: { target, headers: { host: 'a' }, rawHeaders: ['Host', 'a'] } })
  const { status, body } = await api.answer(request)
  return { status, body: JSON.parse(body as string) }
}

describe('@Scope', () => {
  it('gives the handler its filter, the nearest that is declared', async () => {
    expect(await get('/list')).to.deep.equal({ status: 200, body: [all[0]] })
    expect(await get('/inherited')).to.deep.equal({ status: 200, body: [all[1]] })
  })

  it('lets no answer out that was made without it, or where it cannot be made', async () => {
    for (const path of ['/forgetful', '/broken', '/unscoped']) {
      const { status, body } = await get(path)
      expect(status, path).to.equal(500)
      expect(JSON.stringify(body)).not.to.contain('them')
    }
  })

  it('stands in the inventory', () => {
    expect(api.inventory().find(({ path }) => path === '/list')?.protections.scope).to.equal(true)
  })
})

describe('a loader', () => {
  it('is asked once for a request, whoever decides about what it loads', async () => {
    loads = 0
    expect(await get('/once')).to.deep.equal({ status: 200, body: all[0] })
    expect(loads).to.equal(1)
    await get('/once')
    expect(loads).to.equal(2)
  })
})
