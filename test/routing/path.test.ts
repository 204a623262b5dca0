import { expect } from 'chai'
import { routePath } from '../../lib/routing/path.js'

describe('the path of a route', () => {
  it('is the prefix and the path, without slashes too many', () => {
    const cases: ReadonlyArray<readonly [string, string, string]> = [
      ['/', '/', '/'],
      ['/', '/a', '/a'],
      ['/a', '/', '/a'],
      ['/a/b', '/:id/c', '/a/b/:id/c'],
      ['/files', '/*', '/files/*'],
    ]
    for (const [prefix, path, whole] of cases) expect(routePath(prefix, path).path).to.equal(whole)
  })

  it('names its parameters', () => {
    expect(routePath('/:tenant', '/orders/:id').params).to.deep.equal(['tenant', 'id'])
  })

  it('refuses what the router would read in another way than the reader', () => {
    for (const path of ['a', '/a/', '/a//b', '/:a-:b', '/:id(\\d+)', '/a*', '/*/b', '/..', '/a b', '/%61', '/:id/:id', '/:']) {
      expect(() => routePath('/x', path), path).to.throw(TypeError)
    }
  })
})
