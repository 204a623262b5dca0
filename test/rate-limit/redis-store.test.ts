import { stat } from 'node:fs'
import { expect } from 'chai'
import { Cluster, Redis } from 'ioredis'
import { Unavailable } from '../../lib/errors.js'
import { parseLimits } from '../../lib/rate-limit/rate-limit.js'
import type { Charge } from '../../lib/rate-limit/rate-limit.js'
import { RedisRateLimitStore } from '../../lib/stores.js'
import type { RedisScriptClient } from '../../lib/stores.js'
import { pause } from '../load.js'
import { hasRedis, startRedis } from './redis-server.js'
import type { RedisServer } from './redis-server.js'
import { setClock } from './route.js'

function one(text: string, key: string, cost = 1): Charge[] {
  return [{ rule: text, key, cost, windows: parseLimits(text) }]
}

function connect(port: number): Redis {
  const client = new Redis({
    port,
    host: '127.0.0.1',
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    connectTimeout: 1_000,
    lazyConnect: true,
  })
  return client.on('error', () => undefined)
}

/** A client that answers with what `answer` gives, and counts how often it is asked. */
function fakeClient(answer: (script: 'eval' | 'evalsha') => Promise<unknown>): RedisScriptClient & { asked: string[] } {
  const asked: string[] = []
  const ask = (script: 'eval' | 'evalsha') => () => {
    asked.push(script)
    return answer(script)
  }
  return { asked, eval: ask('eval'), evalsha: ask('evalsha') }
}

const dead = () => fakeClient(() => Promise.reject(new Error('the connection is closed')))
const hanging = () => fakeClient(() => new Promise(() => undefined))

const describeWithRedis = hasRedis() ? describe : () => undefined

