import { expect } from 'chai'
import { MemoryRevocations } from '../../lib/authentication/revocations.js'
import { Unavailable } from '../../lib/errors.js'
import { now } from './forge.js'

/** A clock that a test sets. */
class SetClock {
  time = now
  now(): number {
    return this.time
  }
}

describe('revocations in memory', () => {
  it('remember a token by its id', () => {
    const revocations = new MemoryRevocations({ clock: new SetClock() })
    revocations.revoke('a', now + 1000)
    expect(['a', 'b', 'A', '', '__proto__'].map((id) => revocations.isRevoked(id))).to.deep.equal([true, false, false, false, false])
  })

  it('remember it past its end for as long as any verifier tolerates', () => {
    const clock = new SetClock()
    const revocations = new MemoryRevocations({ clock, capacity: 1 })
    revocations.revoke('a', now + 1000)
    clock.time = now + 1000 + 299_999
    expect(() => revocations.revoke('b', clock.time + 1000)).to.throw(Unavailable)
    expect(revocations.isRevoked('a')).to.equal(true)
    clock.time += 1
    revocations.revoke('b', clock.time + 1000)
    expect([revocations.isRevoked('a'), revocations.isRevoked('b'), revocations.size]).to.deep.equal([false, true, 1])
  })

  it('refuse the next rather than forget one, when they are full', () => {
    const revocations = new MemoryRevocations({ clock: new SetClock(), capacity: 2 })
    revocations.revoke('a', now + 1000)
    revocations.revoke('b', now + 1000)
    expect(() => revocations.revoke('c', now + 1000)).to.throw(Unavailable)
    revocations.revoke('a', now + 2000)
    expect(['a', 'b', 'c'].map((id) => revocations.isRevoked(id))).to.deep.equal([true, true, false])
  })

  it('keep the later end of a token that is revoked twice', () => {
    const clock = new SetClock()
    const revocations = new MemoryRevocations({ clock, capacity: 1 })
    revocations.revoke('a', now + 500_000)
    revocations.revoke('a', now + 1)
    clock.time = now + 700_000
    expect(() => revocations.revoke('b', now + 900_000)).to.throw(Unavailable)
    expect(revocations.isRevoked('a')).to.equal(true)
  })

  it('hold nothing for tokens that nobody takes any more', () => {
    const clock = new SetClock()
    const revocations = new MemoryRevocations({ clock })
    revocations.revoke('a', now - 300_000)
    expect(revocations.size).to.equal(0)
    for (let round = 0; round < 20; round += 1) {
      for (let index = 0; index < 1_000; index += 1) revocations.revoke(`${round}-${index}`, clock.time + 1)
      clock.time += 400_000
    }
    expect(revocations.size).to.be.at.most(2_000)
  })

  it('throw for a revocation that would revoke nothing', () => {
    const revocations = new MemoryRevocations()
    for (const [id, end] of [
      ['', now],
      [undefined, now],
      ['a', undefined],
      ['a', Number.NaN],
      ['a', Infinity],
    ]) {
      expect(() => revocations.revoke(id as string, end as number)).to.throw(TypeError)
    }
    for (const capacity of [0, -1, 1.5, Number.NaN, Infinity]) expect(() => new MemoryRevocations({ capacity })).to.throw(RangeError)
  })
})
