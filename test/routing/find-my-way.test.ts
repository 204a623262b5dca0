import findMyWay from 'find-my-way'
import { expect } from 'chai'
import fc from 'fast-check'
import { Router } from '../../lib/routing/router.js'

const part = fc.constantFrom('a', 'b', 'orders', 'o~r-d', ':id', ':name')
const route = fc
  .tuple(fc.array(part, { maxLength: 4 }), fc.boolean())
  .map(([parts, isOpen]) => parts.map((one, index) => (one.startsWith(':') ? `${one}${index}` : one)).concat(isOpen ? ['*'] : []))
// Not the empty one: that is no parameter's value here, and one there.
const segment = fc.oneof(
  { arbitrary: fc.constantFrom('a', 'b', 'orders', 'o~r-d', 'A', '.', '%61', 'order%73', '%25', 'x%20y', ':id', '*', 'é'), weight: 5 },
  { arbitrary: fc.string({ minLength: 1 }).map(encodeURIComponent), weight: 1 },
)
const path = fc.array(segment, { maxLength: 5 }).map((segments) => `/${segments.join('/')}`)

/** Two routes of one shape cannot both be. */
const shapeOf = (segments: readonly string[]) => `/${segments.map((one) => (one.startsWith(':') ? ':' : one)).join('/')}`

/** The same routes, by the router of Fastify. */
function reference(routes: ReadonlyMap<string, string>) {
  const router = findMyWay({ caseSensitive: true, maxParamLength: 8_192 })
  for (const [shape, own] of routes) router.on('GET', own, () => undefined, shape)
  return (wanted: string) => {
    const found = router.find('GET', wanted)
    if (found === null || Object.values(found.params).includes('')) return undefined
    return { route: found.store as string, params: { ...found.params } }
  }
}

describe('the router, beside find-my-way', () => {
  it('finds the same route and the same parameters', () => {
    let found = 0
    fc.assert(
      fc.property(fc.array(route, { minLength: 1, maxLength: 8 }), fc.array(path, { minLength: 20, maxLength: 20 }), (routes, paths) => {
        const byShape = new Map(routes.map((one) => [shapeOf(one), `/${one.join('/')}`]))
        const router = new Router<string>()
        for (const [shape, own] of byShape) router.add('GET', own, shape)
        const expected = reference(byShape)
        for (const wanted of paths) {
          const match = router.find('GET', wanted)
          if (match !== undefined) found += 1
          const own = match === undefined ? undefined : { route: match.route, params: { ...match.params } }
          expect(own, `${wanted} of ${[...byShape.values()].join(' ')}`).to.deep.equal(expected(wanted))
        }
      }),
      { numRuns: 400 },
    )
    expect(found).to.be.above(300)
  })
})
