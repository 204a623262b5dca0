import { expect } from 'chai'
import * as fc from 'fast-check'
import { Router } from '../../lib/routing/router.js'
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

  it('has a query of visible ASCII, and nothing after a "#"', () => {
    for (const query of ['a=%2f%5c%00', 'a=\\', 'a[]={1}|2^3', 'a="b"', 'a=http://h/?x', '']) {
      expect(readTarget(`/a?${query}`, 'h'), query).to.deep.equal({ path: '/a', query })
    }
    for (const query of ['a#b', '#', 'a b', 'a=\u00fc', 'a=\t', 'a\0', 'a\u007f', 'a\ud800']) {
      expect(readTarget(`/a?${query}`, 'h'), query).to.deep.include({ path: '/a', malformed: 'target-query' })
      expect(readTarget(`/a%20?${query}`, 'h'), query).to.deep.include({ path: '/a%20', malformed: 'target-query' })
    }
  })

  it('is too long past 8 kB, wherever the length is, and still tells its path', () => {
    expect(readTarget(`/a?${'b'.repeat(8_189)}`, 'h').malformed).to.equal(undefined)
    expect(readTarget(`/a?${'b'.repeat(8_190)}`, 'h')).to.deep.equal({ path: '/a', query: '', malformed: 'target-too-long' })
    expect(readTarget(`http://h/${'a'.repeat(9_000)}`, 'h').malformed).to.equal('target-too-long')
  })

  it('that is not malformed is the path that a URL parser reads', () => {
    fc.assert(
      fc.property(hostile, (text) => {
        const { path, query, malformed } = readTarget(`/a${text}`, 'h')
        if (malformed !== undefined) return true
        const url = new URL(`http://h/a${text}`)
        return decodeURIComponent(url.pathname) === decodeURIComponent(path) && decoded(url.search.slice(1)) === decoded(query)
      }),
      { numRuns: 2_000 },
    )
  })

  it('that is malformed tells a path with one reading', () => {
    fc.assert(
      fc.property(
        fc.oneof(hostile, fc.string(), fc.string({ unit: 'binary' })),
        fc.constantFrom('/', '/a/', '', 'http://h', 'http://evil/'),
        (text, start) => {
          const { path, malformed } = readTarget(start + text, 'h')
          if (malformed === undefined) return
          const segments = decodeURIComponent(path).split('/')
          expect(path).to.match(/^\/[^\\?#]*$/)
          expect(path.split('/')).to.have.length(segments.length)
          expect(segments).not.to.include.members(['..']).and.not.to.include.members(['.'])
        },
      ),
      { numRuns: 2_000 },
    )
  })

  it('that hides a route tells which', () => {
    const router = new Router<string>()
    router.add('GET', '/things/:id/parts', 'parts')
    const slash = fc.constantFrom('%2f', '%2F', '%5c', '\\', '/./', '/%2e/', '/x/../', '/x/%2E./', '/x%2f..%5c')
    const end = fc.constantFrom('', '#x', '%00.json', '\0')
    const start = fc.constantFrom('', 'http://evil', 'HTTP://h@h')
    fc.assert(
      fc.property(slash, slash, end, start, (first, second, last, authority) => {
        const { path, malformed } = readTarget(`${authority}/things${first}7${second}parts${last}`, 'h')
        expect(malformed).to.be.a('string')
        expect(router.find('GET', path)).to.deep.equal({ route: 'parts', params: { id: '7' } })
      }),
    )
  })
})

const hostile = fc.string({
  unit: fc.constantFrom('/', '.', '%', '2', 'f', '5', 'c', 'e', '0', '\\', 'a', '?', '#', ';', '%2e', '%25', '\u00e9', '\t'),
})

function decoded(query: string): string {
  return query.replaceAll(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
}
