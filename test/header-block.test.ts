import { expect } from 'chai'
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
    const other = without(without(block, ['cache-control', 'public']), ['x-frame-options', 'DENY'])
    expect(other).to.equal(without(block, ['Cache-Control', '', 'X-Frame-Options', '']))
    expect(block.flat).to.have.length(6)
  })
})
