import { expect } from 'chai'
import * as fc from 'fast-check'
import { HeaderBlock, without } from '../lib/header-block.js'

const block = new HeaderBlock(['X-Frame-Options', 'DENY', 'Cache-Control', 'no-store', 'Referrer-Policy', 'no-referrer'])

describe('the headers that all answers of a route bear', () => {
  it('are written behind a status line, and behind one without a phrase of its own', () => {
    const lines = 'X-Frame-Options: DENY\r\nCache-Control: no-store\r\nReferrer-Policy: no-referrer\r\n'
    expect(block.head(404)).to.equal(`HTTP/1.1 404 Not Found\r\n${lines}`)
    expect(block.head(299)).to.equal(`HTTP/1.1 299 unknown\r\n${lines}`)
    expect(new HeaderBlock([]).head(200)).to.equal('HTTP/1.1 200 OK\r\n')
  })

  it('give way to those that an answer names itself, in letters of either case, and to no others', () => {
    expect(without(block, ['X-Other', 'a', 'Vary', 'Origin'])).to.equal(block)
    const left = without(block, ['cache-CONTROL', 'public', 'X-Frame-Options', 'SAMEORIGIN', 'Cache-Control', 'public'])
    expect(left.flat).to.deep.equal(['Referrer-Policy', 'no-referrer'])
    expect(left.head(200)).to.equal('HTTP/1.1 200 OK\r\nReferrer-Policy: no-referrer\r\n')
    expect(block.flat).to.have.length(6)
  })

  it('are kept for what is asked over and over, and not for each of what another server may choose', () => {
    const one = block.without('cache-control')
    expect(block.without('cache-control')).to.equal(one)
    expect(one.without('x-frame-options')).not.to.equal(one.without('x-frame-options'))
    expect(one.without('x-frame-options').flat).to.deep.equal(['Referrer-Policy', 'no-referrer'])
  })

  it('are written behind any status of an answer, the first or the last of many, and behind nothing else', () => {
    const many = new HeaderBlock(['X-A', 'b'])
    fc.assert(
      fc.property(fc.integer({ min: 200, max: 599 }), (status) => {
        expect(many.head(status)).to.match(new RegExp(`^HTTP/1\\.1 ${status} [^\r\n]+\r\nX-A: b\r\n$`))
      }),
    )
    for (const status of ['200 OK\r\nSet-Cookie: a=b', '204', 100, 199, 600, 404.5, Number.NaN, undefined]) {
      expect(() => many.head(status as number), String(status)).to.throw(RangeError)
    }
  })
})
