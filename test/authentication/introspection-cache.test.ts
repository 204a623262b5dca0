import { expect } from 'chai'
import { IntrospectionCache } from '../../lib/authentication/introspection-cache.js'

describe('what an issuer said of tokens', () => {
  it('is known from when it was said until it ends', () => {
    const cache = new IntrospectionCache<string>(10)
    cache.set('a', 'good', 1_000, 2_000)
    expect([999, 1_000, 1_999, 2_000].map((time) => cache.get('a', time))).to.deep.equal([undefined, 'good', 'good', undefined])
    expect([cache.get('b', 1_000), cache.get('__proto__', 1_000), cache.get('size', 1_000)]).to.deep.equal([
      undefined,
      undefined,
      undefined,
    ])
  })

  it('is forgotten in the order in which it was said last', () => {
    const cache = new IntrospectionCache<string>(2)
    cache.set('a', 'one', 0, 9)
    cache.set('b', 'two', 0, 9)
    cache.set('a', 'three', 0, 9)
    cache.set('c', 'four', 0, 9)
    expect(['a', 'b', 'c'].map((name) => cache.get(name, 1))).to.deep.equal(['three', undefined, 'four'])
  })

  it('takes no place where it holds for no time, and replaces what was said before', () => {
    const cache = new IntrospectionCache<string>(1)
    cache.set('a', 'good', 0, 9)
    for (const until of [5, 4, Number.NaN]) cache.set('b', 'nothing', 5, until)
    expect([cache.get('a', 5), cache.get('b', 5)]).to.deep.equal(['good', undefined])
    cache.set('a', 'nothing', 5, 5)
    expect(cache.get('a', 5)).to.equal(undefined)
    cache.set('c', 'for ever', 5, Infinity)
    expect(cache.get('c', 253_402_300_799_000)).to.equal('for ever')
  })
})
