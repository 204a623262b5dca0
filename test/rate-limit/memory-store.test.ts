import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect } from 'chai'
import * as fc from 'fast-check'
import { MemoryRateLimitStore, parseLimits } from '../../lib/rate-limit/rate-limit.js'
import type { Charge, Limit, Verdict } from '../../lib/rate-limit/rate-limit.js'
import { setClock } from './route.js'

function collector(): () => void {
  setFlagsFromString('--expose-gc')
  return runInNewContext('gc') as () => void
}

/** The plainest store there can be: forgets nothing, and looks before it charges. */
class Model {
  readonly windows = new Map<string, { used: number; endsAt: number }>()

  consume(charges: readonly Charge[], now: number): { allowed: boolean; remaining: number[]; reset: number[] } {
    const uses = charges.flatMap(({ key, windows, cost, capped }) =>
      windows.map((limit) => ({ place: `${key} ${limit.window}`, limit, cost, capped })),
    )
    const open = (place: string) => {
      const found = this.windows.get(place)
      return found !== undefined && found.endsAt > now ? found : undefined
    }
    const allowed = uses.every(({ place, limit, cost, capped }) => capped === true || (open(place)?.used ?? 0) + cost <= limit.count)
    const state = uses.map(({ place, limit, cost }) => {
      const { used, endsAt } = open(place) ?? { used: 0, endsAt: now + limit.window }
      const after = allowed ? Math.min(limit.count, used + cost) : used
      if (allowed) this.windows.set(place, { used: after, endsAt })
      return { remaining: limit.count - after, reset: endsAt - now }
    })
    return { allowed, remaining: state.map(({ remaining }) => remaining), reset: state.map(({ reset }) => reset) }
  }

  refund(charges: readonly Charge[], verdict: Verdict, now: number): void {
    const places = charges.flatMap(({ key, windows, cost }) => windows.map(({ window }) => ({ place: `${key} ${window}`, cost })))
    for (const [index, { place, cost }] of places.entries()) {
      const found = this.windows.get(place)
      if (found !== undefined && found.endsAt > now && found.endsAt === verdict.windows[index]?.endsAt)
        found.used = Math.max(0, found.used - cost)
    }
  }
}

const limitsOf = new Map<string, readonly Limit[]>([
  ['a', parseLimits('3/s; 5/10s')],
  ['b', parseLimits('2/2s')],
  ['c', parseLimits('4/s; 6/5s; 8/8 weeks')],
])

const charge = fc
  .record({ key: fc.constantFrom(...limitsOf.keys()), cost: fc.integer({ min: 0, max: 4 }) })
  .map(({ key, cost }): Charge => ({ rule: key, key, cost, windows: limitsOf.get(key) ?? [] }))
const charges = fc.uniqueArray(charge, { selector: ({ key }) => key, minLength: 1, maxLength: 3 })

const action = fc.oneof(
  { weight: 6, arbitrary: charges.map((value) => ({ do: 'consume' as const, value })) },
  { weight: 1, arbitrary: charges.map((value) => ({ do: 'consume' as const, value: value.map((one) => ({ ...one, capped: true })) })) },
  { weight: 2, arbitrary: fc.nat().map((value) => ({ do: 'refund' as const, value })) },
  { weight: 3, arbitrary: fc.integer({ min: 1, max: 3_000 }).map((value) => ({ do: 'wait' as const, value })) },
)

function one(text: string, key = 'key', cost = 1): Charge[] {
  return [{ rule: text, key, cost, windows: parseLimits(text) }]
}

