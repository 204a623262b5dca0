import { expect } from 'chai'
import { adapters } from '../../examples/orders/hosts.js'
import { aGoodOrder } from './case.js'
import { comparable, startWorld, tokensOf } from './world.js'
import type { Call, World } from './world.js'

const calls: ReadonlyArray<readonly [call: Call, status: number]> = [
  [{ request: 'GET /health' }, 200],
  [{ request: 'POST /api/v1/orders', as: 'alice', body: aGoodOrder }, 201],
  [{ request: 'POST /api/v1/orders', as: 'alice', body: { ...aGoodOrder, quantity: 0 } }, 422],
  [{ request: 'POST /api/v1/orders', as: 'alice' }, 422],
  [{ request: 'POST /api/v1/orders', body: aGoodOrder }, 401],
  [{ request: 'GET /api/v1/admin/audit', as: 'alice' }, 403],
  [{ request: 'GET /api/v1/orders/%2e%2e/orders', as: 'alice' }, 400],
  [{ request: 'GET /nothing' }, 404],
  [{ request: 'PUT /api/v1/orders' }, 405],
]

describe('the orders API, behind each host that it can be started behind, answers', () => {
  let worlds: readonly World[] = []

  before(async () => {
    worlds = await Promise.all(adapters.map((adapter) => startWorld(adapter)))
    for (const { tokens } of worlds) tokens.set('alice', tokensOf.issue({ sub: 'alice', roles: ['customer'] }).token)
  })

  after(() => Promise.all(worlds.map((world) => world.close())))

  for (const [call, status] of calls) {
    it(`${status} to ${call.request}, to the byte`, async () => {
      const answers = await Promise.all(worlds.map((world) => world.call(call)))
      expect(answers.map((answer) => answer.status)).to.deep.equal(worlds.map(() => status))
      const [first, ...others] = answers.map(comparable)
      for (const other of others) expect(other).to.deep.equal(first)
    })
  }
})
