import { expect } from 'chai'
import { UsageError } from '../../lib/cli/command.js'
import { toMilliseconds } from '../../lib/cli/lifetime.js'

describe('a lifetime on the command line', () => {
  it('is counted in seconds, minutes, hours, days or weeks', () => {
    const read = ['1h', '12h', '90d', '52w', '36525d'].map((text) => toMilliseconds('expires', text) / 3_600_000)
    expect(read).to.deep.equal([1, 12, 2_160, 8_736, 876_600])
    const short = ['30s', '1 second', '15min', '15 min', '15 minutes', '2 hours', '1 d'].map(
      (text) => toMilliseconds('expires', text) / 1_000,
    )
    expect(short).to.deep.equal([30, 1, 900, 900, 900, 7_200, 86_400])
  })

  it('is nothing else', () => {
    for (const text of [
      '',
      '90',
      'd',
      '0d',
      '-1d',
      '+1d',
      '1.5d',
      '90  d',
      '9m',
      '9 month',
      '9 D',
      'h',
      '1e3d',
      '090d',
      '36526d',
      '9999999w',
      '1D',
      'never',
    ]) {
      expect(() => toMilliseconds('expires', text), text).to.throw(UsageError, '--expires')
    }
  })
})
