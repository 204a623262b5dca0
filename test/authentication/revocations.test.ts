import { expect } from 'chai'
import type { Identity } from '../../lib/context.js'
import { StoredRevocations } from '../../lib/authentication/revocations.js'
import { Unavailable } from '../../lib/errors.js'
import { MemoryStateStore } from '../../lib/state/memory-state-store.js'
import type { StateStore } from '../../lib/state/state-store.js'
import { fakeClock } from '../../lib/testing.js'
import { goodToken, issuer, now, verifierOf } from './forge.js'

const alice = verifierOf().verify(goodToken, now) as Identity
const identity = (parts: Partial<Identity>): Identity => ({ ...alice, issuedAt: now, ...parts })

function inMemory(clock = fakeClock(now), capacity = 1_000) {
  const state = new MemoryStateStore({ clock, capacity })
  return { clock, state, revocations: new StoredRevocations(state, { clock }) }
}

/** The same store, each answer a promise. */
function asynchronous(state: MemoryStateStore): StateStore {
  return {
    get: async (key) => state.get(key),
    set: async (key, value, until) => state.set(key, value, until),
    add: async (key, value, until) => state.add(key, value, until),
    replace: async (key, expected, value, until) => state.replace(key, expected, value, until),
    take: async (key) => state.take(key),
  }
}

