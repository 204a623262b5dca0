import { expect } from 'chai'
import { createApiKey } from '../../lib/authentication/api-key.js'
import type { ApiKeyOptions, CreatedApiKey } from '../../lib/authentication/api-key.js'
import { StoredApiKeys, apiKeysOf } from '../../lib/authentication/api-key-store.js'
import type { ApiKeyStore } from '../../lib/authentication/api-key-store.js'
import { apiKeys } from '../../lib/authentication/api-keys.js'
import type { ApiKeysOptions } from '../../lib/authentication/api-keys.js'
import { authentication } from '../../lib/authentication/authentication.js'
import { StoredRevocations } from '../../lib/authentication/revocations.js'
import { createLogger } from '../../lib/audit/logger.js'
import { claimsAndRoles, principalBuilder } from '../../lib/authorization/permissions.js'
import { ApiError, Unavailable } from '../../lib/errors.js'
import type { Exchange } from '../../lib/exchange.js'
import { MemoryStateStore } from '../../lib/state/memory-state-store.js'
import { now } from './forge.js'
import { exchangeWith, routeSetup } from './request.js'
import { take } from '../exchange.js'

const clock = { now: () => now }
const make = (options: Partial<ApiKeyOptions> = {}) =>
  createApiKey({ owner: 'warehouse', scopes: ['orders:read', 'orders:fulfil'], clock: { now: () => now - 3_600_000 }, ...options })

/** A logger whose lines a test reads. */
function listening() {
  const lines: string[] = []
  const logger = Object.assign(createLogger({ silent: true }), {
    warn: (...parts: unknown[]) => void lines.push(parts.map((part) => (typeof part === 'string' ? part : JSON.stringify(part))).join(' ')),
  })
  return { lines, logger }
}

/** The authentication step of an API whose callers have keys. */
function gate(store: ApiKeyStore, options: Partial<ApiKeysOptions> = {}) {
  const state = new MemoryStateStore({ clock })
  const revocations = new StoredRevocations(state, { clock })
  const { lines, logger } = listening()
  const principalOf = principalBuilder(claimsAndRoles())
  const services = { tokenVerifier: undefined, revocations, state, clock, logger, principalOf, isPublic: () => false }
  const step = authentication(apiKeys({ store, ...options }), services).compile(routeSetup())!
  return { step, revocations, lines }
}

type Gate = ReturnType<typeof gate>

const sending = (...rawHeaders: readonly string[]) => exchangeWith(rawHeaders)
const withKey = (key: string) => sending('X-API-Key', key)

async function refusalOf({ step }: Gate, exchange: Exchange): Promise<ApiError> {
  try {
    await take(step, exchange)
  } catch (thrown) {
    expect(thrown).to.be.instanceOf(ApiError)
    return thrown as ApiError
  }
  return expect.fail('it was let through')
}

/** Why a request is refused; `accepted` where it is not. */
async function verdict({ step }: Gate, exchange: Exchange): Promise<string> {
  try {
    await take(step, exchange)
    return 'accepted'
  } catch (thrown) {
    if (thrown instanceof ApiError) return thrown.reason
    throw thrown
  }
}

/** A store of one key that counts the questions. */
function counting({ record }: CreatedApiKey) {
  const asked: string[] = []
  const uses: number[] = []
  const store: ApiKeyStore = {
    find: (id) => (asked.push(id), id === record.id ? record : undefined),
    used: (_id, at) => void uses.push(at),
  }
  return { asked, uses, store }
}

