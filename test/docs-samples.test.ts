import { spawn, spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { once } from 'node:events'
import { request as sendRequest } from 'node:http'
import type { IncomingMessage, RequestListener } from 'node:http'
import { text as textOf } from 'node:stream/consumers'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import * as classValidator from 'class-validator'
import { expect } from 'chai'
import jwt from 'jsonwebtoken'
import { http, serve } from '../adapters/http.js'
import { Controller, createApi } from '../lib/index.js'
import type { BootError, Class } from '../lib/index.js'
import { served } from './docs-samples/running.js'
import { exportedNames, moduleOf, pages, root, samplesOf } from './docs-samples/samples.js'
import type { Sample, Sources } from './docs-samples/samples.js'

const read = (path: string) => readFileSync(join(root, path), 'utf8')
const folder = join(root, 'dist/docs-samples')

const options = {
  target: 'es2022',
  lib: ['es2023', 'dom'],
  module: 'nodenext',
  types: ['node', 'mocha'],
  rootDir: '.',
  outDir: 'out',
  strict: true,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  experimentalDecorators: true,
  skipLibCheck: true,
}

/** `docs/getting-started.md` is `getting-started`. */
const nameOf = (page: string) => basename(page, '.md').toLowerCase()
/** What the readers of a page have, as a module. */
const readerOf = (page: string) => `test/docs-samples/${nameOf(page)}-reader.ts`

const entries: Sources = [
  ['portcullis', exportedNames(read('lib/index.ts'))],
  ['portcullis/oauth', exportedNames(read('lib/oauth.ts'))],
  ['portcullis/stores', exportedNames(read('lib/stores.ts'))],
  ['portcullis/openapi', exportedNames(read('lib/openapi.ts'))],
  ['portcullis/console', exportedNames(read('lib/console.ts'))],
  ['portcullis/testing', exportedNames(read('lib/testing.ts'))],
  ['class-validator', new Set(Object.keys(classValidator).filter((name) => /^[A-Z]/.test(name)))],
]

const samples = pages.flatMap(samplesOf)
const whole = samples.filter(({ isFragment }) => !isFragment)

function moduleName({ page, line, file }: Sample): string {
  return file === undefined ? `${nameOf(page)}/line-${line}.ts` : `${nameOf(page)}/${file}`
}

function writeSample(sample: Sample): void {
  const path = join(folder, moduleName(sample))
  mkdirSync(dirname(path), { recursive: true })
  if (sample.file !== undefined) return writeFileSync(path, sample.code)
  const reader = readerOf(sample.page)
  const own: Sources = existsSync(join(root, reader)) ? [['./reader.js', exportedNames(read(reader))]] : []
  return writeFileSync(path, moduleOf(sample, [...own, ...entries]))
}

/** What the compiler says, with the page and its line in the place of the module and its own. */
function atPage(line: string): string {
  return line.replace(/^([\w-]+)\/line-(\d+)\.ts\((\d+),/, (_, name: string, start: string, at: string) => {
    const page = pages.find((one) => nameOf(one) === name) ?? name
    return `${page}(${Number(start) + Number(at) - 2},`
  })
}

/** Imports a module of the documentation that names its own file. */
const moduleOfPage = <T>(page: string, file: string) =>
  import(pathToFileURL(join(folder, 'out', page, file.replace('.ts', '.js'))).href) as Promise<T>

describe('the samples in the documentation', () => {
  let complaints = ''

  before(function compile() {
    rmSync(folder, { recursive: true, force: true })
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions: options, include: ['**/*.ts'], exclude: ['out'] }))
    for (const sample of whole) writeSample(sample)
    for (const page of pages.filter((one) => existsSync(join(root, readerOf(one))))) {
      mkdirSync(join(folder, nameOf(page)), { recursive: true })
      writeFileSync(join(folder, nameOf(page), 'reader.ts'), read(readerOf(page)))
    }
    // The framework that docs/adapters.md writes an adapter for.
    writeFileSync(join(folder, 'adapters/tiny-framework.ts'), read('test/adapters/tiny-framework.ts'))
    const compiler = [join(root, 'node_modules/typescript/bin/tsc'), '-p', 'tsconfig.json']
    complaints = spawnSync(process.execPath, compiler, { cwd: folder, encoding: 'utf8' }).stdout
  })

  it('compile against the types of the package, by a strict compiler', () => {
    expect(complaints.split('\n').map(atPage).join('\n').trim()).to.equal('')
  })

  it('are whole, but for a few that leave something out and say so', () => {
    const fragments = samples.filter(({ isFragment }) => isFragment)
    for (const { page, line, code } of fragments) expect(code, `${page}, line ${line}`).to.contain('…')
    expect(fragments).to.have.length.below(10)
    expect(whole).to.have.length.above(50)
  })

  it('run, wherever all that they stand on is real', () => {
    const isReal = (page: string) => existsSync(join(root, readerOf(page))) && !/^export declare/m.test(read(readerOf(page)))
    const real = whole.filter(({ page, file }) => file === undefined && isReal(page))
    const modules = real.map((sample) => `out/${moduleName(sample).replace('.ts', '.js')}`)
    expect(modules).to.have.length.above(25)
    const env = { ...process.env, TOKEN_KEY: randomBytes(32).toString('base64url') }
    writeFileSync(
      join(folder, 'run.mjs'),
      `for (const name of ${JSON.stringify(modules)}) {
        try { await import('./' + name) } catch (error) { console.error(name, error) }
      }
      process.exit()`,
    )
    const { stderr } = spawnSync(process.execPath, ['run.mjs'], { cwd: folder, encoding: 'utf8', timeout: 30_000, env })
    expect(stderr).to.equal('')
  })

  describe('of docs/getting-started.md', () => {
    const page = 'docs/getting-started.md'
    const place = mkdtempSync(join(tmpdir(), 'portcullis-docs-'))
    let issued = ''
    const program = (name: string) => join(folder, 'out/getting-started/src', name)

    before(() => {
      const words = ['keys', 'generate', '--format', 'jwk', '--out', join(place, 'signing-key.json')]
      spawnSync(process.execPath, [join(root, 'dist/lib/cli/main.js'), ...words])
      issued = spawnSync(process.execPath, [program('token.js'), 'alice'], { cwd: place, encoding: 'utf8' }).stdout.trim()
    })

    after(() => rmSync(place, { recursive: true }))

    it('are compiled as its tsconfig.json says', () => {
      const json = /```json\n([^]*?)```/.exec(read(page))?.[1] ?? ''
      const {
        rootDir: _rootDir,
        outDir: _outDir,
        types: _types,
        ...said
      } = (JSON.parse(json) as { compilerOptions: Record<string, unknown> }).compilerOptions
      expect(options).to.include(said)
    })

    for (const host of ['http', 'express', 'koa']) {
      it(`protect a route on ${host}, as the page says`, async () => {
        const server = spawn(process.execPath, [program(`${host}.js`)], { cwd: place, env: { ...process.env, PORT: '0' } })
        try {
          const url = await new Promise<string>((resolve, reject) => {
            let text = ''
            server.stdout.on('data', (chunk: Buffer) => {
              text += chunk.toString()
              const said = /listening on (\S+)/.exec(text)?.[1]
              if (said !== undefined) resolve(said)
            })
            server.once('exit', () => reject(new Error(text)))
          })
          const authorized = { Authorization: `Bearer ${issued}`, 'Content-Type': 'application/json' }
          const ask = async (body?: object, headers: Record<string, string> = authorized) => {
            const answer = await fetch(
              `${url}/notes`,
              body === undefined ? { headers } : { method: 'POST', headers, body: JSON.stringify(body) },
            )
            return { status: answer.status, said: (await answer.json()) as { errors?: object[] } }
          }
          expect((await ask(undefined, {})).status).to.equal(401)
          expect(await ask()).to.deep.equal({ status: 200, said: [] })
          expect((await ask({ text: 'water the plants' })).status).to.equal(201)
          const wrong = await ask({ text: '', owner: 'bob' })
          expect(wrong.status).to.equal(422)
          expect(wrong.said.errors).to.have.lengthOf(2)
          const statuses = await Promise.all(Array.from({ length: 4 }, async () => (await ask({ text: 'again' })).status))
          expect(statuses.toSorted((a, b) => a - b)).to.deep.equal([201, 201, 201, 429])
        } finally {
          server.kill()
        }
      })
    }

    it('say what its careless module is told', async () => {
      const said = /```\n(BootError[^]*?)```/.exec(read(page))?.[1] ?? ''
      const error = await moduleOfPage('getting-started', 'src/careless.ts').catch((thrown: unknown) => thrown)
      expect(error).to.have.property('name', 'BootError')
      expect(`${(error as BootError).name}: ${(error as BootError).message}\n`).to.equal(said)
    })
  })

  it('convert queries as the table of docs/validation.md says', async () => {
    const sample = samplesOf('docs/validation.md').find(({ code }) => code.includes('class OrderList'))
    const { Members } = await moduleOfPage<{ Members: Class }>('validation', `line-${sample?.line}.ts`)
    Controller('/orders')(Members)
    const { url, close } = await serve(http(createApi({ controllers: [Members], https: 'off', audit: { sinks: [] } })), { port: 0 })
    try {
      const rows = [...read('docs/validation.md').matchAll(/^\| (`[\w[\]]+=[^|]*) \| [^|]* \| (.*) \|$/gm)]
      expect(rows).to.have.lengthOf(7)
      for (const [, sent = '', becomes = ''] of rows) {
        for (const [, query = ''] of sent.matchAll(/`([^`]+)`/g)) {
          const { status } = await fetch(`${url}/orders?${query}`)
          const refusal = /\b4\d\d\b/.exec(becomes.replace(/.*everything else.*/, ''))?.[0]
          expect(status, query).to.equal(Number(refusal ?? 200))
        }
      }
    } finally {
      await close()
    }
  })

  describe('of docs/migration.md', () => {
    const key = randomBytes(32).toString('base64url')
    const token = (sub: string, permissions: readonly string[]) =>
      jwt.sign({ sub, permissions }, key, {
        issuer: 'https://auth.example.com',
        audience: 'https://api.example.com',
        expiresIn: '1h',
        jwtid: sub,
      })

    const programs: ReadonlyArray<readonly [name: string, wrong: number, lenient: number]> = [
      ['before', 400, 201],
      ['halfway', 422, 422],
      ['after', 422, 422],
    ]
    const shop = 'https://shop.example.com'

    interface Asked {
      readonly as?: string | undefined
      readonly body?: string
      readonly method?: string
      readonly headers?: Readonly<Record<string, string>>
    }

    /** Asks as a neighbour of its own: programs share the API, and with it what it has counted. */
    function asker(url: string, index: number) {
      return async function ask(path: string, { as, body, method = body === undefined ? 'GET' : 'POST', headers = {} }: Asked = {}) {
        const own = { 'Content-Type': 'application/json', ...(as === undefined ? {} : { Authorization: `Bearer ${as}` }), ...headers }
        const sent = sendRequest(`${url}${path}`, { method, headers: own, localAddress: `127.0.0.${index + 2}` })
        sent.end(body)
        const [answer] = (await once(sent, 'response')) as [IncomingMessage]
        const text = await textOf(answer)
        const said = /json/.test(answer.headers['content-type'] ?? '') ? (JSON.parse(text) as Readonly<Record<string, unknown>>) : text
        return { status: answer.statusCode, said, header: (name: string) => answer.headers[name] }
      }
    }

    before(async () => {
      process.env['TOKEN_KEY'] = key
      const { logger } = await moduleOfPage<{ logger: { silent: boolean } }>('migration', 'src/logger.ts')
      logger.silent = true
    })

    after(() => {
      delete process.env['TOKEN_KEY']
    })

    for (const [index, [name, wrong, lenient]] of programs.entries()) {
      it(`serve the same requests ${name} the migration`, async () => {
        const { app } = await moduleOfPage<{ app: RequestListener }>('migration', `src/${name}.ts`)
        await served(app, async (url) => {
          const ask = asker(url, index)
          const alice = token('alice', ['orders:read', 'orders:write'])
          const bob = token('bob', ['orders:read'])
          const good = '{"product":"GATE0001","quantity":2}'
          const made = await ask('/api/orders', { as: alice, body: good, headers: { Origin: shop } })
          const { id, ...rest } = made.said as Readonly<Record<string, unknown>>
          expect([made.status, rest]).to.deep.equal([201, { owner: 'alice', product: 'GATE0001', quantity: 2 }])
          expect(made.header('access-control-allow-origin')).to.equal(shop)
          expect((await ask(`/api/orders/${String(id)}`, { as: alice })).said).to.deep.equal(made.said)
          expect((await ask('/api/me', { as: alice })).said).to.deep.equal({ sub: 'alice', permissions: ['orders:read', 'orders:write'] })
          expect((await ask('/health')).said).to.deep.equal({ ok: true })

          expect((await ask(`/api/orders/${String(id)}`, { as: bob })).status).to.equal(404)
          expect((await ask('/api/orders', { as: bob, body: good })).status).to.equal(403)
          for (const as of [undefined, jwt.sign({ sub: 'alice' }, 'another key')]) {
            expect((await ask('/api/orders', { as, body: good })).status).to.equal(401)
            expect((await ask('/api/me', { as })).status).to.equal(401)
          }
          const orderOf = async (body: string) => (await ask('/api/orders', { as: alice, body })).status
          expect(await orderOf('{"product":"GATE0001","quantity":0}')).to.equal(wrong)
          expect(await orderOf('{"product":"GATE0001","quantity":"2"}')).to.equal(lenient)
          expect(await orderOf('{"product":"GATE0001","quantity":2,"owner":"bob"}')).to.equal(lenient)
          expect(await orderOf('{"product":')).to.equal(400)
          expect(await orderOf(`{"product":"${'x'.repeat(200_000)}","quantity":2}`)).to.equal(413)

          const asked = { method: 'OPTIONS', headers: { Origin: shop, 'Access-Control-Request-Method': 'POST' } }
          const preflight = await ask('/api/orders', asked)
          expect([preflight.status, preflight.header('access-control-allow-origin')]).to.deep.equal([204, shop])
          const foreign = await ask('/api/orders', { ...asked, headers: { ...asked.headers, Origin: 'https://other.example' } })
          expect(foreign.header('access-control-allow-origin')).to.equal(undefined)

          // Nine were sent before, two of which the old parser refuses before the limiter of the route counts them.
          const left = 20 - (name === 'before' ? 7 : 9)
          const statuses: unknown[] = []
          while (statuses.length <= left) statuses.push(await orderOf(good))
          expect(statuses).to.deep.equal([...Array.from({ length: left }, () => 201), 429])
          expect((await ask('/api/me', { as: alice })).status).to.equal(200)
        })
      })
    }

    it('serve a new route behind the old parsers', async () => {
      const { app } = await moduleOfPage<{ app: RequestListener }>('migration', 'src/behind.ts')
      await served(app, async (url) => {
        const ask = asker(url, programs.length)
        const as = token('alice', ['orders:write'])
        expect((await ask('/api/orders', { as, body: '{"product":"GATE0001","quantity":2}' })).status).to.equal(201)
        expect((await ask('/api/orders', { as, body: '{"product":"GATE0001","quantity":"2"}' })).status).to.equal(422)
        expect((await ask('/api/orders', { body: '{"product":"GATE0001","quantity":2}' })).status).to.equal(401)
      })
    })
  })
})
