import { expect } from 'chai'
import type { ApiKeyRecord } from '../../lib/authentication/api-key.js'
import { apiKeysOf } from '../../lib/authentication/api-key-store.js'
import { apiKeys } from '../../lib/authentication/api-keys.js'
import { createLogger } from '../../lib/audit/logger.js'
import { MemoryStateStore } from '../../lib/state/memory-state-store.js'
import { exchangeOf } from '../exchange.js'
import { portcullis } from './portcullis.js'

const day = 86_400_000

async function made(...words: readonly string[]) {
  const { status, stdout, stderr } = await portcullis('api-key', '--owner', 'warehouse', '--scope', 'orders:read', ...words)
  expect(status, stderr).to.equal(0)
  const end = stdout.indexOf('\n')
  return { key: stdout.slice(0, end), record: JSON.parse(stdout.slice(end + 1)) as ApiKeyRecord, stderr }
}

describe('portcullis api-key', () => {
  it('prints a key that its record lets in', async () => {
    const { key, record } = await made('--scope', 'orders:fulfil', '--prefix', 'acme_live', '--name', 'the robot')
    const clock = { now: () => Date.now() }
    const services = { clock, logger: createLogger({ silent: true }), state: new MemoryStateStore(), tokenVerifier: undefined }
    const way = apiKeys({ store: apiKeysOf([record]), prefix: 'acme_live' }).open(services)
    const identity = await way.identify(exchangeOf({ request: { headers: { 'x-api-key': key }, rawHeaders: ['X-API-Key', key] } }))
    expect(identity).to.deep.include({ id: 'warehouse', kind: 'client', scopes: ['orders:read', 'orders:fulfil'], tokenId: record.id })
    expect(identity).to.have.nested.property('claims.name', 'the robot')
  })

  it('shows the key once, on the first line, and says so on the error stream', async () => {
    const { key, record, stderr } = await made()
    expect(key).to.match(/^pk_[A-Za-z0-9]{15}_[A-Za-z0-9]{49}$/)
    expect(JSON.stringify(record)).not.to.include(key.slice(-49))
    expect(stderr).to.include('shown only now').and.to.include('does not expire').and.not.to.include(key)
  })

  it('lets the key end when it is told to', async () => {
    const before = Date.now()
    const lengths = { '12h': day / 2, '90d': 90 * day, '52w': 364 * day }
    for (const [time, length] of Object.entries(lengths)) {
      const { record, stderr } = await made('--expires', time)
      expect(record.expiresAt! - record.createdAt, time).to.equal(length)
      expect(record.createdAt).to.be.at.least(before)
      expect(stderr).to.include(new Date(record.expiresAt!).toISOString())
    }
  })

  it('refuses what makes no key, and names the option', async () => {
    const wrong: ReadonlyArray<readonly [words: readonly string[], said: RegExp]> = [
      [['--scope', 'orders:read'], /--owner is missing/],
      [['--owner', 'w'], /--scope is missing/],
      [['--owner', ' ', '--scope', 'a'], /owner is missing/],
      [['--owner', 'w', '--owner', 'x', '--scope', 'a'], /--owner is given 2 times/],
      [['--owner', 'w', '--scope', 'a b'], /scopes are missing or no scopes/],
      [['--owner', 'w', '--scope', 'a', '--prefix', 'P K'], /is no prefix/],
      [['--owner', 'w', '--scope', 'a', '--expires', 'never'], /--expires "never" is no time/],
    ]
    await Promise.all(
      wrong.map(async ([words, said]) => {
        const { status, stdout, stderr } = await portcullis('api-key', ...words)
        expect([status, stdout], words.join(' ')).to.deep.equal([2, ''])
        expect(stderr).to.match(said)
      }),
    )
  })
})