describeWithRedis('the Redis store', () => {
  let server: RedisServer
  const clients: Redis[] = []
  let run = 0

  const client = async () => {
    const made = connect(server.port)
    clients.push(made)
    await made.connect()
    return made
  }

  /** A store that fails the test where Redis fails it. */
  const store = async () =>
    new RedisRateLimitStore(await client(), { prefix: `test:${(run += 1)}:`, deadline: 5_000, onStoreFailure: 'closed' })

  before(async () => {
    server = await startRedis()
  })

  after(async () => {
    for (const each of clients) each.disconnect()
    await server.stop()
  })

  it('never admits more than the limit, however many clients ask at once', async () => {
    const prefix = 'together:'
    const stores = [await client(), await client()].map(
      (each) => new RedisRateLimitStore(each, { prefix, deadline: 5_000, onStoreFailure: 'closed' }),
    )
    const charges = (call: number) => [...one('37/h; 90/d', 'wide'), ...one('60/h', `narrow ${call % 3}`)]
    const verdicts = await Promise.all(Array.from({ length: 100 }, (_, call) => stores.map((each) => each.consume(charges(call)))).flat())
    expect(verdicts.filter(({ allowed }) => allowed)).to.have.length(37)
    const left = await stores[0]!.consume(one('37/h; 90/d', 'wide', 0))
    expect(left.windows.map(({ remaining }) => remaining)).to.deep.equal([0, 53])
  })

  it('ends each counter with its longest window, and keeps none without an end', async () => {
    const raw = await client()
    const redis = new RedisRateLimitStore(raw, { prefix: 'ending:', deadline: 5_000, onStoreFailure: 'closed' })
    await redis.consume([...one('5/s; 9/8w', 'long'), ...one('5/h', 'short')])
    await redis.consume(one('5/s; 9/8w', 'long'))
    expect(await raw.pttl('ending:5/s; 9/8w|long')).to.be.within(8 * 7 * 86_400_000 - 5_000, 8 * 7 * 86_400_000)
    expect(await raw.pttl('ending:5/h|short')).to.be.within(3_595_000, 3_600_000)
    await redis.consume([...one('1/h', 'other'), ...one('1/h', 'refused', 2)])
    expect(await raw.exists('ending:1/h|other', 'ending:1/h|refused')).to.equal(0)
  })

  it('counts exactly up to the largest count', async () => {
    const redis = await store()
    const largest = 999_999_999_999_999
    const verdict = await redis.consume(one(`${largest}/100 years`, 'key', largest - 1))
    expect(verdict.windows[0]?.remaining).to.equal(1)
    expect((await redis.consume(one(`${largest}/100 years`, 'key'))).windows[0]?.remaining).to.equal(0)
    expect((await redis.consume(one(`${largest}/100 years`, 'key'))).allowed).to.equal(false)
  })

  it('judges all limits of a request in one node of a cluster', async () => {
    const node = await startRedis(undefined, '--cluster-enabled', 'yes', '--cluster-announce-ip', '127.0.0.1')
    const admin = new Redis(node.port, '127.0.0.1')
    await admin.cluster('ADDSLOTS', ...Array.from({ length: 16_384 }, (_, slot) => slot))
    while (!(await admin.cluster('INFO')).includes('cluster_state:ok')) await pause(20)
    const cluster = new Cluster([{ host: '127.0.0.1', port: node.port }])
    try {
      const sharing = new RedisRateLimitStore(cluster, { deadline: 5_000, onStoreFailure: 'closed' })
      const charges = [...one('2/h', 'address'), ...one('9/h', 'principal'), ...one('9/m', 'tenant')]
      const verdicts = [await sharing.consume(charges), await sharing.consume(charges), await sharing.consume(charges)]
      expect(verdicts.map(({ allowed }) => allowed)).to.deep.equal([true, true, false])
      await sharing.reset(charges)
      expect((await sharing.read(charges)).windows.map(({ remaining }) => remaining)).to.deep.equal([2, 9, 9])
    } finally {
      cluster.disconnect()
      admin.disconnect()
      await node.stop()
    }
  })

  it('sends its script again when Redis has forgotten it', async () => {
    const raw = await client()
    const redis = new RedisRateLimitStore(raw, { prefix: 'again:', deadline: 5_000, onStoreFailure: 'closed' })
    await redis.consume(one('2/h', 'key'))
    await raw.script('FLUSH')
    expect((await redis.consume(one('2/h', 'key'))).windows[0]?.remaining).to.equal(0)
  })

  it('goes on without Redis at once when it dies', async () => {
    const own = await startRedis()
    try {
      const raw = connect(own.port)
      clients.push(raw)
      await raw.connect()
      const changes: string[] = []
      const redis = new RedisRateLimitStore(raw, { deadline: 5_000 })
      redis.watch(({ store, state, error }) => changes.push(`${store} ${state}: ${String(error)}`))
      expect((await redis.consume(one('3/h', 'key'))).allowed).to.equal(true)
      await own.stop()
      const started = performance.now()
      const verdicts: boolean[] = []
      for (let call = 0; call < 5; call += 1) verdicts.push((await redis.consume(one('3/h', 'key'))).allowed)
      expect(verdicts).to.deep.equal([true, true, true, false, false])
      expect(performance.now() - started).to.be.below(1_000)
      expect(changes).to.have.length(1)
      expect(changes[0]).to.match(/^Redis lost: Error/)
    } finally {
      await own.stop()
    }
  })
})

