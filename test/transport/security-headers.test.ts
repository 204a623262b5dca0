import { expect } from 'chai'
import * as fc from 'fast-check'
import { SecurityHeaders, securityHeaders } from '../../lib/transport/security-headers.js'
import type { SecurityHeaderOptions } from '../../lib/transport/security-headers.js'
import { routeOf } from './route.js'

const apiSet = [
  ['Strict-Transport-Security', 'max-age=63072000; includeSubDomains'],
  ['X-Content-Type-Options', 'nosniff'],
  ['X-Frame-Options', 'DENY'],
  ['Content-Security-Policy', "default-src 'none'; base-uri 'none'; frame-ancestors 'none'"],
  ['Referrer-Policy', 'no-referrer'],
  ['Cross-Origin-Resource-Policy', 'same-origin'],
  ['Cross-Origin-Opener-Policy', 'same-origin'],
  ['Origin-Agent-Cluster', '?1'],
  ['X-DNS-Prefetch-Control', 'off'],
  ['X-Download-Options', 'noopen'],
  ['X-Permitted-Cross-Domain-Policies', 'none'],
  ['X-XSS-Protection', '0'],
  ['Cache-Control', 'no-store'],
] as const

const mistakesOf = (options: unknown) => {
  const route = routeOf()
  securityHeaders(options as SecurityHeaderOptions)(route)
  return route.mistakes
}

describe('the security headers of a route', () => {
  it('are these, in this order; without TLS all but HSTS', () => {
    const { secure, plain } = securityHeaders({})(routeOf())
    expect(secure.flat).to.deep.equal(apiSet.flat())
    expect(plain.flat).to.deep.equal(apiSet.slice(1).flat())
  })

  it('are removed and replaced one by one, the others untouched and in their places', () => {
    const names = apiSet.map(([name]) => name)
    fc.assert(
      fc.property(fc.subarray(names), fc.subarray(names), (removed, replaced) => {
        const options: Record<string, string | false> = {}
        for (const name of replaced) options[name.toLowerCase()] = 'own'
        for (const name of removed) options[name.toLowerCase()] = false
        const expected = apiSet
          .filter(([name]) => !removed.includes(name))
          .map(([name, value]) => [name, replaced.includes(name) ? 'own' : value])
        expect(securityHeaders(options)(routeOf()).secure.flat).to.deep.equal(expected.flat())
      }),
    )
  })

  it('come from the nearest that speaks of each: parent, class, method', () => {
    @SecurityHeaders({ 'Referrer-Policy': 'parent', 'X-Frame-Options': 'parent', 'X-Own': 'parent' })
    class Parent {
      @SecurityHeaders({ 'x-own': 'method' })
      method() {}
    }
    @SecurityHeaders({ 'X-Frame-Options': 'child', 'Referrer-Policy': false })
    class Child extends Parent {}
    const { flat } = securityHeaders({ 'Referrer-Policy': 'api' })(routeOf(Child)).plain
    expect(flat).not.to.include('Referrer-Policy')
    expect(flat[flat.indexOf('X-Frame-Options') + 1]).to.equal('child')
    expect(flat.slice(-2)).to.deep.equal(['X-Own', 'method'])
  })

  it('of one route leave those of another alone', () => {
    class Own {
      @SecurityHeaders({ 'Cache-Control': false })
      method() {}
    }
    const options = { 'X-Frame-Options': 'SAMEORIGIN' }
    expect(securityHeaders(options)(routeOf(Own)).plain.flat).not.to.include('Cache-Control')
    expect(securityHeaders(options)(routeOf()).plain.flat).to.include('Cache-Control')
    expect(securityHeaders({})(routeOf()).secure.flat).to.deep.equal(apiSet.flat())
  })

  it('stand in the inventory where a decorator changed them, and only there', () => {
    class Own {
      @SecurityHeaders({ 'Cache-Control': 'public', 'X-Frame-Options': false })
      method() {}
    }
    const own = routeOf(Own)
    const plain = routeOf()
    securityHeaders({})(own)
    securityHeaders({ 'X-Own': '1' })(plain)
    expect(own.facts.get('securityHeaders')).to.deep.equal({ 'Cache-Control': 'public', 'X-Frame-Options': false })
    expect(plain.facts.has('securityHeaders')).to.equal(false)
  })

  it('do not start twice in one place, where a reader cannot tell which holds', () => {
    class Twice {
      @SecurityHeaders({ 'X-A': '1' })
      @SecurityHeaders({ 'X-A': '2' })
      method() {}
    }
    const route = routeOf(Twice)
    securityHeaders({})(route)
    expect(route.mistakes).to.deep.equal(['it has @SecurityHeaders twice in one place'])
  })

  it('do not start with headers that frame an answer, name its type, or open it to other origins', () => {
    for (const name of [
      'Content-Length',
      'transfer-encoding',
      'Connection',
      'CONTENT-TYPE',
      'Content-Encoding',
      'X-Request-Id',
      'Set-Cookie',
      'Date',
      'Keep-Alive',
      'Trailer',
      'Expect',
      'Upgrade',
    ]) {
      expect(mistakesOf({ [name]: '1' }), name).to.have.length(1)
    }
    expect(mistakesOf({ 'Access-Control-Allow-Origin': '*' })).to.have.length(1)
  })

  it('do not start with what no header may hold', () => {
    for (const value of ['a\r\nb', 'a\0', 'a\u0100', 'caf\u00e9', true, 5, null, ['a']])
      expect(mistakesOf({ 'X-A': value }), String(value)).to.have.length(1)
    expect(mistakesOf({ 'X-A': undefined, 'X-B': '' })).to.deep.equal([])
  })
})
