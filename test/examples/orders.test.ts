import { expect } from 'chai'
import type { WireAnswer } from '../adapters/wire.js'
import type { Case, Json } from './case.js'
import { objectCases } from './object-cases.js'
import { creationCases, listCases } from './order-cases.js'
import { auditCases, pathCases, searchCases } from './other-cases.js'
import { sessionCases } from './session-cases.js'
import { comparable, logIn, startWorlds } from './world.js'
import type { World } from './world.js'

const chapters: ReadonlyArray<readonly [title: string, cases: readonly Case[]]> = [
  ['who calls', sessionCases],
  ['new orders', creationCases],
  ['lists of orders', listCases],
  ['single orders', objectCases],
  ['search', searchCases],
  ['records', auditCases],
  ['paths', pathCases],
]

describe('the orders API, behind Express, Koa and node:http alike, answers', () => {
  let worlds: readonly World[] = []

  before(async () => {
    worlds = await startWorlds()
    await Promise.all(worlds.map(logIn))
  })

  after(() => Promise.all(worlds.map((world) => world.close())))

  for (const [title, cases] of chapters) {
    describe(title, () => {
      for (const one of cases) {
        it(`${one.claim}: ${one.status}`, async () => {
          const answers = await Promise.all(worlds.map((world) => world.call(one)))
          worlds.forEach((world, index) => check(one, answers[index]!, world))
          const [first, ...others] = answers.map((answer) => (one.varies === true ? withoutBody(answer) : comparable(answer)))
          for (const other of others) expect(other).to.deep.equal(first)
        })
      }
    })
  }

  describe('alike, where a difference would tell something', () => {
    it('a wrong password and an unknown name with the same bytes', async () => {
      for (const world of worlds) {
        const tries = [
          { username: 'alice', password: 'wrong' },
          { username: 'nobody', password: 'wrong' },
        ]
        const [known, unknown] = await Promise.all(tries.map((body) => world.call({ request: 'POST /api/v1/login', body })))
        expect(comparable(unknown!)).to.deep.equal(comparable(known!))
      }
    })

    it("a stranger's order and no order with the same bytes", async () => {
      for (const world of worlds) {
        const ids = [world.ids.get('bobs'), '11111111-1111-4111-8111-111111111111']
        for (const method of ['GET', 'DELETE']) {
          const [theirs, none] = await Promise.all(ids.map((id) => world.call({ request: `${method} /api/v1/orders/${id}`, as: 'alice' })))
          expect(comparable(theirs!)).to.deep.equal(comparable(none!))
        }
      }
    })

    it('one of two calls that fulfil an order at once', async () => {
      for (const world of worlds) {
        const fulfil = { request: 'POST /api/v1/orders/{bobs}/fulfil', as: 'warehouse' }
        const answers = await Promise.all([fulfil, fulfil, fulfil].map((call) => world.call(call)))
        expect(answers.map(({ status }) => status)).to.have.same.members([200, 409, 409])
      }
    })
  })
})

function check(one: Case, answer: WireAnswer, world: World): void {
  expect(answer.status, `${world.adapter}: ${answer.body}`).to.equal(one.status)
  checkHeaders(answer)
  const isJson = answer.header('content-type')?.includes('json') === true && answer.body !== ''
  const json = isJson ? (JSON.parse(answer.body) as Json) : {}
  if (answer.status >= 400) checkProblem(json, answer)
  if (one.code !== undefined) expect(json['code'], world.adapter).to.equal(one.code)
  if (one.errors !== undefined) {
    expect(json['code'], world.adapter).to.equal('validation-failed')
    const paths = (json['errors'] as ReadonlyArray<{ path: string }>).map(({ path }) => path)
    expect([...new Set(paths)], answer.body).to.deep.equal(one.errors)
  }
  if (one.includes !== undefined) expect(json, world.adapter).to.deep.include(one.includes)
  if (one.saves !== undefined) world.ids.set(one.saves, String(json['id']))
  one.check?.(json, answer, world)
}

function checkHeaders(answer: WireAnswer): void {
  expect(answer.header('x-request-id')).to.match(/^[\w-]{8,}$/)
  expect(answer.header('x-content-type-options')).to.equal('nosniff')
  expect(answer.header('x-frame-options')).to.equal('DENY')
  expect(answer.header('content-security-policy')).to.equal("default-src 'none'; base-uri 'none'; frame-ancestors 'none'")
  expect(answer.header('referrer-policy')).to.equal('no-referrer')
  expect(answer.header('cache-control')).to.equal('no-store')
  expect(answer.header('x-powered-by')).to.equal(undefined)
  expect(answer.header('strict-transport-security'), 'over plain HTTP').to.equal(undefined)
}

function checkProblem(json: Json, answer: WireAnswer): void {
  expect(answer.header('content-type')).to.equal('application/problem+json')
  expect(json).to.include({ status: answer.status, instance: answer.header('x-request-id') })
  expect(json).to.include.keys('type', 'title', 'code')
  expect(answer.body).not.to.match(/demo-password|eyJ|node_modules|\.js:|SELECT|stack/)
  if (answer.status === 401) expect(answer.header('www-authenticate')).to.match(/^Bearer /)
}

function withoutBody(answer: WireAnswer): unknown {
  const headers = answer.headers.filter(([name]) => name.toLowerCase() !== 'content-length')
  return comparable({ ...answer, headers, body: '' })
}
