import { expect } from 'chai'
import * as fc from 'fast-check'
import { problemReply, successReply } from '../lib/answer.js'
import { PermissionDenied, ValidationFailed } from '../lib/errors.js'
import type { InputError } from '../lib/errors.js'
import { HeaderBlock } from '../lib/header-block.js'
import { exchangeOf } from './exchange.js'

const block = new HeaderBlock(['X-Frame-Options', 'DENY', 'Cache-Control', 'no-store'])
const sets = { secure: block, plain: block, challenge: 'Bearer' }

describe('a reply', () => {
  it('says that its text is ASCII where each character is one byte, and nowhere else', () => {
    const texts = fc.oneof(fc.string(), fc.string({ unit: 'binary' }), fc.constantFrom('', '\u007f', '\u0080', 'ü', '\ud800', '😀'))
    fc.assert(
      fc.property(texts, (text) => {
        const exchange = exchangeOf()
        exchange.result = { text }
        for (const { body, isAscii } of [successReply(exchange, sets), problemReply(exchange, sets, new PermissionDenied(text))]) {
          expect(isAscii).to.equal(Buffer.from(body as string, 'latin1').equals(Buffer.from(body as string)))
        }
      }),
    )
  })

  it('writes what is wrong with the input as JSON does, whatever somebody has put there', () => {
    const given = [
      { in: 'body', path: '/x', code: 42, message: undefined, more: 1 },
      {},
      { in: 'body', path: '/"ü', code: 'c', message: 'm' },
    ]
    const { body } = problemReply(exchangeOf(), sets, new ValidationFailed(given as unknown as readonly InputError[]))
    const { errors } = JSON.parse(body as string) as { errors: unknown }
    expect(errors).to.deep.equal([{ in: 'body', path: '/x', code: 42 }, {}, { in: 'body', path: '/"ü', code: 'c', message: 'm' }])
  })
})
