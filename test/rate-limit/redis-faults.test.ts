import { expect } from 'chai'
import { Redis } from 'ioredis'
import { createClient } from 'redis'
import { Unavailable } from '../../lib/errors.js'
import { parseLimits } from '../../lib/rate-limit/rate-limit.js'
import type { RateLimitStore } from '../../lib/rate-limit/rate-limit.js'
import { RedisRateLimitStore } from '../../lib/stores.js'
import type { RedisScriptClient, StoreFailurePolicy } from '../../lib/stores.js'
import { areAtWork, besideTimers, pause, percentile, underLoad as loadOf, until } from '../load.js'
import type { Load } from '../load.js'
import { hasRedis, startRedis } from './redis-server.js'
import type { RedisServer } from './redis-server.js'

const deadline = 50
const many = parseLimits('1000000 per hour')

function underLoad(store: RateLimitStore, during: () => Promise<void>): Promise<Load> {
  const call = async (number: number) => (await store.consume([{ rule: 'load', key: String(number), windows: many, cost: 1 }])).allowed
  return loadOf(call, during, places)
}

type Connect = (port: number) => Promise<{ client: RedisScriptClient; end: () => void }>

const clients: Readonly<Record<string, Connect>> = {
  ioredis: async (port) => {
    const client = new Redis({
      port,
      host: '127.0.0.1',
      enableOfflineQueue: false,
      maxRetriesPerRequest: 0,
      lazyConnect: true,
      retryStrategy: () => 50,
    })
    client.on('error', () => undefined)
    await client.connect()
    return { client, end: () => client.disconnect() }
  },
  'node-redis': async (port) => {
    const client = createClient({ url: `redis://127.0.0.1:${port}`, disableOfflineQueue: true, socket: { reconnectStrategy: () => 50 } })
    client.on('error', () => undefined)
    await client.connect()
    return { client: client as RedisScriptClient, end: () => client.destroy() }
  },
  'ioredis as it comes': async (port) => {
    const client = new Redis({ port, host: '127.0.0.1', retryStrategy: () => 50 })
    client.on('error', () => undefined)
    return { client, end: () => client.disconnect() }
  },
}

const describeWithRedis = hasRedis() ? describe : () => undefined
const policies = ['local', 'closed', 'open'] as const satisfies readonly StoreFailurePolicy[]

type Went = Load & { readonly timer: number }

/** One store of those that live through the same faults at once, and what it went through. */
interface Survivor {
  readonly name: string
  readonly policy: StoreFailurePolicy
  readonly store: RateLimitStore
  readonly changes: string[]
  readonly seen: { paused?: Went; whilePaused?: readonly string[]; killed?: Went; whileKilled?: readonly string[] }
}

/** Calls from so many places for each store: nine stores share this process. */
const places = 4

async function isBack({ store, changes }: Survivor): Promise<boolean> {
  await Promise.resolve(store.consume([{ rule: 'load', key: 'x', windows: many, cost: 1 }])).catch(() => undefined)
  return changes.at(-1) !== 'lost'
}

