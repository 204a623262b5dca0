import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect } from 'chai'
import { Memo } from '../lib/memo.js'

function collector(): () => void {
  setFlagsFromString('--expose-gc')
  return runInNewContext('gc') as () => void
}

describe('what is remembered of texts', () => {
  it('is found again under the same text alone, half characters among them, until it is too much', () => {
    const memo = new Memo<number>(3)
    for (const [index, text] of ['\ud800', '\ufffd', ''].entries()) memo.keep(text, index)
    expect(['\ud800', '\ufffd', '', '\ud801'].map((text) => memo.get(text))).to.deep.equal([0, 1, 2, undefined])
    memo.keep('a', 3)
    expect(['', 'a'].map((text) => memo.get(text))).to.deep.equal([undefined, 3])
  })

  it('does not hold on to the bodies that the texts were cut from', () => {
    const collect = collector()
    const memo = new Memo<number>(1_000)
    collect()
    const before = process.memoryUsage().heapUsed
    for (let index = 0; index < 300; index += 1) {
      const body = Buffer.alloc(100_000, `field-of-the-body-${index}-`).toString('latin1')
      memo.keep(body.slice(0, 40), index)
    }
    collect()
    expect((process.memoryUsage().heapUsed - before) / 1e6).to.be.below(5)
  })
})