describe('revocations', () => {
  it('end one token by its issuer and id, and no other', () => {
    const { revocations } = inMemory()
    void revocations.revokeToken({ issuer, tokenId: 'a', expiresAt: now + 1000 })
    expect(['a', 'b', 'A', '', '__proto__'].map((tokenId) => revocations.isRevoked(identity({ tokenId })))).to.deep.equal([
      ...[true, false, false, false, false],
    ])
    expect(revocations.isRevoked(identity({ tokenId: 'a', issuer: 'https://other.test' }))).to.equal(false)
  })

  it('end all tokens of a subject that were issued until then, those of the same second and those without a date', () => {
    const { clock, revocations } = inMemory()
    clock.time = now + 500
    void revocations.revokeSubject({ issuer, id: 'alice' })
    const issuedAt = (at: number | undefined) => revocations.isRevoked(identity({ issuedAt: at }))
    expect([now - 60_000, now, now + 1000, undefined].map(issuedAt)).to.deep.equal([true, true, false, true])
    expect(revocations.isRevoked(identity({ id: 'bob' }))).to.equal(false)
    expect(revocations.isRevoked(identity({ issuer: 'https://other.test' }))).to.equal(false)
  })

  it('end all tokens of a login, later ones too', () => {
    const { revocations } = inMemory()
    void revocations.revokeSession({ issuer, sessionId: 's1' })
    expect(revocations.isRevoked(identity({ sessionId: 's1', issuedAt: now + 60_000 }))).to.equal(true)
    expect(revocations.isRevoked(identity({ sessionId: 's2' }))).to.equal(false)
    expect(revocations.isRevoked(identity({}))).to.equal(false)
  })

  it('end all tokens of a key, for good', () => {
    const { clock, revocations } = inMemory()
    void revocations.revokeKey({ issuer, keyId: 'one' })
    clock.time = now + 1e13
    expect(revocations.isRevoked(identity({ keyId: 'one', issuedAt: clock.time }))).to.equal(true)
    expect(revocations.isRevoked(identity({ keyId: 'two' }))).to.equal(false)
  })

  it('keep the four apart, whatever an issuer calls its things', () => {
    const { revocations } = inMemory()
    void revocations.revokeToken({ issuer: 'a', tokenId: 'b:c', expiresAt: now + 1000 })
    void revocations.revokeSession({ issuer: 'x', sessionId: 'same' })
    expect(revocations.isRevoked(identity({ issuer: 'a:b', tokenId: 'c' }))).to.equal(false)
    expect(revocations.isRevoked(identity({ issuer: 'x', tokenId: 'same', keyId: 'same', id: 'same' }))).to.equal(false)
  })

  it('remember a token past its end for as long as any verifier tolerates', () => {
    const { clock, revocations } = inMemory()
    void revocations.revokeToken({ issuer, tokenId: 'a', expiresAt: now + 1000 })
    clock.time = now + 1000 + 299_999
    expect(revocations.isRevoked(identity({ tokenId: 'a' }))).to.equal(true)
    clock.time += 1
    expect(revocations.isRevoked(identity({ tokenId: 'a' }))).to.equal(false)
  })

  it('remember a subject for as long as its longest token lives', () => {
    const clock = fakeClock(now)
    const revocations = new StoredRevocations(new MemoryStateStore({ clock }), { clock, longestLifetime: 60 })
    void revocations.revokeSubject({ issuer, id: 'alice' })
    clock.time = now + 359_999
    expect(revocations.isRevoked(identity({}))).to.equal(true)
    clock.time += 1
    expect(revocations.isRevoked(identity({}))).to.equal(false)
  })

  it('give nothing back where a subject is revoked again by a clock that is behind', async () => {
    for (const share of [(state: StateStore) => state, asynchronous]) {
      const state = share(new MemoryStateStore({ clock: fakeClock(now) }))
      const at = (time: number) => new StoredRevocations(state, { clock: fakeClock(time) })
      const [right, behind, ahead] = [at(now), at(now - 5_000), at(now + 5_000)]
      await Promise.all([ahead, right, behind, ahead, right].map(async (one) => one.revokeSubject({ issuer, id: 'alice' })))
      await behind.revokeSubject({ issuer, id: 'alice' })
      expect(await right.isRevoked(identity({ issuedAt: now + 5_000 }))).to.equal(true)
      expect(await right.isRevoked(identity({ issuedAt: now + 5_001 }))).to.equal(false)
    }
  })

  it('refuse the next rather than forget one, when the store is full', () => {
    const { revocations } = inMemory(fakeClock(now), 2)
    for (const tokenId of ['a', 'b']) void revocations.revokeToken({ issuer, tokenId, expiresAt: now + 1000 })
    expect(() => revocations.revokeToken({ issuer, tokenId: 'c', expiresAt: now + 1000 })).to.throw(Unavailable)
    expect(['a', 'b'].map((tokenId) => revocations.isRevoked(identity({ tokenId })))).to.deep.equal([true, true])
  })

  it('say the same out of a store that takes its time', async () => {
    const { clock, state } = inMemory()
    const revocations = new StoredRevocations(asynchronous(state), { clock })
    expect(await revocations.isRevoked(alice)).to.equal(false)
    await revocations.revokeToken(alice)
    expect(await revocations.isRevoked(alice)).to.equal(true)
    await revocations.revokeSubject({ issuer, id: 'bob' })
    expect(await revocations.isRevoked(identity({ id: 'bob', tokenId: undefined }))).to.equal(true)
  })

  it('say nothing where the store does not', async () => {
    const revocations = new StoredRevocations({ ...asynchronous(new MemoryStateStore()), get: () => Promise.reject(new Unavailable()) })
    const answer = await Promise.resolve(revocations.isRevoked(alice)).catch((thrown: unknown) => thrown)
    expect(answer).to.be.instanceOf(Unavailable)
  })

  it('throw for a revocation that would revoke nothing', () => {
    const { revocations } = inMemory()
    expect(() => revocations.revokeToken({ issuer, tokenId: undefined, expiresAt: now })).to.throw(TypeError)
    expect(() => revocations.revokeToken({ issuer, tokenId: 'a', expiresAt: Number.NaN })).to.throw(TypeError)
    expect(() => revocations.revokeSubject({ issuer, id: '' })).to.throw(TypeError)
    expect(() => revocations.revokeSession({ issuer, sessionId: undefined })).to.throw(TypeError)
    expect(() => revocations.revokeKey({ issuer, keyId: '' })).to.throw(TypeError)
    for (const longestLifetime of [0, -1, Number.NaN, Infinity]) {
      expect(() => new StoredRevocations(new MemoryStateStore(), { longestLifetime })).to.throw(RangeError)
    }
  })
})
