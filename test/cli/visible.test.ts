import { expect } from 'chai'
import fc from 'fast-check'
import { visible, visibleJson } from '../../lib/cli/visible.js'

const commanding = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u

describe('a text that came from elsewhere', () => {
  it('commands no terminal', () => {
    expect(visible('\u001b[2J\u009b1m\u202eabc\r\n')).to.equal('\\u{1b}[2J\\u{9b}1m\\u{202e}abc\\u{d}\\u{a}')
    expect(visible({ a: '\u007f' })).to.equal('{"a":"\\u{7f}"}')
  })

  it('is the same JSON as before, without what commands a terminal', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' })), (value) => {
        const text = visibleJson(value)
        expect(text.replaceAll('\n', '')).not.to.match(commanding)
        expect(JSON.parse(text)).to.deep.equal(JSON.parse(JSON.stringify(value)))
      }),
    )
    expect(JSON.parse(visibleJson('\u{e0001}\u061c'))).to.equal('\u{e0001}\u061c')
  })
})