describe('the memory store', () => {
  it('does what the plainest model does, refunds and boundaries included', () => {
    fc.assert(
      fc.property(fc.array(action, { maxLength: 60 }), (actions) => {
        const clock = setClock()
        const store = new MemoryRateLimitStore({ clock, capacity: 1_000 })
        const model = new Model()
        const past: Array<{ charges: readonly Charge[]; verdict: Verdict }> = []
        for (const step of actions) {
          if (step.do === 'wait') clock.time += step.value
          if (step.do === 'refund') {
            const chosen = past.splice(step.value % (past.length + 1), 1)[0]
            if (chosen === undefined) continue
            store.refund(chosen.charges, chosen.verdict)
            model.refund(chosen.charges, chosen.verdict, clock.time)
          }
          if (step.do !== 'consume') continue
          const verdict = store.consume(step.value)
          const expected = model.consume(step.value, clock.time)
          expect(verdict.allowed).to.equal(expected.allowed)
          expect(verdict.windows.map(({ remaining }) => remaining)).to.deep.equal(expected.remaining)
          expect(verdict.windows.map(({ reset }) => reset)).to.deep.equal(expected.reset)
          expect(verdict.windows.map(({ endsAt }) => endsAt - clock.time)).to.deep.equal(expected.reset)
          if (verdict.allowed) past.push({ charges: step.value, verdict })
        }
      }),
      { numRuns: 300 },
    )
  })

  it('charges no window of any charge where one refuses', () => {
    const store = new MemoryRateLimitStore({ clock: setClock() })
    const both = [...one('5/s; 100/h', 'wide'), ...one('1/m', 'narrow')]
    expect(store.consume(both).allowed).to.equal(true)
    for (let call = 0; call < 10; call += 1) expect(store.consume(both).allowed).to.equal(false)
    expect(store.consume(one('5/s; 100/h', 'wide')).windows.map(({ remaining }) => remaining)).to.deep.equal([3, 98])
  })

  it('names the window that refuses for longest, and how long', () => {
    const clock = setClock()
    const store = new MemoryRateLimitStore({ clock })
    store.consume(one('1/s; 1/m; 9/h'))
    clock.time += 400
    const verdict = store.consume(one('1/s; 1/m; 9/h'))
    expect(verdict).to.include({ allowed: false, refusedBy: 1, retryAfter: 59_600 })
  })

  it('lets the count through anew exactly when the window ends', () => {
    const clock = setClock()
    const store = new MemoryRateLimitStore({ clock })
    store.consume(one('1/s'))
    clock.time += 999
    expect(store.consume(one('1/s'))).to.include({ allowed: false, retryAfter: 1 })
    clock.time += 1
    expect(store.consume(one('1/s')).allowed).to.equal(true)
  })

  it('keeps windows of many weeks', () => {
    const clock = setClock()
    const store = new MemoryRateLimitStore({ clock })
    store.consume(one('1 per 8 weeks'))
    clock.time += 8 * 7 * 86_400_000 - 1
    expect(store.consume(one('1 per 8 weeks')).allowed).to.equal(false)
    clock.time += 1
    expect(store.consume(one('1 per 8 weeks')).allowed).to.equal(true)
  })

  it('does not hold a caller longer than the window where the clock is set back', () => {
    const clock = setClock()
    const store = new MemoryRateLimitStore({ clock })
    store.consume(one('1/s'))
    clock.time -= 3_600_000
    expect(store.consume(one('1/s'))).to.include({ allowed: false, retryAfter: 1_000 })
    clock.time += 1_000
    expect(store.consume(one('1/s')).allowed).to.equal(true)
  })

  it('gives nothing back into a newer window', () => {
    const clock = setClock()
    const store = new MemoryRateLimitStore({ clock })
    const first = store.consume(one('2/s'))
    clock.time += 1_000
    store.consume(one('2/s'))
    store.refund(one('2/s'), first)
    store.refund(one('2/s'), first)
    expect(store.consume(one('2/s')).windows[0]?.remaining).to.equal(0)
  })

  it('takes what is left of a capped charge and never refuses it', () => {
    const store = new MemoryRateLimitStore({ clock: setClock() })
    store.consume(one('5/m'))
    expect(store.consume(one('5/m', 'key', 9).map((each) => ({ ...each, capped: true })))).to.include({ allowed: true })
    expect(store.consume(one('5/m')).allowed).to.equal(false)
  })

  it('never holds more keys than its capacity, nor one for a refused call', () => {
    const store = new MemoryRateLimitStore({ clock: setClock(), capacity: 100 })
    for (let key = 0; key < 5_000; key += 1) {
      expect(store.consume(one('5/h', `key ${key}`)).allowed).to.equal(true)
      expect(store.size).to.equal(Math.min(100, key + 1))
    }
    const small = new MemoryRateLimitStore({ clock: setClock() })
    for (let key = 0; key < 50; key += 1) small.consume([...one('5/h', 'known', 3), ...one('5/h', `new ${key}`)])
    expect(small.size).to.equal(2)
  })

  it('forgets counters that have ended, without a timer', () => {
    const clock = setClock()
    const store = new MemoryRateLimitStore({ clock })
    for (let key = 0; key < 1_000; key += 1) store.consume(one('5/s', `key ${key}`))
    clock.time += 1_000
    for (let call = 0; call < 1_000; call += 1) store.consume(one('5/s', 'other'))
    expect(store.size).to.equal(1)
  })

  it('makes room among counters that have ended before it touches others', () => {
    const clock = setClock()
    const store = new MemoryRateLimitStore({ clock, capacity: 1_000 })
    for (let key = 0; key < 50; key += 1) store.consume(one('2/h', `long ${key}`))
    for (let key = 0; key < 950; key += 1) store.consume(one('1/s', `short ${key}`))
    clock.time += 1_000
    for (let key = 0; key < 900; key += 1) store.consume(one('2/h', `new ${key}`))
    const kept = Array.from({ length: 50 }, (_, key) => store.consume(one('2/h', `long ${key}`)).windows[0]?.remaining)
    expect(kept).to.deep.equal(Array(50).fill(0))
  })

  it('keeps the count of used-up keys through a flood of new ones', () => {
    const store = new MemoryRateLimitStore({ clock: setClock(), capacity: 1_000 })
    for (let key = 0; key < 20; key += 1) store.consume(one('5/d', `victim ${key}`, 4))
    for (let key = 0; key < 20_000; key += 1) store.consume(one(key % 2 === 0 ? '1000/d' : '1/d', `flood ${key}`))
    for (let key = 0; key < 20; key += 1) {
      expect(store.consume(one('5/d', `victim ${key}`)).allowed).to.equal(true)
      expect(store.consume(one('5/d', `victim ${key}`)).allowed).to.equal(false)
    }
  })

  it('keeps what it charged in one call, even where it is full', () => {
    const store = new MemoryRateLimitStore({ clock: setClock(), capacity: 100 })
    for (let key = 0; key < 100; key += 1) store.consume(one('9/d', `heavy ${key}`, 9))
    const three = ['x', 'y', 'z'].flatMap((key) => one('9/d', key))
    for (let call = 1; call <= 9; call += 1) {
      expect(store.consume(three).windows.map(({ remaining }) => remaining)).to.deep.equal(Array(3).fill(9 - call))
    }
  })

  it('takes no room before it counts, and knows of nobody then', () => {
    const before = process.memoryUsage().arrayBuffers
    const store = new MemoryRateLimitStore({ capacity: 10_000_000, clock: setClock() })
    expect(store.size).to.equal(0)
    expect(process.memoryUsage().arrayBuffers - before).to.be.below(1e6)
  })

  it('holds a million addresses in less than 150 MB, without long stops, and those who are used up among them', () => {
    const collect = collector()
    collect()
    const sizeOf = ({ heapUsed, arrayBuffers }: NodeJS.MemoryUsage) => heapUsed + arrayBuffers
    const before = sizeOf(process.memoryUsage())
    const store = new MemoryRateLimitStore({ capacity: 1_000_000, clock: setClock() })
    const limits = parseLimits('3 per minute')
    const charge = (key: string) => store.consume([{ rule: 'rule', key, windows: limits, cost: 1 }]).allowed
    for (let call = 0; call < 3; call += 1) charge('victim')
    const stops: number[] = []
    for (let number = 0; number < 1_200_000; number += 1) {
      const started = performance.now()
      charge(`10.${number >> 16}.${(number >> 8) & 255}.${number & 255}`)
      stops.push(performance.now() - started)
    }
    stops.sort((a, b) => a - b)
    expect(stops[Math.floor(stops.length * 0.999)]).to.be.below(1)
    expect([store.size, charge('victim')]).to.deep.equal([1_000_000, false])
    stops.length = 0
    collect()
    expect((sizeOf(process.memoryUsage()) - before) / 1e6).to.be.below(150)
  })

  it('goes on where counters were that a flood of others pushed out', () => {
    const store = new MemoryRateLimitStore({ capacity: 100, clock: setClock() })
    const littleUsed = Array.from({ length: 50 }, (_, number) => one('3/m', `little used ${number}`, 2))
    for (const charges of littleUsed) store.consume(charges)
    for (let number = 0; number < 200; number += 1) store.consume(one('3/m', `flood ${number}`, 3))
    const remembered = littleUsed.filter((charges) => store.read(charges).windows[0]?.remaining === 1)
    // Here there are more than half as many marks as places.
    expect(remembered.length).to.be.at.least(15)
    const [again] = remembered
    expect([store.consume(again!).allowed, store.consume(one('3/m', again![0]!.key)).allowed]).to.deep.equal([false, true])
  })

  it('keeps the longer windows of a limit where heavier counters push out both between the shorter ones', () => {
    for (const [text, allowed] of [
      ['20/h', 20],
      ['5/m; 20/h', 20],
      ['20/h; 5/m', 20],
      ['5/m; 40/d', 40],
      ['5/m; 20/h; 200/d', 20],
    ] as const) {
      const clock = setClock()
      const store = new MemoryRateLimitStore({ clock, capacity: 500 })
      let heavy = 0
      const flood = (count: number) => {
        for (const last = heavy + count; heavy < last; heavy += 1) store.consume(one('1000/d', `heavy ${heavy}`, 250))
      }
      let passed = 0
      flood(1_000)
      for (let minute = 0; minute < 55; minute += 1) {
        for (let call = 0; call < 50; call += 1) if (store.consume(one(text, `caller ${call % 10}`)).allowed) passed += 1
        flood(500)
        clock.time += 60_000
      }
      // Each of ten callers asks 275 times. Some of their marks are lost at first, while they say less than those of the flood.
      expect(passed / 10, text).to.be.within(allowed, 4 * allowed)
    }
  })

  for (const text of ['24/d', '24/d sliding', '24/d burst 24', '7/d', '7/d sliding', '8/d burst 20']) {
    for (const setBack of [0, 30]) {
      const name = setBack === 0 ? '' : `, the clock set back ${setBack} days`
      it(`lets in again as if it had been kept who used up ${text} and was pushed out by a flood${name}`, () => {
        const clock = setClock()
        const [kept, full] = [new MemoryRateLimitStore({ clock }), new MemoryRateLimitStore({ clock, capacity: 100 })]
        for (const store of [kept, full]) while (store.consume(one(text)).allowed);
        for (let key = 0; key < 400; key += 1) full.consume(one('500/52w', `heavy ${key}`, 499))
        clock.time -= setBack * 86_400_000
        for (let hour = 0; hour < 60; hour += 1) {
          const [expected, actual] = [kept, full].map((store) => store.consume(one(text)))
          expect(actual, `after ${hour} hours`).to.deep.include({ allowed: expected?.allowed, retryAfter: expected?.retryAfter })
          clock.time += 3_600_000
        }
      })
    }
  }

  it('pushes out nobody for a call that it refuses', () => {
    const store = new MemoryRateLimitStore({ clock: setClock(), capacity: 100 })
    const usedUp = Array.from({ length: 120 }, (_, key) => one('9/d', `used up ${key}`, 9))
    for (const charges of usedUp) store.consume(charges)
    store.consume(one('3/d', 'light', 2))
    for (let call = 0; call < 2_400; call += 1) expect(store.consume(usedUp[call % 120] ?? []).allowed).to.equal(false)
    // Only a counter is given back to, not the mark of one.
    store.refund(one('3/d', 'light'), store.read(one('3/d', 'light')))
    expect(store.read(one('3/d', 'light')).windows[0]?.remaining).to.equal(2)
  })

  it('keeps alive nothing that a key was cut out of', () => {
    const collect = collector()
    const store = new MemoryRateLimitStore({ clock: setClock() })
    collect()
    const before = process.memoryUsage().heapUsed
    for (let key = 0; key < 400; key += 1) {
      const body = `the key number ${key} of a body that is long ${'x'.repeat(100_000)}`
      store.consume(one('5/h', (JSON.parse(JSON.stringify(body)) as string).slice(0, 40)))
    }
    collect()
    expect(store.size).to.equal(400)
    expect(process.memoryUsage().heapUsed - before).to.be.below(10_000_000)
  })

  it('holds long keys by their hash, and tells them apart', () => {
    const store = new MemoryRateLimitStore({ clock: setClock() })
    const long = 'k'.repeat(1_000_000)
    expect(store.consume(one('1/h', `${long}a`)).allowed).to.equal(true)
    expect(store.consume(one('1/h', `${long}b`)).allowed).to.equal(true)
    expect(store.consume(one('1/h', `${long}a`)).allowed).to.equal(false)
  })

  for (const capacity of [0, 99, 1.5, Number.NaN, Infinity]) {
    it(`refuses a capacity of ${capacity}`, () => {
      expect(() => new MemoryRateLimitStore({ capacity })).to.throw(RangeError, 'from 100')
    })
  }
})
