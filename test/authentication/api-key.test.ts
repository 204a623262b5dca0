import { createHash } from 'node:crypto'
import { expect } from 'chai'
import * as fc from 'fast-check'
import { createApiKey, keyIdIn, problemsWith } from '../../lib/authentication/api-key.js'
import type { ApiKeyOptions, ApiKeyRecord } from '../../lib/authentication/api-key.js'
import { now } from './forge.js'

const clock = { now: () => now }
const wanted: ApiKeyOptions = { owner: 'warehouse', scopes: ['orders:read'], clock }
const alphabet = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'

describe('an API key', () => {
  it('has a prefix, an id, 256 random bits and a checksum, in characters that select together', () => {
    const { key, record } = createApiKey(wanted)
    expect(key).to.match(/^pk_[A-Za-z0-9]{15}_[A-Za-z0-9]{43}[A-Za-z0-9]{6}$/)
    expect(key).to.include(`pk_${record.id}_`)
    expect(createApiKey({ ...wanted, prefix: 'acme_live' }).key).to.match(/^acme_live_[A-Za-z0-9]{15}_[A-Za-z0-9]{49}$/)
  })

  it('is never made twice, and leaves no character out', () => {
    const made = Array.from({ length: 500 }, () => createApiKey(wanted))
    expect(new Set(made.map(({ record }) => record.id)).size).to.equal(500)
    expect(new Set(made.map(({ key }) => key.slice(19))).size).to.equal(500)
    expect(new Set(made.flatMap(({ key }) => Array.from(key.slice(19))))).to.deep.equal(new Set(alphabet))
  })

  it('is kept as a hash alone, with all that is known of it', () => {
    const { key, record } = createApiKey({ ...wanted, expiresAt: now + 1, name: 'the robot', kind: 'user' })
    expect(record).to.deep.include({ owner: 'warehouse', kind: 'user', scopes: ['orders:read'], name: 'the robot' })
    expect(record).to.include({ createdAt: now, expiresAt: now + 1, lastUsedAt: undefined })
    expect(record.hash).to.equal(createHash('sha256').update(key).digest('base64url'))
    expect(JSON.stringify(record)).not.to.include(key.slice(-49))
    expect(Object.isFrozen(record) && Object.isFrozen(record.scopes)).to.equal(true)
  })

  it('stays readable: this one was made long ago', () => {
    const key = 'pk_7pJtSWCRikXc53o_uRaeu4VAQOzVXsz9UNwuvqEgEaEqh8AUtPRcTNMMx290hDMbK'
    expect(keyIdIn(key, 'pk')).to.equal('7pJtSWCRikXc53o')
  })

  it('is known by its checksum to be mistyped, whichever character is wrong', () => {
    const { key } = createApiKey(wanted)
    fc.assert(
      fc.property(fc.nat(key.length - 1), fc.constantFrom(...Array.from(`${alphabet}_- é`)), (index, character) => {
        const mistyped = key.slice(0, index) + character + key.slice(index + 1)
        expect(keyIdIn(mistyped, 'pk') === undefined).to.equal(mistyped !== key)
      }),
    )
  })

  it('is none when it is cut off, goes on, or has another prefix', () => {
    const { key } = createApiKey(wanted)
    for (const text of [
      '',
      'pk',
      'pk_',
      key.slice(0, -1),
      `${key}0`,
      ` ${key}`,
      `${key}\n`,
      key.toUpperCase(),
      `sk${key.slice(2)}`,
      `p${key}`,
    ]) {
      expect(keyIdIn(text, 'pk'), text).to.equal(undefined)
    }
    fc.assert(fc.property(fc.string({ maxLength: 100 }), (text) => keyIdIn(text, 'pk') === undefined))
  })

  it('is not made of options that would make it worthless or boundless', () => {
    const wrong: ReadonlyArray<readonly [object, string]> = [
      ...['', ' ', undefined, 7, '\ud800'].map((owner) => [{ owner }, 'owner'] as const),
      ...[[], undefined, 'orders:read', [''], ['orders read'], ['a"b'], [1]].map((scopes) => [{ scopes }, 'scopes'] as const),
      ...['', 'PK', '_', 'a_', 'a b', 'a__b', '1a', 'a'.repeat(33), 3].map((prefix) => [{ prefix }, 'prefix'] as const),
      ...[now, now - 1, Number.NaN, Infinity, 1.5, '2030', null].map((expiresAt) => [{ expiresAt }, 'expiresAt'] as const),
      [{ kind: 'admin' }, 'kind'],
      [{ name: 7 }, 'name'],
    ]
    for (const [options, word] of wrong) {
      expect(() => createApiKey({ ...wanted, ...options }), JSON.stringify(options)).to.throw(TypeError, word)
    }
  })

  it('comes with a record that is checked again when it is read', () => {
    const { key, record } = createApiKey(wanted)
    expect(problemsWith(record)).to.deep.equal([])
    expect(problemsWith(JSON.parse(JSON.stringify(record)) as ApiKeyRecord)).to.deep.equal([])
    for (const change of [
      { id: 'a:b' },
      { hash: key },
      { scopes: [] },
      { expiresAt: '1700000000000' },
      { createdAt: null },
      { lastUsedAt: 'now' },
    ]) {
      expect(problemsWith({ ...record, ...change } as unknown as ApiKeyRecord), JSON.stringify(change)).to.have.length(1)
    }
  })
})
