import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { Redis } from 'ioredis'
import { parseLimits } from '../../lib/index.js'
import { RedisRateLimitStore } from '../../lib/stores.js'
import { hasRedis, startRedis } from '../rate-limit/redis-server.js'
import type { RedisServer } from '../rate-limit/redis-server.js'
import { portcullis } from './portcullis.js'

const library = (name: string) => JSON.stringify(new URL(`../../lib/${name}.js`, import.meta.url).href)

/** A module such as a user has, with an API that counts in Redis; it was called twice before it is looked at. */
const moduleOf = (port: number, further: string) => `
import { Redis } from ${JSON.stringify(import.meta.resolve('ioredis'))}
import { Controller, createApi, createContainer, Get, Public, RateLimit, tokens } from ${library('index')}
import { RedisRateLimitStore } from ${library('stores')}

@Controller('/things', { inject: [] })
export class Things {
  @Get('/')
  @Public()
  @RateLimit('2 per minute')
  all() { return [] }
}

const container = createContainer()
const redis = new Redis(${port}, '127.0.0.1')
container.register(tokens.rateLimitStore, { useValue: new RedisRateLimitStore(redis, { deadline: 1000 }) })
const made = createApi({ controllers: [Things], container, https: 'off' })
console.log('a module says something')
${further}
`

const describeWithRedis = hasRedis() ? describe : () => undefined

describeWithRedis('portcullis limits', () => {
  let server: RedisServer
  let directory: string
  let file: string
  let plain: string

  before(async () => {
    server = await startRedis()
    directory = mkdtempSync(join(tmpdir(), 'portcullis-cli-'))
    file = join(directory, 'api.ts')
    writeFileSync(join(directory, 'package.json'), '{"type":"module"}')
    writeFileSync(join(directory, 'tsconfig.json'), '{"compilerOptions":{"experimentalDecorators":true}}')
    writeFileSync(file, moduleOf(server.port, 'export const api = made'))
    writeFileSync(join(directory, 'none.mjs'), 'export const app = 1')
    writeFileSync(join(directory, 'broken.mjs'), 'throw new Error("it has no settings")')
    plain = join(directory, 'plain.mjs')
    writeFileSync(
      plain,
      `import { Controller, createApi, Get, Public, RateLimit } from ${library('index')}
       class Things { all() { return [] } }
       const decorate = (decorator) => decorator(Things.prototype, 'all', Object.getOwnPropertyDescriptor(Things.prototype, 'all'))
       for (const decorator of [Get('/'), Public(), RateLimit('2 per minute')]) decorate(decorator)
       Controller('/things', { inject: [] })(Things)
       export default async () => createApi({ controllers: [Things], https: 'off' })`,
    )
  })

  after(async () => {
    rmSync(directory, { recursive: true, force: true })
    await server.stop()
  })

  it('shows what is counted in a shared store, and forgets it', async () => {
    const redis = new Redis(server.port, '127.0.0.1')
    const store = new RedisRateLimitStore(redis, { deadline: 5_000 })
    const charge = { rule: 'route|GET /things|route|address|1m', key: '203.0.113.7', windows: parseLimits('2 per minute'), cost: 1 }
    await store.consume([charge])
    const shown = await portcullis('limits', 'show', file, '--address', '203.0.113.7')
    expect(shown.status, shown.stderr).to.equal(0)
    expect(shown.stdout).to.match(/^LIMIT +NAME +LEFT +ALL IN +PENALTY +ROUTES\n2 per minute +route +1 +\d+ s +Things\.all\n$/)
    const json = await portcullis('limits', 'show', file, '--address', '203.0.113.7', '--json')
    expect(JSON.parse(json.stdout)).to.have.nested.property('[0].remaining', 1)
    const reset = await portcullis('limits', 'reset', file, '--address', '203.0.113.7')
    expect([reset.status, reset.stdout]).to.deep.equal([0, ''])
    expect((await store.read([charge])).windows[0]?.remaining).to.equal(2)
    redis.disconnect()
  })

  it('takes a function that makes the API, and says where nothing is counted', async () => {
    const { status, stdout, stderr } = await portcullis('limits', 'show', plain, '--address', '203.0.113.7')
    expect([status, stdout]).to.deep.equal([0, ''])
    expect(stderr).to.include('None of 1 limits has counted anything for it.')
  })

  it('says what is wrong with a module, and with whom is meant', async () => {
    const wrong: ReadonlyArray<readonly [words: readonly string[], status: number, said: RegExp]> = [
      [['show', join(directory, 'gone.js'), '--address', '::1'], 1, /there is no file .*gone\.js/],
      [['show', directory, '--address', '::1'], 1, /is a folder: name the file/],
      [['show', join(directory, 'none.mjs'), '--address', '::1'], 1, /exports no API: export const api = createApi/],
      [['show', join(directory, 'broken.mjs'), '--address', '::1'], 1, /cannot be loaded: Error: it has no settings/],
      [['show', plain, '--address', '::1', '--route', 'Things.gone'], 1, /Things\.gone is no route of this API/],
      [['show', plain], 2, /say whom, by one of --address/],
      [['show', plain, '--address', '::1', '--tenant', 'acme'], 2, /say whom, by only one of --address/],
      [['show'], 2, /MODULE is missing/],
      [['show', plain, 'more', '--address', '::1'], 2, /Unexpected argument 'more'/],
      [[], 2, /limits alone is no command: write "limits show" or "limits reset"/],
    ]
    await Promise.all(
      wrong.map(async ([words, status, said]) => {
        const ended = await portcullis('limits', ...words)
        expect([ended.status, ended.stdout], words.join(' ')).to.deep.equal([status, ''])
        expect(ended.stderr).to.match(said)
      }),
    )
  })

  it('fails where the store does not answer', async () => {
    const lost = join(directory, 'lost.ts')
    writeFileSync(lost, moduleOf(1, 'redis.on("error", () => undefined); export const api = made'))
    const { status, stderr } = await portcullis('limits', 'show', lost, '--address', '::1')
    expect(status).to.equal(1)
    expect(stderr).to.include('Redis did not answer')
  })
})
