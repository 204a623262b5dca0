import { expect } from 'chai'
import fc from 'fast-check'
import { MalformedRequest } from '../../lib/index.js'
import { keyOf } from '../../lib/idempotency/key.js'

const ascii = (least: number, most: number, from = 0x20, to = 0x7e) =>
  fc.array(fc.integer({ min: from, max: to }), { minLength: least, maxLength: most }).map((codes) => String.fromCharCode(...codes))
const quote = (text: string) => `"${text.replaceAll(/["\\]/g, String.raw`\$&`)}"`

describe('Idempotency-Key', () => {
  it('is any Structured Field String of 1 to 255 characters', () => {
    fc.assert(fc.property(ascii(1, 255), (key) => keyOf(quote(key)) === key))
    expect(() => keyOf(quote('a'.repeat(256)))).to.throw(MalformedRequest, '255')
    expect(() => keyOf('a'.repeat(256))).to.throw(MalformedRequest, '255')
    expect(() => keyOf('""')).to.throw(MalformedRequest, 'empty')
  })

  it('is the same key bare and in quotes', () => {
    for (const key of ['8e03978e-40d5-43e8-bc93-6894a57f9324', 'order:42/retry=1', 'a', '!#~[]']) {
      expect(keyOf(key)).to.equal(key)
      expect(keyOf(quote(key))).to.equal(key)
    }
  })

  it('is refused where it is neither', () => {
    const wrong = [
      '',
      ' ',
      'a b',
      'a,b',
      '"a", "b"',
      '"a";p=1',
      '"a',
      'a"',
      '"a"b"',
      String.raw`"\a"`,
      String.raw`"a\"`,
      'é',
      '"é"',
      '"\u0001"',
      '"\t"',
    ]
    for (const field of wrong) expect(() => keyOf(field), field).to.throw(MalformedRequest)
    expect(() => keyOf(['a', 'b'])).to.throw(MalformedRequest, 'more than once')
  })

  it('never reads two strings as one key, whatever they are', () => {
    fc.assert(
      fc.property(ascii(1, 4, 0x20, 0x24), ascii(1, 4, 0x5b, 0x5d), (one, other) => {
        const all = [one + other, other + one, one, other]
        return new Set(all.map((key) => keyOf(quote(key)))).size === new Set(all).size
      }),
    )
  })
})
