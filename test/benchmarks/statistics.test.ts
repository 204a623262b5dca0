import { expect } from 'chai'
import { disturbance, undisturbed, undisturbedRate } from '../../benchmarks/statistics.js'

describe("the benchmarks' statistics", () => {
  const calm = [10, 11, 10, 12, 11, 10, 11, 12, 10, 11]
  const halfDisturbed = [10, 21, 22, 11, 20, 21, 11, 10, 22, 21]

  it('say the same of a machine that is disturbed half of the time as of a calm one', () => {
    expect(undisturbed(calm)).to.equal(10)
    expect(undisturbed(halfDisturbed)).to.equal(10)
  })

  it('do not go by the one round that is better than all others', () => {
    expect(undisturbed([1, ...calm])).to.equal(10)
    expect(undisturbedRate([1, ...calm, 99])).to.equal(12)
  })

  it('take the highest of what is better the higher it is', () => {
    expect(undisturbedRate([100, 99, 50, 51, 98, 100, 52, 99, 100, 49])).to.equal(100)
  })

  it('tell how much a machine was disturbed', () => {
    expect(disturbance([10, 10, 10])).to.equal(0)
    expect(disturbance(calm)).to.be.closeTo(0.1, 1e-9)
    expect(disturbance(halfDisturbed)).to.be.closeTo(1.1, 1e-9)
  })

  it('have nothing to say of nothing, and what it is of one round', () => {
    for (const say of [undisturbed, undisturbedRate, disturbance]) expect(say([])).to.deep.equal(Number.NaN)
    expect([undisturbed([7]), undisturbedRate([7]), disturbance([7])]).to.deep.equal([7, 7, 0])
  })
})
