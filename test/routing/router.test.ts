import { expect } from 'chai'
import { Router } from '../../lib/routing/router.js'
import type { Method } from '../../lib/routing/routing.js'

const routed = (...routes: ReadonlyArray<readonly [Method, string]>) => {
  const router = new Router<string>()
  for (const [method, path] of routes) router.add(method, path, `${method} ${path}`)
  return router
}

describe('the router', () => {
  it('matches exactly: case, slashes and dots count', () => {
    const router = routed(['GET', '/orders'], ['GET', '/orders/:id'])
    expect(router.find('GET', '/orders')?.route).to.equal('GET /orders')
    for (const path of ['/Orders', '/orders/', '//orders', '/orders//', '/orders/1/', '/./orders', '/orders/../orders', '', 'orders']) {
      expect(router.find('GET', path), path).to.equal(undefined)
    }
  })

  it('decodes once, and finds the same route for every spelling of a letter', () => {
    const router = routed(['GET', '/orders/:id'])
    expect(router.find('GET', '/%6frders/1')?.route).to.equal('GET /orders/:id')
    expect(router.find('GET', '/orders/%2561')?.params).to.deep.include({ id: '%61' })
    expect(router.find('GET', '/orders/a%20b')?.params).to.deep.include({ id: 'a b' })
  })

  it('prefers static text, and keeps methods apart', () => {
    const router = routed(['GET', '/orders/new'], ['GET', '/orders/:id'], ['DELETE', '/orders/:order'])
    expect(router.find('GET', '/orders/new')?.route).to.equal('GET /orders/new')
    expect(router.find('DELETE', '/orders/new')?.route).to.equal('DELETE /orders/:order')
    expect(router.find('DELETE', '/orders/1')?.params).to.deep.include({ order: '1' })
  })

  it('answers HEAD with the GET route, unless there is one of its own', () => {
    const router = routed(['GET', '/a'], ['GET', '/b'], ['HEAD', '/b'])
    expect(router.find('HEAD', '/a')?.route).to.equal('GET /a')
    expect(router.find('HEAD', '/b')?.route).to.equal('HEAD /b')
    expect(router.allowed('/a')).to.deep.equal(['GET', 'HEAD'])
    expect(router.allowed('/none')).to.deep.equal([])
  })

  it('knows no other methods', () => {
    const router = routed(['GET', '/a'])
    for (const method of ['TRACE', 'CONNECT', 'get', '__proto__', 'constructor', '', 'PROPFIND']) {
      expect(router.find(method, '/a'), method).to.equal(undefined)
    }
  })
})
