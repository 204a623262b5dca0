import { setTimeout as delay } from 'node:timers/promises'
import { expect } from 'chai'
import { MemoryStateStore } from '../../lib/index.js'
import type { StateStore } from '../../lib/index.js'
import { Claims } from '../../lib/idempotency/claim.js'
import { gate, until } from './fixture.js'

const done = { state: 'done', request: 'a', permissions: [] } as const

/** Claims over a store whose `replace` is the test's. */
function claimsOver(replace: (count: number) => boolean | Promise<boolean>, lease = 30) {
  const seen = { replaced: 0, failures: 0, losses: 0, clock: { time: 0 } }
  const clock = { now: () => seen.clock.time }
  const memory = new MemoryStateStore({ clock })
  const store: StateStore = {
    get: (name) => memory.get(name),
    set: (name, value, end) => memory.set(name, value, end),
    add: (name, value, end) => memory.add(name, value, end),
    take: (name) => memory.take(name),
    replace: () => replace((seen.replaced += 1)),
  }
  const claims = new Claims(store, clock)
  const options = { request: 'a', lease, onFailure: () => void (seen.failures += 1), onLoss: () => void (seen.losses += 1) }
  return { claims, seen, claim: () => claims.claim('name', options) }
}

describe('a claim on an idempotency key', () => {
  it('is given to one', async () => {
    const { claim } = claimsOver(() => true, 60_000)
    const all = await Promise.all([claim(), claim(), claim()])
    expect(all.filter((one) => one !== undefined)).to.have.length(1)
    all[0]?.abandon()
  })

  it('wakes those who wait in this process when it ends', async () => {
    const { claims, claim } = claimsOver(() => true, 60_000)
    const claimed = await claim()
    const waiting = claims.pause('name', 60_000)
    await claimed?.keep(done, 1_000)
    await waiting
  })

  it('is renewed until it ends, and no longer', async () => {
    const { seen, claim } = claimsOver(() => true)
    const claimed = await claim()
    await until(() => seen.replaced >= 3)
    await claimed?.keep(done, 1_000)
    const after = seen.replaced
    await delay(40)
    expect(seen.replaced).to.equal(after)
  })

  it('is not lost because a renewal arrives behind the outcome', async () => {
    const renewal = gate<boolean>()
    const { seen, claim } = claimsOver((count) => (count === 1 ? renewal.promise : true))
    const claimed = await claim()
    await until(() => seen.replaced === 1)
    await claimed?.keep(done, 1_000)
    renewal.open(false)
    await claimed?.ended
    await delay(0)
    expect(seen.losses).to.equal(0)
  })

  it('writes its outcome again although a renewal fails behind it, and once only', async () => {
    const renewal = gate<boolean>()
    const { seen, claim } = claimsOver((count) => (count === 1 ? renewal.promise : true))
    const claimed = await claim()
    await until(() => seen.replaced === 1)
    await claimed?.keep(done, 1_000)
    renewal.fail(new Error('late'))
    await delay(40)
    expect([seen.replaced, seen.failures]).to.deep.equal([2, 0])
  })

  it('tells once that it was lost, and renews no more', async () => {
    const { seen, claim } = claimsOver(() => false)
    const claimed = await claim()
    await claimed?.ended
    await delay(40)
    expect([seen.replaced, seen.losses]).to.deep.equal([1, 1])
  })

  it('asks a store that fails for as long as the lease holds', async () => {
    const { seen, claim } = claimsOver(() => Promise.reject(new Error('away')))
    const claimed = await claim()
    await until(() => seen.failures >= 3)
    seen.clock.time = 30
    await claimed?.ended
    const after = seen.replaced
    await delay(40)
    expect([seen.replaced, seen.losses]).to.deep.equal([after, 0])
  })

  it('is left to its lease where nobody says how it went', async () => {
    const { seen, claim } = claimsOver(() => true)
    const claimed = await claim()
    claimed?.abandon()
    await delay(40)
    expect(seen.replaced).to.equal(0)
  })
})
