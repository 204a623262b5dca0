import { Readable } from 'node:stream'
import { expect } from 'chai'
import * as fc from 'fast-check'
import { Answer, created, problemReply, reply, successReply } from '../lib/answer.js'
import { ApiError, PermissionDenied, ValidationFailed } from '../lib/errors.js'
import type { InputError } from '../lib/errors.js'
import { HeaderBlock } from '../lib/header-block.js'
import { exchangeOf } from './exchange.js'

const block = new HeaderBlock(['X-Frame-Options', 'DENY', 'Cache-Control', 'no-store'])
const sets = { secure: block, plain: block, challenge: 'Bearer' }

function valuesOf(headers: readonly string[], lowerCaseName: string): readonly string[] {
  return headers.filter((_, index) => index % 2 === 1 && headers[index - 1]?.toLowerCase() === lowerCaseName)
}

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
    const named = { 'Content-Type': 'text/plain', 'content-length': '7', 'Transfer-Encoding': 'chunked', Trailer: 'Expires', 'X-Own': 'a' }
    for (const [body, lengths] of [
      ['abc', ['3']],
      [Buffer.from('ab'), ['2']],
      [undefined, ['0']],
      [Readable.from(['a']), ['7']],
    ] as const) {
      exchange.result = reply(200, body, named)
      const { headers } = successReply(exchange, sets)
      expect(valuesOf(headers, 'content-length')).to.deep.equal(lengths)
      for (const name of ['transfer-encoding', 'trailer']) expect(valuesOf(headers, name), name).to.deep.equal([])
      expect(valuesOf(headers, 'x-own')).to.deep.equal(['a'])
    }
  })

  it('says a header once that stands once: what the API and its protections say, or else what was named last', () => {
    const exchange = exchangeOf()
    exchange.answerHeaders.push('Access-Control-Allow-Origin', 'https://shop.test', 'Vary', 'Origin')
    exchange.setHeader('Content-Type', 'text/csv')
    exchange.setHeader('X-Own', 'a')
    exchange.setHeader('x-frame-options', 'SAMEORIGIN')
    const named = ['Access-Control-Allow-Origin', '*', 'VARY', 'Accept', 'x-own', 'b', 'X-Request-Id', 'another']
    const namedTwice = [...named, 'Link', '</a>', 'X-Own', 'c', 'Link', '</b>']
    for (const [result, type] of [
      ['a,b', 'text/csv'],
      [Buffer.from('a,b'), 'text/csv'],
      [Readable.from(['a,b']), 'text/csv'],
      [
        new ApiError(409, 'taken', 'Taken', 'It was taken.', { headers: ['content-type', 'text/html', ...namedTwice] }),
        'application/problem+json',
      ],
    ] as const) {
      exchange.result = new Answer(200, result, namedTwice)
      const { headers, body } = result instanceof ApiError ? problemReply(exchange, sets, result) : successReply(exchange, sets)
      expect(valuesOf(headers, 'content-type')).to.deep.equal([type])
      expect(valuesOf(headers, 'x-request-id')).to.deep.equal(['request-1'])
      expect(valuesOf(headers, 'access-control-allow-origin')).to.deep.equal(['https://shop.test'])
      expect(valuesOf(headers, 'x-frame-options')).to.deep.equal(['SAMEORIGIN'])
      expect(valuesOf(headers, 'x-own')).to.deep.equal(['c'])
      expect(valuesOf(headers, 'vary')).to.deep.equal(['Origin', 'Accept'])
      expect(valuesOf(headers, 'link')).to.deep.equal(['</a>', '</b>'])
      if (result === 'a,b') expect(body, 'as it is, since its type was named').to.equal('a,b')
    }
  })

  it('lets go of a stream where nothing may be sent', () => {
    for (const [status, lengths] of [
      [204, []],
      [205, ['0']],
      [304, []],
    ] as const) {
      const exchange = exchangeOf()
      const stream = Readable.from(['a'])
      exchange.result = reply(status, stream, { 'Content-Length': '1' })
      const { body, headers } = successReply(exchange, sets)
      expect([body, stream.destroyed, valuesOf(headers, 'content-length')]).to.deep.equal([undefined, true, lengths], String(status))
    }
  })

  it('with a header that no answer can bear is an error where it is made', () => {
    for (const [name, value] of [
      ['X-A', 'a\r\nSet-Cookie: b'],
      ['X-A', '\u0000'],
      ['X A', 'a'],
      ['X-A', 'café'],
      ['X-A', '€'],
      [':status', '200'],
      ['X-A', undefined],
    ] as Array<[string, string]>) {
      expect(() => exchangeOf().setHeader(name, value), name).to.throw(TypeError)
      expect(() => reply(200, {}, { [name]: value }), name).to.throw(TypeError)
      expect(() => new ApiError(409, 'taken', 'Taken', 'It was taken.', { headers: [name, value] }), name).to.throw(TypeError)
    }
    expect(() => new PermissionDenied('No.', { headers: ['X-A'] })).to.throw(TypeError)
  })

  it('says where the new thing is in ASCII, and leaves alone what is encoded', () => {
    for (const [location, sent] of [
      ['/things/é/€/😀', '/things/%C3%A9/%E2%82%AC/%F0%9F%98%80'],
      ['https://api.test/a%20b?c=%C3%A9#d', 'https://api.test/a%20b?c=%C3%A9#d'],
    ] as const) {
      expect(created({}, { location }).headers).to.deep.equal(['Location', sent])
    }
  })

  it('with a status that no answer can have is an error where it is made', () => {
    for (const status of ['200 OK\r\nSet-Cookie: a=b', '204', 101, 600, 404.5, Number.NaN, undefined]) {
      expect(() => new ApiError(status as number, 'code', 'Title', 'Detail.'), String(status)).to.throw(RangeError)
      expect(() => reply(status as number), String(status)).to.throw(RangeError)
    }
  })
})
