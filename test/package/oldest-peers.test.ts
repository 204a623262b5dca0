import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { execute } from '../../packaging/tarball.js'
import { expected, hosts, program } from './program.js'
import { Project, entries, inTurn, manifest } from './project.js'
import type { ProjectOptions } from './project.js'
import { temporary } from './tarball.js'

/** The oldest compiler that docs/releasing.md names. */
const oldestCompiler = '5.8.2'

/** `^4.18 || ^5` begins with 4.18.0. */
function oldestOf(range: string): string {
  const [, major = '', minor = '0', patch = '0'] = /^\^(\d+)(?:\.(\d+))?(?:\.(\d+))?/.exec(range) ?? []
  return [major, minor, patch].join('.')
}

const oldest = Object.entries(manifest.peerDependencies).map(([name, range]) => `${name}@${oldestOf(range)}`)
const folder = join(temporary, 'oldest')
const modules = join(folder, 'node_modules')

/** Installs the oldest version of each peer by itself; false where no registry answers. */
async function install(): Promise<boolean> {
  mkdirSync(folder)
  writeFileSync(join(folder, 'package.json'), '{"private":true}')
  const quietly = ['--ignore-scripts', '--no-save', '--no-audit', '--no-fund', '--legacy-peer-deps']
  try {
    await execute('npm', ['install', ...quietly, `typescript@${oldestCompiler}`, ...oldest], { cwd: folder, timeout: 200_000 })
    return true
  } catch (thrown) {
    const { stderr = '' } = thrown as { readonly stderr?: string }
    if (/ETARGET|ERESOLVE|EBADENGINE/.test(stderr)) throw thrown
    console.warn('NOT TESTED: the oldest peers, because no registry answers')
    return false
  }
}

/** Uses what is in the package for users of each peer. */
const using = `
import { createRequire } from 'node:module'
import * as api from '@opentelemetry/api'
import { Registry } from 'prom-client'
import { RateLimiterMemory } from 'rate-limiter-flexible'
import recheck from 'recheck'
import { openApi } from 'portcullis/openapi'
import { FlexibleRateLimitStore, RedisRateLimitStore, RedisStateStore } from 'portcullis/stores'
import * as telemetry from 'portcullis/opentelemetry'
import * as metrics from 'portcullis/prometheus'
const Redis = createRequire(import.meta.url)('ioredis')
import { createClient } from 'redis'

console.log(typeof api.trace.getTracer, typeof Registry, Object.keys(telemetry).length > 0, Object.keys(metrics).length > 0)
console.log(recheck.checkSync('^(a+)+$', '', { timeout: 10000 }).status)
console.log(openApi({ info: { title: 'Things', version: '1' }, public: true, page: '/docs' }).name)
const flexible = new FlexibleRateLimitStore((limit) => new RateLimiterMemory({ points: limit.count, duration: limit.window / 1000 }))
const limit = { name: 'few', count: 1, window: 60_000 }
console.log(typeof flexible.consume, limit.name)
const client = new Redis({ lazyConnect: true })
for (const Store of [RedisRateLimitStore, RedisStateStore]) console.log(typeof new Store(client), typeof new Store(createClient()))
client.disconnect()
`

function compiled(options: object, source: string, more: ProjectOptions): ProjectOptions {
  const settings = { target: 'es2022', module: 'nodenext', types: ['node'], strict: true, skipLibCheck: true, outDir: 'out', ...options }
  const tsconfig = JSON.stringify({ compilerOptions: settings, include: ['*.ts'] })
  const packages = ['@types/node', ...(more.packages ?? [])]
  return { ...more, packages, from: modules, files: { 'program.ts': source, ...more.files, 'tsconfig.json': tsconfig } }
}

describe('the packed package with the oldest of everything', function () {
  this.timeout(240_000)

  before(async function () {
    if (!(await install())) this.skip()
  })

  async function output(options: ProjectOptions): Promise<string> {
    const project = await Project.make(options)
    const complaints = await project.node(join(modules, 'typescript/bin/tsc'), '-p', '.')
    return `${complaints}${await project.node('out/program.js')}`
  }

  const legacy = { experimentalDecorators: true }
  const ways: ReadonlyArray<readonly [name: string, options: () => ProjectOptions]> = [
    ['tsc and legacy decorators', () => compiled({ ...legacy, emitDecoratorMetadata: true }, program(), {})],
    ['tsc and standard decorators', () => compiled({ lib: ['es2023', 'esnext.decorators'] }, program(), {})],
    ['Express', () => compiled(legacy, program(hosts.express), { packages: ['express', '@types/express'] })],
    ['Koa', () => compiled(legacy, program(hosts.koa), { packages: ['koa', '@types/koa'] })],
    ['Fastify', () => compiled(legacy, program(hosts.fastify), { packages: ['fastify'] })],
  ]
  for (const [name, options] of ways) {
    it(`protects a route with ${name}`, async () => {
      expect(await inTurn(() => output(options()))).to.equal(expected)
    })
  }

  it('protects a route with tsx', async () => {
    const files = { 'program.ts': program(), 'tsconfig.json': JSON.stringify({ compilerOptions: legacy }) }
    const project = await Project.make({ packages: ['tsx'], from: modules, files })
    expect(await project.node('--no-warnings', '--import', 'tsx', 'program.ts')).to.equal(expected)
  })

  it('has types for all entries', async () => {
    const source = entries.map((entry, index) => `export type * as entry${index} from '${entry}'\nimport '${entry}'\n`).join('')
    const packages = [...Object.keys(manifest.peerDependencies), '@types/express', '@types/koa']
    const project = await Project.make(compiled(legacy, source, { packages }))
    expect(await project.node(join(modules, 'typescript/bin/tsc'), '-p', '.', '--noEmit')).to.equal('')
  })

  it('makes what stands on the other peers', async () => {
    const project = await Project.make({ packages: Object.keys(manifest.peerDependencies), from: modules, files: { 'use.mjs': using } })
    expect((await project.node('--no-warnings', 'use.mjs')).split('\n')).to.deep.equal([
      'function function true true',
      'vulnerable',
      'OpenApiPageController',
      'function few',
      'object object',
      'object object',
      '',
    ])
  })
})
