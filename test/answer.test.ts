import { Readable } from 'node:stream'
import { expect } from 'chai'
import * as fc from 'fast-check'
import { problemReply, reply, successReply } from '../lib/answer.js'
import { ApiError, PermissionDenied, ValidationFailed } from '../lib/errors.js'
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

  it('says once how long it is, whatever a handler passes on from another server', () => {
    const exchange = exchangeOf()
    exchange.setHeader('CONTENT-LENGTH', '9')
    const named = { 'Content-Type': 'text/plain', 'content-length': '7', 'Transfer-Encoding': 'chunked', 'X-Own': 'a' }
    for (const [body, lengths] of [
      ['abc', ['3']],
      [Buffer.from('ab'), ['2']],
      [undefined, ['0']],
      [Readable.from(['a']), ['7']],
    ] as const) {
      exchange.result = reply(200, body, named)
      const { headers } = successReply(exchange, sets)
      const valuesOf = (name: string) => headers.filter((_, index) => index % 2 === 1 && headers[index - 1]?.toLowerCase() === name)
      expect(valuesOf('content-length')).to.deep.equal(lengths)
      expect([valuesOf('transfer-encoding'), valuesOf('x-own')]).to.deep.equal([[], ['a']])
    }
  })

  it('lets go of a stream where nothing may be sent', () => {
    const exchange = exchangeOf()
    const stream = Readable.from(['a'])
    exchange.result = reply(304, stream)
    expect(successReply(exchange, sets).body).to.equal(undefined)
    expect(stream.destroyed).to.equal(true)
  })

  it('with a status that no answer can have is an error where it is made', () => {
    for (const status of ['200 OK\r\nSet-Cookie: a=b', '204', 101, 600, 404.5, Number.NaN, undefined]) {
      expect(() => new ApiError(status as number, 'code', 'Title', 'Detail.'), String(status)).to.throw(RangeError)
      expect(() => reply(status as number), String(status)).to.throw(RangeError)
    }
  })
})
