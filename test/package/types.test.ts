import { expect } from 'chai'
import { Project, entries, inTurn, manifest } from './project.js'
import { program } from './program.js'

/** The settings of a careful project: nothing that the package declares is looked over. */
const strict = {
  target: 'es2022',
  lib: ['es2023', 'esnext.disposable'],
  types: ['node'],
  strict: true,
  exactOptionalPropertyTypes: true,
  noPropertyAccessFromIndexSignature: true,
  noUncheckedIndexedAccess: true,
  noImplicitOverride: true,
  noImplicitReturns: true,
  verbatimModuleSyntax: true,
  isolatedModules: true,
  erasableSyntaxOnly: true,
  experimentalDecorators: true,
  skipLibCheck: false,
  noEmit: true,
}

/** The entries whose types are made of those of a peer. */
const ofPeers = ['portcullis/express', 'portcullis/fastify', 'portcullis/koa', 'portcullis/opentelemetry', 'portcullis/prometheus']

/** What is made of clients that the user brings. */
const withClients = `
import { Redis } from 'ioredis'
import { createClient } from 'redis'
import { Pool } from 'pg'
import { RateLimiterMemory } from 'rate-limiter-flexible'
import { FlexibleRateLimitStore, PostgresRateLimitStore, RedisRateLimitStore, RedisStateStore } from 'portcullis/stores'

export const opened = PostgresRateLimitStore.open(new Pool())

export const stores = [
  new RedisRateLimitStore(new Redis()),
  new RedisRateLimitStore(createClient()),
  new FlexibleRateLimitStore((limit) => new RateLimiterMemory({ points: limit.count, duration: limit.window / 1_000 })),
  new RedisStateStore(new Redis()),
]
`

function importsOf(names: readonly string[]): string {
  return names.map((name, index) => `export type * as entry${index} from '${name}'\nimport '${name}'\n`).join('')
}

function project(module: object, names: readonly string[], packages: readonly string[], more: object = {}): Promise<Project> {
  const tsconfig = JSON.stringify({ compilerOptions: { ...strict, ...module, ...more }, include: ['*.ts'] })
  const files = { 'tsconfig.json': tsconfig, 'program.ts': program(), 'entries.ts': importsOf(names) }
  return Project.make({
    files: packages.includes('ioredis') ? { ...files, 'stores.ts': withClients } : files,
    packages: ['@types/node', ...packages],
  })
}

const nodenext = { module: 'nodenext', moduleResolution: 'nodenext' }
const bundler = { module: 'preserve', moduleResolution: 'bundler' }

describe('the types of the packed package', () => {
  const peerless = entries.filter((entry) => !ofPeers.includes(entry))
  const everyPeer = [...Object.keys(manifest.peerDependencies), '@types/express', '@types/koa', 'pg', '@types/pg']

  it('hold under every strict setting, with none of the optional peers', async () => {
    expect(peerless.length).to.equal(entries.length - ofPeers.length)
    const outputs = [nodenext, bundler].map((module) => inTurn(async () => (await project(module, peerless, [])).tsc('-p', '.')))
    expect(await Promise.all(outputs)).to.deep.equal(['', ''])
  })

  it('hold with all of them, for clients of every kind', async () => {
    const outputs = [nodenext, bundler].map((module) => inTurn(async () => (await project(module, entries, everyPeer)).tsc('-p', '.')))
    for (const output of await Promise.all(outputs)) {
      // Other packages' declarations are not ours to mend.
      const ours = output.split('\n').filter((line) => line !== '' && !/^\S*node_modules\/(?!portcullis\/)/.test(line))
      expect(ours).to.deep.equal([])
    }
  })

  it('name the peer whose types are missing', async () => {
    const output = await inTurn(async () => (await project(nodenext, ofPeers, [])).tsc('-p', '.'))
    for (const peer of ['express', 'koa', '@opentelemetry/api', 'prom-client']) expect(output).to.contain(`Cannot find module '${peer}'`)
  })
}).timeout(120_000)
