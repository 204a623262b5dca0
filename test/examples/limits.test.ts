import { expect } from 'chai'
import type { WireAnswer } from '../adapters/wire.js'
import { aGoodOrder } from './case.js'
import { comparable, startWorlds, tokensOf } from './world.js'
import type { Call, World } from './world.js'

describe('the limits of the orders API hold behind every host', () => {
  let worlds: readonly World[] = []

  before(async () => {
    // One hop of proxies, so that a test can call from an address of its own.
    worlds = await startWorlds({ limits: true, trustProxy: 1 })
    for (const { tokens } of worlds) tokens.set('alice', tokensOf.issue({ sub: 'alice', roles: ['customer'] }).token)
  })

  after(() => Promise.all(worlds.map((world) => world.close())))

  /** Makes calls one after the other, behind every host, from one address. */
  async function statuses(address: string, calls: readonly Call[], check: (last: WireAnswer) => void = () => undefined): Promise<number[]> {
    const perWorld = await Promise.all(worlds.map((world) => inTurn(world, address, calls)))
    const [first, ...others] = perWorld.map((answers) => answers.map(({ status }) => status))
    for (const other of others) expect(other).to.deep.equal(first)
    for (const answers of perWorld) check(answers.at(-1)!)
    const [last, ...otherLasts] = perWorld.map((answers) => untimed(answers.at(-1)!))
    for (const other of otherLasts) expect(other).to.deep.equal(last)
    return first!
  }

  it('five logins a minute for an address and a name, whatever its case', async () => {
    const logins = ['alice', 'Alice', 'ALICE', 'aLICE', 'alicE', 'alice'].map((username) => login(username))
    expect(await statuses('192.0.2.1', logins, expectRefusal(60))).to.deep.equal([401, 401, 401, 401, 401, 429])
  })

  it('where all addresses of one IPv6 network are one', async () => {
    const found: number[] = []
    for (let host = 1; host <= 6; host++) found.push(...(await statuses(`2001:db8::${host}`, [login('alice')])))
    expect(found).to.deep.equal([401, 401, 401, 401, 401, 429])
    expect(await statuses('2001:db8:0:1::1', [login('alice')])).to.deep.equal([401])
  })

  it('and a right password does not help then', async () => {
    expect(await statuses('192.0.2.1', [login('alice', 'alice-demo-password')])).to.deep.equal([429])
  })

  it('while another name, and the same from elsewhere, may log in', async () => {
    expect(await statuses('192.0.2.1', [login('bob', 'bob-demo-password')])).to.deep.equal([200])
    expect(await statuses('192.0.2.2', [login('alice', 'alice-demo-password')])).to.deep.equal([200])
  })

  it('a hundred calls a minute for an address, on each route', async () => {
    const calls = Array.from({ length: 101 }, () => ({ request: 'GET /health' }))
    const expected = [...Array.from({ length: 100 }, () => 200), 429]
    expect(await statuses('192.0.2.3', calls, expectRefusal(60))).to.deep.equal(expected)
    expect(await statuses('192.0.2.4', [{ request: 'GET /health' }])).to.deep.equal([200])
  })

  it('a hundred calls of paths that do not exist', async () => {
    const calls = Array.from({ length: 101 }, (_, index) => ({ request: `GET /nothing/${index}` }))
    expect((await statuses('192.0.2.5', calls, expectRefusal(60))).at(-1)).to.equal(429)
  })

  it('ten orders and ten searches a second', async () => {
    const order: Call = { request: 'POST /api/v1/orders', as: 'alice', body: aGoodOrder }
    const search: Call = { request: 'GET /api/v1/search?q=x', as: 'alice' }
    for (const world of worlds) {
      for (const [call, good] of [
        [order, 201],
        [search, 200],
      ] as const) {
        const answers = await Promise.all(Array.from({ length: 40 }, () => world.call(from('192.0.2.6', call))))
        expect(new Set(answers.map(({ status }) => status))).to.deep.equal(new Set([good, 429]))
        expectRefusal(1)(answers.find(({ status }) => status === 429)!)
      }
    }
  })

  it('counted for the address that the proxy names, not for those that the client does', async () => {
    const spoofed = Array.from({ length: 6 }, (_, index) => login('dave', 'wrong', `203.0.113.${index}, 192.0.2.7`))
    expect(await statuses('192.0.2.7', spoofed)).to.deep.equal([401, 401, 401, 401, 401, 429])
  })
})

function login(username: string, password = 'wrong', forwarded?: string): Call {
  const call = { request: 'POST /api/v1/login', body: { username, password } }
  return forwarded === undefined ? call : { ...call, headers: { 'X-Forwarded-For': forwarded } }
}

function from(address: string, call: Call): Call {
  return { ...call, headers: { 'X-Forwarded-For': address, ...call.headers } }
}

async function inTurn(world: World, address: string, calls: readonly Call[]): Promise<readonly WireAnswer[]> {
  const answers: WireAnswer[] = []
  for (const call of calls) answers.push(await world.call(from(address, call)))
  return answers
}

function expectRefusal(longest: number): (answer: WireAnswer) => void {
  return (answer) => {
    expect(Number(answer.header('retry-after'))).to.be.within(1, longest)
    expect(answer.header('ratelimit')).to.match(/;r=0;t=\d+/)
    expect(answer.header('ratelimit-policy')).to.match(/;q=100;w=60.*;q=1000;w=3600/)
    expect(JSON.parse(answer.body)).to.include({ status: 429, code: 'too-many-requests' })
  }
}

/** Hosts that were asked in different milliseconds may count different seconds. */
function untimed({ headers, body, ...answer }: WireAnswer): unknown {
  const settled = headers.map(
    ([name, value]) => [name, /^(?:retry-after|ratelimit)$/i.test(name) ? value.replaceAll(/\b\d+$/g, 'N') : value] as const,
  )
  return comparable({
    ...answer,
    headers: settled.filter(([name]) => !/^content-length$/i.test(name)),
    body: body.replaceAll(/in \d+ s/g, 'in N s').replaceAll(/eyJ[^"]+/g, 'TOKEN'),
  })
}
