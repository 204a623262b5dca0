import { expect } from 'chai'
import { Pool } from 'pg'
import type { PoolConfig } from 'pg'
import { Unavailable } from '../../lib/errors.js'
import { parseLimits } from '../../lib/rate-limit/rate-limit.js'
import type { RateLimitStore } from '../../lib/rate-limit/rate-limit.js'
import { PostgresRateLimitStore } from '../../lib/stores.js'
import type { PostgresRateLimitStoreOptions, StoreFailurePolicy } from '../../lib/stores.js'
import { pause, percentile, underLoad, until } from '../load.js'
import type { Load } from '../load.js'
import { findPostgres, startPostgres } from '../postgres-server.js'
import type { PostgresServer } from '../postgres-server.js'

const deadline = 50
const many = parseLimits('1000000 per hour')
const two = parseLimits('2 per hour')
const programs = findPostgres()
const describeWithPostgres = programs === undefined ? () => undefined : describe
const policies = ['local', 'closed', 'open'] as const satisfies readonly StoreFailurePolicy[]

/** A store with a pool of its own, and what it told. */
interface Opened {
  readonly policy: StoreFailurePolicy
  readonly store: PostgresRateLimitStore
  readonly pool: Pool
  readonly changes: string[]
}

async function consumeOnce(store: RateLimitStore, key: string, windows = two): Promise<boolean | 'unavailable'> {
  try {
    return (await store.consume([{ rule: 'rule', key, windows, cost: 1 }])).allowed
  } catch (error) {
    if (error instanceof Unavailable) return 'unavailable'
    throw error
  }
}

async function threeTimes(store: RateLimitStore, key: string): Promise<ReadonlyArray<boolean | 'unavailable'>> {
  return [await consumeOnce(store, key), await consumeOnce(store, key), await consumeOnce(store, key)]
}

/** What three calls of a limit of two get while nobody counts but the policy. */
const stoodIn: Readonly<Record<StoreFailurePolicy, ReadonlyArray<boolean | 'unavailable'>>> = {
  local: [true, true, false],
  closed: ['unavailable', 'unavailable', 'unavailable'],
  open: [true, true, true],
}

describeWithPostgres('PostgreSQL, in the middle of a load', function () {
  this.timeout(30_000)
  let server: PostgresServer
  let pools: Pool[] = []
  const rejections: unknown[] = []
  const note = (reason: unknown) => void rejections.push(reason)

  before(async () => {
    process.on('unhandledRejection', note)
    server = await startPostgres(programs ?? '', 'max_connections=30')
  })

  afterEach(async () => {
    server.resume()
    await Promise.all(pools.map(async (pool) => pool.end()))
    pools = []
    expect(rejections).to.deep.equal([])
  })

  after(async () => {
    process.off('unhandledRejection', note)
    await server.stop()
  })

  function poolOf(config: PoolConfig = {}): Pool {
    const pool = new Pool({ connectionString: server.url, max: 5, connectionTimeoutMillis: 500, ...config })
    pool.on('error', () => undefined)
    pools.push(pool)
    return pool
  }

  async function opened(policy: StoreFailurePolicy, options: PostgresRateLimitStoreOptions = {}): Promise<Opened> {
    const pool = poolOf()
    const store = await PostgresRateLimitStore.open(pool, { onStoreFailure: policy, deadline, remembersRefusals: false, ...options })
    const changes: string[] = []
    store.watch(({ state }) => changes.push(state))
    return { policy, store, pool, changes }
  }

  const load = ({ store }: Opened, during: () => Promise<void>) =>
    underLoad(
      async (place) => (await store.consume([{ rule: 'load', key: String(place), windows: many, cost: 1 }])).allowed,
      during,
    )

  const back = async ({ store, changes }: Opened) =>
    until(async () => {
      await consumeOnce(store, 'back', many)
      return changes.at(-1) === 'back'
    })

  function waitedNoLonger({ took, others }: Load): void {
    expect(others).to.deep.equal([])
    expect(percentile(took, 0.99)).to.be.below(deadline + 10 + 15)
  }

  for (const policy of policies) {
    it(`paused, killed and restarted empty, is waited for no longer than its deadline, and comes back (${policy})`, async () => {
      const one = await opened(policy)
      const { store, changes, pool } = one
      await threeTimes(store, 'before')

      let queued = 0
      const paused = await load(one, async () => {
        await pause(100)
        server.pause()
        await pause(600)
        queued = pool.waitingCount
        expect(await threeTimes(store, 'paused')).to.deep.equal(stoodIn[policy])
      })
      waitedNoLonger(paused)
      expect(changes).to.deep.equal(['lost'])
      expect(paused.unavailable > 0).to.equal(policy === 'closed')
      expect(queued, 'what waits for a connection').to.be.at.most(10)
      server.resume()
      await back(one)
      expect(await threeTimes(store, 'before'), 'it was only away').to.deep.equal(
        policy === 'closed' ? ['unavailable', 'unavailable', 'unavailable'].map(() => false) : [false, false, false],
      )

      const killed = await load(one, async () => {
        await pause(100)
        await server.kill()
        await pause(300)
        expect(await threeTimes(store, 'killed')).to.deep.equal(stoodIn[policy])
      })
      waitedNoLonger(killed)
      expect(changes).to.deep.equal(['lost', 'back', 'lost'])

      await server.restart()
      await back(one)
      expect(changes).to.deep.equal(['lost', 'back', 'lost', 'back'])
      expect(await threeTimes(store, 'before'), 'a crash empties unlogged tables').to.deep.equal([true, true, false])
    })
  }
})
