import { expect } from 'chai'
import { median, spread } from '../../benchmarks/statistics.js'

describe("the benchmarks' statistics", () => {
  it('have the middle one for a median, of an even number the higher of two', () => {
    expect(median([3, 1, 2])).to.equal(2)
    expect(median([4, 1, 3, 2])).to.equal(3)
    expect(median([7])).to.equal(7)
    expect(median([])).to.deep.equal(Number.NaN)
  })

  it('spread as far as the quartiles are apart: a round that went wrong does not count', () => {
    expect(spread([100, 100, 100, 100, 900])).to.equal(0)
    expect(spread([90, 90, 100, 110, 110, 110, 100, 90])).to.equal(0.2)
    expect(spread([7])).to.equal(0)
  })
})
