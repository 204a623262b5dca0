import crypto from 'node:crypto'
import { expect } from 'chai'
import type { Identity } from '../../lib/context.js'
import { TokenCache } from '../../lib/authentication/token-cache.js'
import { goodClaims, goodHeader, goodToken, now, seconds, segment, signed, verdict, verifierOf } from './forge.js'

const identity = verifierOf().verify(goodToken, now) as Identity
const always = { from: -Infinity, until: Infinity }

describe('remembered tokens', () => {
  it('are verified once, and give the same frozen identity', () => {
    const original = crypto.createHmac
    let count = 0
    Object.assign(crypto, { createHmac: (...args: Parameters<typeof original>) => ((count += 1), original(...args)) })
    try {
      const verifier = verifierOf()
      const first = verifier.verify(goodToken, now)
      expect(verifier.verify(Buffer.from(goodToken).toString(), now)).to.equal(first)
      expect(Object.isFrozen(first)).to.equal(true)
      expect(count).to.equal(1)
      const forgetful = verifierOf({ cache: false })
      expect(forgetful.verify(goodToken, now)).not.to.equal(forgetful.verify(goodToken, now))
      expect(count).to.equal(3)
    } finally {
      Object.assign(crypto, { createHmac: original })
    }
  })

  it('never answer for another token with the same signature', () => {
    const verifier = verifierOf()
    expect(verdict(verifier, goodToken)).to.equal('accepted')
    const [header = '', , signature = ''] = goodToken.split('.')
    const carol = segment({ ...goodClaims, sub: 'carol' })
    expect(verdict(verifier, `${header}.${carol}.${signature}`)).to.equal('bad-signature')
    expect(verdict(verifier, `${segment({ ...goodHeader, x: 1 })}.${segment(goodClaims)}.${signature}`)).to.equal('bad-signature')
    expect(verdict(verifier, signature)).to.equal('malformed')
    expect(verdict(verifier, goodToken)).to.equal('accepted')
  })

  it('are asked for their times at each hit', () => {
    const verifier = verifierOf({ clockTolerance: 2 })
    const at = (milliseconds: number) => verdict(verifier, goodToken, now + milliseconds)
    expect([0, 61_999, 62_000].map(at)).to.deep.equal(['accepted', 'accepted', 'expired'])
    const later = signed(goodHeader, { ...goodClaims, nbf: seconds + 10 })
    expect([12_000, 7_999, 8_000].map((time) => verdict(verifier, later, now + time))).to.deep.equal([
      'accepted',
      'not-yet-valid',
      'accepted',
    ])
  })

  it('belong to one verifier', () => {
    const mine = verifierOf()
    const other = verifierOf({ audience: 'https://other.test' })
    expect(verdict(mine, goodToken)).to.equal('accepted')
    expect(verdict(other, goodToken)).to.equal('wrong-audience')
  })

  it('are bounded: the oldest goes', () => {
    const cache = new TokenCache(3)
    const tokens = ['a', 'b', 'c', 'd'].map((end) => `x.y.${end.repeat(43)}`)
    for (const token of tokens) cache.set(token, identity, always)
    expect(tokens.map((token) => cache.get(token, now) !== undefined)).to.deep.equal([false, true, true, true])
  })

  it('go when they have expired, or are forgotten', () => {
    const cache = new TokenCache(3)
    cache.set(goodToken, identity, { from: now, until: now + 1 })
    expect(cache.get(goodToken, now)).to.equal(identity)
    expect(cache.get(goodToken, now + 1)).to.equal(undefined)
    expect(cache.get(goodToken, now)).to.equal(undefined)
    cache.set(goodToken, identity, always)
    cache.delete(goodToken)
    expect(cache.get(goodToken, now)).to.equal(undefined)
  })

  it('are compared whole, where two signatures end alike', () => {
    const cache = new TokenCache(3)
    const end = 'e'.repeat(43)
    cache.set(`a.b.1${end}`, identity, always)
    expect(cache.get(`a.b.2${end}`, now)).to.equal(undefined)
    expect(cache.get(`a.b.1${end}`, now)).to.equal(identity)
  })
})
