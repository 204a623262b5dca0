import { expect } from 'chai'
import { randomIds } from '../lib/random-ids.js'

describe('random ids', () => {
  it('are 32 hexadecimal digits each, and none comes twice, from one generator or another', () => {
    const generators = [randomIds(), randomIds()]
    const ids = generators.flatMap((ids) => Array.from({ length: 1_000 }, () => ids.next()))
    for (const id of ids) expect(id).to.match(/^[0-9a-f]{32}$/)
    expect(new Set(ids)).to.have.length(2_000)
  })

  it('have a place for every bit', () => {
    const ids = randomIds()
    const seen = Array.from({ length: 1_000 }, () => BigInt(`0x${ids.next()}`))
    const everSet = seen.reduce((all, one) => all | one, 0n)
    const everClear = seen.reduce((all, one) => all | ~one, 0n)
    expect(BigInt.asUintN(128, everSet & everClear)).to.equal(2n ** 128n - 1n)
  })
})