describeWithRedis('Redis, in the middle of a load', () => {
  const survivors: Survivor[] = []
  const ends: Array<() => void> = []
  let server: RedisServer

  async function survivor(name: string, connect: Connect, policy: StoreFailurePolicy): Promise<Survivor> {
    const { client, end } = await connect(server.port)
    ends.push(end)
    const store = new RedisRateLimitStore(client, { onStoreFailure: policy, deadline })
    const changes: string[] = []
    store.watch(({ state }) => changes.push(state))
    await until(async () =>
      store.consume([{ rule: 'warm', key: '', windows: many, cost: 1 }]).then(
        ({ allowed }) => allowed,
        () => false,
      ),
    )
    return { name, policy, store, changes, seen: {} }
  }

  /** What all of them went through together, with what a timer as long as their deadline took meanwhile. */
  async function allUnderLoad(during: () => Promise<void>): Promise<readonly Went[]> {
    const done = during()
    const [loads, timer] = await besideTimers(deadline, () => Promise.all(survivors.map(({ store }) => underLoad(store, () => done))))
    return loads.map((load) => ({ ...load, timer }))
  }

  before(async () => {
    server = await startRedis()
    for (const [name, connect] of Object.entries(clients)) {
      for (const policy of policies) survivors.push(await survivor(name, connect, policy))
    }
    const whilePaused = await allUnderLoad(async () => {
      await pause(100)
      await areAtWork(survivors)
      server.pause()
      await pause(400)
    })
    for (const [at, { seen, changes }] of survivors.entries()) {
      seen.paused = whilePaused[at] as Went
      seen.whilePaused = [...changes]
    }
    server.resume()
    await Promise.all(survivors.map(async (one) => until(() => isBack(one))))

    const whileKilled = await allUnderLoad(async () => {
      await pause(100)
      await areAtWork(survivors)
      await server.stop()
      await pause(300)
    })
    for (const [at, { seen, changes }] of survivors.entries()) {
      seen.killed = whileKilled[at] as Went
      seen.whileKilled = [...changes]
    }
    server = await startRedis(server.port)
    await Promise.all(survivors.map(async (one) => until(() => isBack(one))))
  })

  after(async () => {
    server.resume()
    for (const end of ends) end()
    await server.stop()
  })

  for (const name of Object.keys(clients)) {
    for (const policy of policies) {
      it(`paused, killed and restarted, is waited for no longer than its deadline, and comes back (${name}, ${policy})`, async () => {
        const one = survivors.find((other) => other.name === name && other.policy === policy) as Survivor
        const { paused, killed, whilePaused, whileKilled } = one.seen as Required<Survivor['seen']>
        for (const { others, took, unavailable, timer } of [paused, killed]) {
          expect(others).to.deep.equal([])
          expect(percentile(took, 0.99)).to.be.below(timer + 10 + 15)
          expect(unavailable > 0).to.equal(policy === 'closed')
        }
        expect(whilePaused).to.deep.equal(['lost'])
        expect(whileKilled).to.deep.equal(['lost'])
        expect(one.changes).to.deep.equal(['lost', 'back'])
        const verdicts = []
        const charges = [{ rule: 'after', key: `${name} ${policy}`, windows: parseLimits('2 per hour'), cost: 1 }]
        for (let call = 0; call < 3; call += 1) verdicts.push(await one.store.consume(charges))
        expect(verdicts.map(({ allowed }) => allowed)).to.deep.equal([true, true, false])
      })
    }
  }

  for (const [what, settings, fail] of [
    ['is full', ['--maxmemory', '1'], async () => undefined],
    ['is read-only', [], async (admin: Redis) => void (await admin.replicaof('127.0.0.1', 1))],
    ['has another meaning for the key', [], async (admin: Redis) => void (await admin.set('{portcullis}:limit:rule|key', 'text'))],
  ] as const) {
    it(`is stood in for where it ${what}`, async () => {
      const server = await startRedis(undefined, ...settings)
      const { client, end } = await clients['ioredis']!(server.port)
      const admin = new Redis(server.port, '127.0.0.1')
      try {
        await fail(admin)
        const charges = [{ rule: 'rule', key: 'key', windows: parseLimits('2 per hour'), cost: 1 }]
        const store = new RedisRateLimitStore(client, { deadline: 1_000 })
        const verdicts = []
        for (let call = 0; call < 3; call += 1) verdicts.push((await store.consume(charges)).allowed)
        expect(verdicts).to.deep.equal([true, true, false])
        const closed = new RedisRateLimitStore(client, { deadline: 1_000, onStoreFailure: 'closed' })
        expect(await closed.consume(charges).catch((error: unknown) => error)).to.be.instanceOf(Unavailable)
      } finally {
        admin.disconnect()
        end()
        await server.stop()
      }
    })
  }
})
