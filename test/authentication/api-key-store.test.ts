import { expect } from 'chai'
import { createApiKey } from '../../lib/authentication/api-key.js'
import { StoredApiKeys, apiKeysOf } from '../../lib/authentication/api-key-store.js'
import { Unavailable } from '../../lib/errors.js'
import { MemoryStateStore } from '../../lib/state/memory-state-store.js'
import { now } from './forge.js'

/** A state store that counts what is written, at a time that a test sets. */
class CountingStore extends MemoryStateStore {
  readonly #time: { now: number }
  writes = 0

  constructor(time = { now }) {
    super({ clock: { now: () => time.now } })
    this.#time = time
  }

  set time(at: number) {
    this.#time.now = at
  }

  override set(key: string, value: string, until: number): void {
    this.writes += 1
    super.set(key, value, until)
  }
}

const made = (expiresAt?: number) =>
  createApiKey({ owner: 'warehouse', scopes: ['orders:read'], expiresAt, clock: { now: () => now } }).record
const thrownBy = (run: () => Promise<unknown>) => run().catch((thrown: unknown) => thrown)

describe('stored API keys', () => {
  it('are found by their ids until they are removed', async () => {
    const keys = new StoredApiKeys(new CountingStore())
    const record = made()
    await keys.add(record)
    expect(await keys.find(record.id)).to.deep.include({ hash: record.hash, owner: 'warehouse', scopes: ['orders:read'] })
    expect(await keys.find(made().id)).to.equal(undefined)
    expect(await keys.remove(record.id)).to.equal(true)
    expect(await keys.find(record.id)).to.equal(undefined)
    expect(await keys.remove(record.id)).to.equal(false)
  })

  it('are never put in the place of another, and never broken ones', async () => {
    const keys = new StoredApiKeys(new CountingStore())
    const record = made()
    await keys.add(record)
    expect(await thrownBy(() => keys.add({ ...made(), id: record.id }))).to.be.instanceOf(TypeError)
    expect((await keys.find(record.id))?.hash).to.equal(record.hash)
    expect(await thrownBy(() => keys.add({ ...made(), scopes: [] }))).to.be.instanceOf(TypeError)
  })

  it('outlive their end by a month, so that the log can tell it, and then go', async () => {
    const state = new CountingStore()
    const keys = new StoredApiKeys(state)
    const [ending, endless] = [made(now + 1000), made()]
    await keys.add(ending)
    await keys.add(endless)
    state.time = now + 86_400_000
    expect(await keys.find(ending.id)).to.include({ id: ending.id })
    state.time = now + 1000 + 30 * 86_400_000
    expect(await keys.find(ending.id)).to.equal(undefined)
    expect(await keys.find(endless.id)).to.include({ id: endless.id })
  })

  it('note their use once a minute, of twenty at once too', async () => {
    const state = new CountingStore()
    const keys = new StoredApiKeys(state)
    const record = made()
    await keys.add(record)
    state.writes = 0
    await Promise.all(Array.from({ length: 20 }, () => keys.used(record.id, now + 5)))
    await keys.used(record.id, now + 60_004)
    expect(state.writes).to.equal(1)
    expect(await keys.find(record.id)).to.include({ lastUsedAt: now + 5 })
    await keys.used(record.id, now + 60_005)
    expect(state.writes).to.equal(2)
  })

  it('do not come back when a use is noted while they are removed', async () => {
    const state = new CountingStore()
    const keys = new StoredApiKeys(state)
    const record = made()
    await keys.add(record)
    const noting = keys.used(record.id, now)
    await keys.remove(record.id)
    await noting
    await keys.used(record.id, now)
    expect(await keys.find(record.id)).to.equal(undefined)
  })

  it('say nothing where the store does not', async () => {
    const state = Object.assign(new MemoryStateStore(), { get: () => Promise.reject(new Unavailable()) })
    expect(await thrownBy(() => new StoredApiKeys(state).find('x'))).to.be.instanceOf(Unavailable)
  })
})

describe('API keys out of a list', () => {
  it('are found by their ids, with when they were last used', () => {
    const [one, other] = [made(), made()]
    const keys = apiKeysOf([one, other])
    expect(keys.find(one.id)).to.deep.equal(one)
    expect(keys.find('__proto__')).to.equal(undefined)
    void keys.used(one.id, now + 5)
    void keys.used('unknown', now)
    expect(keys.find(one.id)).to.deep.equal({ ...one, lastUsedAt: now + 5 })
    expect(keys.find(other.id)).to.deep.equal(other)
    expect(keys.find('unknown')).to.equal(undefined)
  })

  it('do not change with the list', () => {
    const scopes = ['orders:read']
    const keys = apiKeysOf([{ ...made(), id: 'a'.repeat(15), scopes }])
    scopes.push('*')
    expect(keys.find('a'.repeat(15))).to.deep.include({ scopes: ['orders:read'] })
  })

  it('are refused where one is broken or comes twice', () => {
    const record = made()
    expect(() => apiKeysOf([record, record])).to.throw(TypeError, record.id)
    expect(() => apiKeysOf([{ ...record, hash: 'pk_secret' }])).to.throw(TypeError, 'hash')
  })
})
