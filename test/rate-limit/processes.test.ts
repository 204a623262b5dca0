import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect } from 'chai'
import { Redis } from 'ioredis'
import { Controller, createApi, createContainer, Get, Public, RateLimit, tokens } from '../../lib/index.js'
import { RedisRateLimitStore } from '../../lib/stores.js'
import { exchangeOf } from '../exchange.js'
import { findPostgres, startPostgres } from '../postgres-server.js'
import { hasRedis, startRedis } from './redis-server.js'
import type { RedisServer } from './redis-server.js'

const hammer = fileURLToPath(new URL('hammer.js', import.meta.url))

type Admitted = readonly [endsAt: number, at: number]

const limits = ['50 per second', '50 per second sliding', '50 per second burst 20'] as const

/** What each limit admitted to four processes together, on one server after the other, in the order of time. */
async function admittedBy(urls: readonly string[], milliseconds: number): Promise<ReadonlyArray<ReadonlyArray<readonly Admitted[]>>> {
  const run = async () => {
    const all = [hammer, urls.join(','), String(milliseconds), ...limits]
    const { stdout } = await promisify(execFile)(process.execPath, all, { maxBuffer: 1e8 })
    return JSON.parse(stdout) as ReadonlyArray<ReadonlyArray<readonly Admitted[]>>
  }
  const processes = await Promise.all([run(), run(), run(), run()])
  return urls.map((_, server) =>
    limits.map((__, limit) => processes.flatMap((admitted) => admitted[server]?.[limit] ?? []).toSorted(([, a], [, b]) => a - b)),
  )
}

function byWindow(admitted: readonly Admitted[]): readonly number[] {
  const counts = new Map<number, number>()
  for (const [endsAt] of admitted) counts.set(endsAt, (counts.get(endsAt) ?? 0) + 1)
  return [...counts.values()]
}

const programs = findPostgres()

const servers: ReadonlyArray<readonly [name: string, isHere: boolean, start: () => Promise<{ url: string; stop(): Promise<void> }>]> = [
  [
    'Redis',
    hasRedis(),
    async () => {
      const { port, stop } = await startRedis()
      return { url: `redis://127.0.0.1:${port}`, stop }
    },
  ],
  ['PostgreSQL', programs !== undefined, () => startPostgres(programs ?? '')],
]

describe('four processes', () => {
  const here = servers.filter(([, isHere]) => isHere)
  let everything: ReadonlyArray<ReadonlyArray<readonly Admitted[]>> = []

  before(async () => {
    const started = await Promise.all(here.map(async ([, , start]) => start()))
    try {
      everything = await admittedBy(
        started.map(({ url }) => url),
        2_300,
      )
    } finally {
      await Promise.all(started.map(async ({ stop }) => stop()))
    }
  })

  for (const [place, [name]] of here.entries()) {
    describe(`on one ${name}`, () => {
      let fixed: readonly Admitted[] = []
      let sliding: readonly Admitted[] = []
      let bucket: readonly Admitted[] = []

      before(() => {
        ;[fixed = [], sliding = [], bucket = []] = everything[place] ?? []
      })

      it('admit in each fixed window exactly the limit', () => {
        const counts = byWindow(fixed)
        expect(counts.length).to.be.at.least(3)
        expect(Math.max(...counts)).to.equal(50)
        expect(counts.filter((count) => count === 50).length).to.be.at.least(2)
      })

      it('admit in each sliding window no more than the limit', () => {
        const counts = byWindow(sliding)
        expect(counts.length).to.be.at.least(3)
        expect(Math.max(...counts)).to.be.at.most(50)
        expect(counts.reduce((sum, count) => sum + count, 0)).to.be.at.least(100)
      })

      it('admit out of a bucket its burst and what flows in, and no more', () => {
        const span = (bucket.at(-1)?.[1] ?? 0) - (bucket[0]?.[1] ?? 0)
        // The processes note when they heard of it, up to a few milliseconds after it was so.
        expect(bucket.length).to.be.within(Math.floor(20 + (span - 100) / 20), Math.ceil(20 + (span + 100) / 20))
      })
    })
  }
})

const describeWithRedis = hasRedis() ? describe : () => undefined

describeWithRedis('four limits of a request', () => {
  let server: RedisServer

  before(async () => {
    server = await startRedis()
  })

  after(() => server.stop())

  it('cost Redis one command for each request, or none where a refusal is known', async () => {
    @Controller('/things', { inject: [] })
    class Things {
      @Get('/')
      @Public()
      @RateLimit('3 per minute; 100 per hour')
      @RateLimit('90 per minute', { by: 'principal' })
      @RateLimit('90 per minute sliding', { by: () => 'all' })
      all() {
        return []
      }
    }
    const client = new Redis(server.port, '127.0.0.1')
    const listener = new Redis(server.port, '127.0.0.1')
    const monitor = await listener.monitor()
    try {
      const container = createContainer()
      container.register(tokens.rateLimitStore, { useValue: new RedisRateLimitStore(client, { prefix: '{monitored}:', deadline: 5_000 }) })
      const api = createApi({
        controllers: [Things],
        container,
        https: 'off',
        audit: { sinks: [] },
        rateLimit: { default: '50 per minute' },
      })
      await api.answer(exchangeOf({ request: { headers: { host: 'localhost' }, rawHeaders: ['Host', 'localhost'] } }).request)
      // The script is there now; what the monitor says of that comes late.
      await new Promise((resolve) => setTimeout(resolve, 100))
      const commands: string[] = []
      monitor.on('monitor', (_time: string, [command = ''], source: string) => {
        if (source !== 'lua') commands.push(command.toLowerCase())
      })
      const statuses: number[] = []
      for (let call = 0; call < 10; call += 1)
        statuses.push(
          (await api.answer(exchangeOf({ request: { headers: { host: 'localhost' }, rawHeaders: ['Host', 'localhost'] } }).request)).status,
        )
      await client.ping()
      await new Promise((resolve) => setTimeout(resolve, 100))
      expect(statuses).to.deep.equal([200, 200, ...Array(8).fill(429)])
      expect(commands).to.deep.equal(['evalsha', 'evalsha', 'evalsha', 'ping'])
    } finally {
      monitor.disconnect()
      listener.disconnect()
      client.disconnect()
    }
  })
})
