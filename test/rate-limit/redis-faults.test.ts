import { expect } from 'chai'
import { Redis } from 'ioredis'
import { createClient } from 'redis'
import { Unavailable } from '../../lib/errors.js'
import { parseLimits } from '../../lib/rate-limit/rate-limit.js'
import type { RateLimitStore } from '../../lib/rate-limit/rate-limit.js'
import { RedisRateLimitStore } from '../../lib/stores.js'
import type { RedisScriptClient, StoreFailurePolicy } from '../../lib/stores.js'
import { pause, percentile, underLoad as loadOf, until } from '../load.js'
import type { Load } from '../load.js'
import { hasRedis, startRedis } from './redis-server.js'

const deadline = 50
const many = parseLimits('1000000 per hour')

function underLoad(store: RateLimitStore, during: () => Promise<void>): Promise<Load> {
  return loadOf(async (number) => (await store.consume([{ rule: 'load', key: String(number), windows: many, cost: 1 }])).allowed, during)
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

describeWithRedis('Redis, in the middle of a load', function () {
  this.timeout(30_000)

  for (const [name, connect] of Object.entries(clients)) {
    for (const onStoreFailure of ['local', 'closed', 'open'] as const satisfies readonly StoreFailurePolicy[]) {
      it(`paused, killed and restarted, is waited for no longer than its deadline, and comes back (${name}, ${onStoreFailure})`, async () => {
        let server = await startRedis()
        const { client, end } = await connect(server.port)
        try {
          const store = new RedisRateLimitStore(client, { onStoreFailure, deadline })
          const changes: string[] = []
          store.watch(({ state }) => changes.push(state))
          await until(async () =>
            store.consume([{ rule: 'warm', key: '', windows: many, cost: 1 }]).then(
              ({ allowed }) => allowed,
              () => false,
            ),
          )

          const paused = await underLoad(store, async () => {
            await pause(100)
            server.pause()
            await pause(600)
          })
          expect(paused.others).to.deep.equal([])
          expect(percentile(paused.took, 0.99)).to.be.below(deadline + 10 + 15)
          expect(changes).to.deep.equal(['lost'])
          expect(paused.unavailable > 0).to.equal(onStoreFailure === 'closed')
          server.resume()
          await until(async () => {
            await store.consume([{ rule: 'load', key: 'x', windows: many, cost: 1 }]).catch(() => undefined)
            return changes.at(-1) === 'back'
          })

          const killed = await underLoad(store, async () => {
            await pause(100)
            await server.stop()
            await pause(400)
          })
          expect(killed.others).to.deep.equal([])
          expect(percentile(killed.took, 0.99)).to.be.below(deadline + 10 + 15)
          expect(changes).to.deep.equal(['lost', 'back', 'lost'])

          server = await startRedis(server.port)
          await until(async () => {
            await store.consume([{ rule: 'load', key: 'x', windows: many, cost: 1 }]).catch(() => undefined)
            return changes.at(-1) === 'back'
          })
          const two = parseLimits('2 per hour')
          const verdicts = []
          for (let call = 0; call < 3; call += 1) verdicts.push(await store.consume([{ rule: 'after', key: '', windows: two, cost: 1 }]))
          expect(verdicts.map(({ allowed }) => allowed)).to.deep.equal([true, true, false])
        } finally {
          server.resume()
          end()
          await server.stop()
        }
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
