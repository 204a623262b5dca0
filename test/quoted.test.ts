import { expect } from 'chai'
import fc from 'fast-check'
import { keepQuoted, quoted } from '../lib/quoted.js'

describe('a quoted text', () => {
  it('is its JSON, kept or not', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.string(), fc.string({ unit: 'binary' }), fc.constantFrom('"', '\\', '\n', '\u007f', '\ud800', 'é', '')),
        (text) => {
          expect(quoted(text)).to.equal(JSON.stringify(text))
          expect(keepQuoted(`kept ${text}`)).to.equal(`kept ${text}`)
          expect(quoted(`kept ${text}`)).to.equal(JSON.stringify(`kept ${text}`))
        },
      ),
    )
  })
})
