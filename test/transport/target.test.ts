import { expect } from 'chai'
import * as fc from 'fast-check'
import { readTarget } from '../../lib/transport/target.js'

describe('a request target', () => {
  it('is taken apart at the first question mark', () => {
    expect(readTarget('/a/b?c=d?e', 'h')).to.deep.equal({ path: '/a/b', query: 'c=d?e' })
    expect(readTarget('/a%20b', 'h')).to.deep.equal({ path: '/a%20b', query: '' })
    expect(readTarget('/a//b;c=d', 'h')).to.deep.equal({ path: '/a//b;c=d', query: '' })
    expect(readTarget('/%2561dmin', 'h')).to.deep.equal({ path: '/%2561dmin', query: '' })
  })

  it('is malformed where servers would read different paths, and then tells the plainest', () => {
    const cases: ReadonlyArray<readonly [string, string]> = [
      ['/a%2fb', '/a/b'],
      ['/a%2Fb', '/a/b'],
      ['/a%5cb', '/a/b'],
      ['/a\\b', '/a/b'],
      ['/x/../a', '/a'],
      ['/x/%2e%2e/a', '/a'],
      ['/x/.%2E/a', '/a'],
      ['/./a', '/a'],
      ['/../../a', '/a'],
      ['/a%00.json', '/a'],
      ['/a#b', '/a'],
      ['/a%zz', '/a%25zz'],
      ['/a%ff', '/a%25ff'],
      ['/a%c0%af', '/a%25c0%25af'],
    ]
    for (const [target, path] of cases) {
      const read = readTarget(target, 'h')
      expect(read.malformed, target).to.be.a('string')
      expect(read.path, target).to.equal(path)
    }
    for (const target of ['/a%0d%0ab', '/a b', '/a\u00ff', '/a%7f', '*', 'a', 'h:443', 'ftp://h/a', `/${'a'.repeat(9_000)}`]) {
      expect(readTarget(target, 'h').malformed, target).to.be.a('string')
    }
  })

  it('may be absolute for this host, and for no other', () => {
    expect(readTarget('http://h:80/a?b', 'h:80')).to.deep.equal({ path: '/a', query: 'b' })
    expect(readTarget('HTTPS://API.test', 'api.test')).to.deep.equal({ path: '/', query: '' })
    for (const target of ['http://evil/a', 'http://h@evil/a', 'http://evil@h/a', 'http://h:81/a', 'http:///a']) {
      expect(readTarget(target, 'h').malformed, target).to.equal('target-host')
    }
    expect(readTarget('http://h/a', undefined).malformed).to.equal('target-host')
  })

  it('that is not malformed reaches routers as a path that decodes once', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('/', '.', '%', '2', 'f', '5', 'c', 'e', '0', '\\', 'a', '?', '#', '\u00e9') }),
        (text) => {
          const { path, malformed } = readTarget(`/${text}`, 'h')
          if (malformed !== undefined) return true
          const decoded = decodeURIComponent(path)
          const isHidden = path.split('/').length !== decoded.split('/').length
          return !isHidden && !decoded.includes('\\') && !/(?:^|\/)\.{1,2}(?:\/|$)/.test(decoded)
        },
      ),
      { numRuns: 2_000 },
    )
  })
})