describe('the Redis store without Redis', () => {
  it('takes the clients of ioredis', () => {
    const accepts: Array<new (client: Redis | Cluster) => RedisRateLimitStore> = [RedisRateLimitStore]
    expect(accepts).to.have.length(1)
  })

  it('counts in memory, unless it is told otherwise', async () => {
    const store = new RedisRateLimitStore(dead())
    const verdicts = [
      await store.consume(one('2/h', 'key')),
      await store.consume(one('2/h', 'key')),
      await store.consume(one('2/h', 'key')),
    ]
    expect(verdicts.map(({ allowed }) => allowed)).to.deep.equal([true, true, false])
  })

  it('gives back to the store that was charged', async () => {
    const client = dead()
    const store = new RedisRateLimitStore(client)
    const verdict = await store.consume(one('1/h', 'key'))
    await store.refund(one('1/h', 'key'), verdict)
    expect((await store.consume(one('1/h', 'key'))).allowed).to.equal(true)
    expect(client.asked).to.deep.equal(['evalsha', 'evalsha'])
  })

  it('refuses with 503 where it is to stay closed, and says why to the log', async () => {
    const store = new RedisRateLimitStore(dead(), { onStoreFailure: 'closed' })
    const refusal: unknown = await store.consume(one('1/h', 'key')).catch((error: unknown) => error)
    expect(refusal).to.be.instanceOf(Unavailable)
    expect(String((refusal as Error).cause)).to.include('the connection is closed')
  })

  it('lets calls through uncounted where it is to stay open', async () => {
    const store = new RedisRateLimitStore(dead(), { onStoreFailure: 'open' })
    for (let call = 0; call < 3; call += 1) {
      const verdict = await store.consume(one('1/h', 'key'))
      expect(verdict).to.deep.include({ allowed: true, windows: [{ remaining: 1, reset: 3_600_000, endsAt: 0 }] })
      await store.refund(one('1/h', 'key'), verdict)
    }
  })

  it('leaves a Redis alone that was late three times in a row, and probes it behind the backs of calls', async () => {
    const clock = setClock()
    const client = hanging()
    const store = new RedisRateLimitStore(client, { deadline: 1, clock })
    for (let call = 0; call < 20; call += 1) expect((await store.consume(one('9/h', 'key'))).allowed).to.equal(call < 9)
    expect(client.asked).to.have.length(3)
    clock.time += 1_000
    const started = performance.now()
    await store.consume(one('9/h', 'key'))
    await store.consume(one('9/h', 'key'))
    expect(performance.now() - started).to.be.below(50)
    expect(client.asked).to.have.length(4)
  })

  it('takes an answer that came while this process was busy', async () => {
    const answer = [1, 1, 0, 8, 3_600_000, Date.now() + 3_600_000]
    const client = fakeClient(
      () =>
        new Promise((resolve) => {
          stat('.', () => resolve(answer))
          for (const started = performance.now(); performance.now() - started < 200;);
        }),
    )
    const store = new RedisRateLimitStore(client, { deadline: 100, onStoreFailure: 'closed' })
    expect((await store.consume(one('9/h', 'key'))).windows[0]?.remaining).to.equal(8)
  })

  const nonsense: readonly unknown[] = [
    undefined,
    'OK',
    [],
    [1],
    [1, 2, 3],
    [1, 2, 3, 'x'],
    [1, 2, 3, 4, 5, 6, 7],
    [1, null, {}, []],
    [0, 1, 0, 1, 0, 0],
    [2, 1, 0, 1, 0, 0],
    [1, 1, 0, -1, 0, 0],
    [1, 1, 0, 2, 0, 0],
    [1, 1, 0, 0, -1, 0],
    [1, 1, 9, 0, 0, 0],
    [0, 1, 9, 0, 0, 0],
    [1, 1, null, 0, 0, 0],
    [1, 1, 0, '', 0, 0],
    [1, 1, 0, true, 0, 0],
  ]
  for (const answer of nonsense) {
    it(`takes ${JSON.stringify(answer)} for a failure`, async () => {
      const store = new RedisRateLimitStore(
        fakeClient(() => Promise.resolve(answer)),
        { onStoreFailure: 'closed' },
      )
      const refusal: unknown = await store.consume(one('1/h', 'key')).catch((error: unknown) => error)
      expect(refusal).to.be.instanceOf(Unavailable)
    })
  }

  it('sends the whole script only where Redis does not know it', async () => {
    const client = fakeClient((script) =>
      script === 'eval'
        ? Promise.resolve([1, 1, 0, 8, 1_000, 2_000])
        : Promise.reject(new Error('NOSCRIPT No matching script. Please use EVAL.')),
    )
    const store = new RedisRateLimitStore(client, { onStoreFailure: 'closed' })
    expect((await store.consume(one('9/h', 'key'))).windows).to.deep.equal([{ remaining: 8, reset: 1_000, endsAt: 2_000 }])
    expect(client.asked).to.deep.equal(['evalsha', 'eval'])
  })

  for (const deadline of [0, -1, Number.NaN, Infinity]) {
    it(`refuses a deadline of ${deadline}`, () => {
      expect(() => new RedisRateLimitStore(dead(), { deadline })).to.throw(RangeError, 'milliseconds')
    })
  }
})