describe('API keys', () => {
  it('name their owner, with what they are for', () => {
    const { key, record } = make({ name: 'the robot', expiresAt: now + 1 })
    const { step } = gate(apiKeysOf([record]))
    const exchange = withKey(key)
    expect(step(exchange)).to.equal(undefined)
    const { principal } = exchange
    expect(principal).to.include({ id: 'warehouse', kind: 'client', issuer: 'api-key', tokenId: record.id })
    expect(principal).to.include({ issuedAt: now - 3_600_000, expiresAt: now + 1 })
    expect([...principal.permissions]).to.deep.equal(['orders:read', 'orders:fulfil'])
    expect(principal.claims).to.deep.equal({ name: 'the robot' })
    expect(Object.isFrozen(principal.claims)).to.equal(true)
    expect('toString' in principal.claims).to.equal(false)
  })

  it('lend no more than their scopes of what a user may, and take an issuer of their own', () => {
    const { key, record } = make({ kind: 'user', owner: 'alice' })
    const { step } = gate(apiKeysOf([record]), { issuer: 'robots' })
    const exchange = withKey(key)
    void step(exchange)
    expect(exchange.principal).to.include({ id: 'alice', kind: 'user', issuer: 'robots' })
    expect([...exchange.principal.permissions]).to.deep.equal([])
  })

  it('come in their header or as a bearer token, whatever the case of the names', async () => {
    const { key, record } = make()
    const api = gate(apiKeysOf([record]))
    for (const headers of [
      ['x-api-key', key],
      ['X-API-KEY', key],
      ['Authorization', `Bearer ${key}`],
      ['authorization', `bearer  ${key}`],
    ]) {
      expect(await verdict(api, sending(...headers)), headers[0]).to.equal('accepted')
    }
    expect(await verdict(api, sending('Authorization', `Basic ${key}`))).to.equal('no-api-key')
    expect(await verdict(api, sending('Authorization', 'Bearer eyJ.a.b'))).to.equal('no-api-key')
    expect(await verdict(api, sending('X-Robot-Key', key))).to.equal('no-api-key')
    const named = gate(apiKeysOf([record]), { header: 'X-Robot-Key' })
    expect(await verdict(named, sending('X-Robot-Key', key))).to.equal('accepted')
    expect(await verdict(named, sending('X-API-Key', key))).to.equal('no-api-key')
  })

  it('come once: of two, a proxy may have checked the other', async () => {
    const { key, record } = make()
    const api = gate(apiKeysOf([record]))
    for (const headers of [
      ['X-API-Key', key, 'x-api-key', key],
      ['X-API-Key', key, 'X-API-Key', ''],
      ['X-API-Key', key, 'Authorization', `Bearer ${key}`],
      ['Authorization', `Bearer ${key}`, 'Authorization', `Bearer ${key}`],
    ]) {
      const { status, reason } = await refusalOf(api, sending(...headers))
      expect([status, reason], headers.join()).to.deep.equal([400, 'two-api-keys'])
    }
  })

  it('are asked for with 401 where none came', async () => {
    const { status, headers } = await refusalOf(gate(apiKeysOf([]), { realm: 'orders' }), sending())
    expect([status, ...headers]).to.deep.equal([401, 'WWW-Authenticate', 'Bearer realm="orders"'])
  })

  it('are refused with one answer, whatever is wrong with them; the log knows', async () => {
    const [known, expired, unknown] = [make(), make({ expiresAt: now }), make()]
    const stolen = { key: known.key, record: { ...known.record, id: 'a'.repeat(15) } }
    const renamed = make()
    const api = gate(apiKeysOf([known.record, expired.record, { ...renamed.record, hash: known.record.hash }]))
    const mistyped = `${known.key.slice(0, -1)}${known.key.endsWith('0') ? '1' : '0'}`
    const cases: Readonly<Record<string, string>> = {
      [mistyped]: 'token-malformed',
      '': 'token-malformed',
      [`pk_${'x'.repeat(100_000)}`]: 'token-malformed',
      [unknown.key]: 'token-unknown-key',
      [renamed.key]: 'token-unknown-key',
      [expired.key]: 'token-expired',
    }
    const answers = new Set<string>()
    for (const [key, reason] of Object.entries(cases)) {
      const refusal = await refusalOf(api, withKey(key))
      expect(refusal.reason, key.slice(0, 20)).to.equal(reason)
      answers.add(JSON.stringify([refusal.status, refusal.code, refusal.message, refusal.headers]))
      const told = JSON.stringify([refusal.message, refusal.headers, String(refusal.cause), api.lines])
      if (key !== '') expect(told).not.to.include(key.slice(-49))
    }
    expect(answers.size).to.equal(1)
    expect([...answers][0])
      .to.include('401')
      .and.to.include('error=\\"invalid_token\\"')
    // A store that answers with another key's record admits nobody under that key's id.
    const confused = gate({ find: () => stolen.record, used: () => undefined })
    expect(await verdict(confused, withKey(known.key))).to.equal('token-unknown-key')
  })

  it('end with the millisecond of their end', async () => {
    const cases = [now - 1, now, now + 1].map((expiresAt) => make({ expiresAt }))
    const api = gate(apiKeysOf(cases.map(({ record }) => record)))
    const verdicts = await Promise.all(cases.map(({ key }) => verdict(api, withKey(key))))
    expect(verdicts).to.deep.equal(['token-expired', 'token-expired', 'accepted'])
  })

  it('are not looked up where the checksum is wrong', async () => {
    const known = make()
    const { asked, store } = counting(known)
    const api = gate(store)
    for (const key of [
      known.key.slice(1),
      known.key.toLowerCase(),
      `${known.key.slice(0, -2)}00`,
      `pk_${'0'.repeat(15)}_${'0'.repeat(49)}`,
    ]) {
      expect(await verdict(api, withKey(key))).to.equal('token-malformed')
    }
    expect(asked).to.deep.equal([])
  })

  it('are worth nothing from the request on that follows their removal', async () => {
    const { key, record } = make()
    const store = new StoredApiKeys(new MemoryStateStore({ clock }))
    await store.add(record)
    const api = gate(store)
    expect(await verdict(api, withKey(key))).to.equal('accepted')
    await store.remove(record.id)
    expect(await verdict(api, withKey(key))).to.equal('token-unknown-key')
  })

  it('can be revoked by their id and by their owner, and for good', async () => {
    const cases = [make(), make({ owner: 'shop' }), make({ owner: 'shop', expiresAt: now + 9e9 })]
    const api = gate(apiKeysOf(cases.map(({ record }) => record)))
    const exchange = withKey(cases[0]!.key)
    await api.step(exchange)
    await api.revocations.revokeToken(exchange.principal)
    await api.revocations.revokeSubject({ issuer: 'api-key', id: 'shop' })
    for (const { key } of cases) expect(await verdict(api, withKey(key))).to.equal('token-revoked')
  })

  it('end with 503 while the store fails, and with 500 where its records are broken', async () => {
    const { key, record } = make()
    const failing: ReadonlyArray<ApiKeyStore['find']> = [
      () => Promise.reject(new Error('connection lost')),
      () => {
        throw new Error('connection lost')
      },
      () => Promise.reject(new Unavailable(undefined, { reason: 'state-unavailable' })),
    ]
    for (const find of failing) expect((await refusalOf(gate({ find, used: () => undefined }), withKey(key))).status).to.equal(503)
    for (const change of [{ scopes: [] }, { expiresAt: 'never' }, { owner: '' }, { hash: undefined }]) {
      const { step } = gate({ find: () => ({ ...record, ...change }) as never, used: () => undefined })
      expect(() => step(withKey(key)), JSON.stringify(change))
        .to.throw(TypeError)
        .and.not.to.be.instanceOf(ApiError)
    }
    expect(await verdict(gate({ find: () => null as never, used: () => undefined }), withKey(key))).to.equal('token-unknown-key')
  })

  describe('note their use', () => {
    it('once a minute, and only the use of a good key', async () => {
      const known = make()
      const { uses, store } = counting(known)
      const api = gate(store)
      await verdict(api, withKey(make().key))
      expect(uses).to.deep.equal([])
      for (let count = 0; count < 5; count += 1) expect(await verdict(api, withKey(known.key))).to.equal('accepted')
      expect(uses).to.deep.equal([now])
    })

    it('not again where another process has noted it', async () => {
      const { key, record } = make()
      const uses: number[] = []
      const using = (lastUsedAt: number) => gate({ find: () => ({ ...record, lastUsedAt }), used: (_id, at) => void uses.push(at) })
      await verdict(using(now - 59_999), withKey(key))
      expect(uses).to.deep.equal([])
      await verdict(using(now - 60_000), withKey(key))
      expect(uses).to.deep.equal([now])
    })

    it('without making the request wait or fail, and without the key in the log', async () => {
      const { key, record } = make()
      const failing: ReadonlyArray<ApiKeyStore['used']> = [
        () => new Promise(() => undefined),
        () => Promise.reject(new Error('disk full')),
        () => {
          throw new Error('disk full')
        },
      ]
      for (const [index, used] of failing.entries()) {
        const api = gate({ find: () => record, used })
        expect(await verdict(api, withKey(key))).to.equal('accepted')
        await Promise.resolve()
        expect(api.lines).to.have.length(index === 0 ? 0 : 1)
        expect(api.lines.join()).not.to.include(key.slice(-49))
      }
    })
  })

  it('collect the mistakes of their options', () => {
    const store = apiKeysOf([])
    const placesOf = (options: object) => apiKeys({ store, ...options }).mistakes.map(({ place }) => place)
    expect(apiKeys({ store })).to.include({ name: 'api-key' })
    expect(placesOf({})).to.deep.equal([])
    const wrong: Readonly<Record<string, readonly unknown[]>> = {
      store: [undefined, null, {}, []],
      prefix: ['', 'PK', 'a-b', 7],
      header: ['', 'X API Key', 'Authorization', 'cookie', 7, 'X-API-Key\r\n'],
      issuer: ['', ' ', 7],
    }
    for (const [name, values] of Object.entries(wrong)) {
      for (const value of values) expect(placesOf({ [name]: value }), `${name}: ${String(value)}`).to.deep.equal([`apiKeys.${name}`])
    }
  })
})
