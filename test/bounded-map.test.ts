import { expect } from 'chai'
import * as fc from 'fast-check'
import { BoundedMap } from '../lib/bounded-map.js'

describe('a map of so many values', () => {
  it('holds those that were set last, whatever is set, replaced and deleted', () => {
    const key = fc.integer({ min: 0, max: 9 })
    const step = fc.oneof(fc.record({ key, value: fc.integer() }), fc.record({ key }))
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 8 }), fc.array(step, { maxLength: 60 }), (capacity, steps) => {
        const map = new BoundedMap<number, number>(capacity)
        let model: Array<readonly [number, number]> = []
        for (const { key: name, ...rest } of steps) {
          model = model.filter(([other]) => other !== name)
          if ('value' in rest) {
            map.set(name, rest.value)
            model = [...model, [name, rest.value] as const].slice(-capacity)
          } else map.delete(name)
          expect(map.size).to.equal(model.length)
          for (let other = 0; other < 10; other += 1) expect(map.get(other)).to.equal(new Map(model).get(other))
        }
      }),
      { numRuns: 500 },
    )
  })

  it('makes room as quickly however large it is', () => {
    const map = new BoundedMap<string, number>(100_000)
    for (let index = 0; index < 100_000; index += 1) map.set(`${index}`, index)
    const before = process.cpuUsage()
    for (let index = 100_000; index < 150_000; index += 1) map.set(`${index}`, index)
    const { user, system } = process.cpuUsage(before)
    expect(map.size).to.equal(100_000)
    expect((user + system) / 1e3, 'to look for the oldest would take a walk of tens of thousands of steps each time').to.be.below(1_000)
  })
})
