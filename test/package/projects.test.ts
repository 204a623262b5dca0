import { join } from 'node:path'
import { transformSync as swc } from '@swc/core'
import type { Options as SwcOptions } from '@swc/core'
import { expect } from 'chai'
import { build, transformSync } from 'esbuild'
import { Project, inTurn } from './project.js'
import type { ProjectOptions } from './project.js'
import { expected, hosts, program } from './program.js'

type Run = (project: Project) => Promise<string>

interface Way extends ProjectOptions {
  readonly name: string
  readonly run: Run
}

const legacy = { compilerOptions: { experimentalDecorators: true } }
const standard = { compilerOptions: { experimentalDecorators: false } }

function withEsbuild(format: 'esm' | 'cjs', tsconfigRaw: typeof legacy): string {
  return transformSync(program(), { loader: 'ts', target: 'es2022', format, tsconfigRaw }).code
}

function withSwc(transform: NonNullable<NonNullable<SwcOptions['jsc']>['transform']>): string {
  return swc(program(), {
    filename: 'program.ts',
    jsc: { parser: { syntax: 'typescript', decorators: true }, target: 'es2022', transform },
    module: { type: 'es6' },
  }).code
}

/** What projects compile with; how the declarations themselves fare is another test's matter. */
const settings = {
  target: 'es2022',
  module: 'nodenext',
  types: ['node'],
  strict: true,
  verbatimModuleSyntax: true,
  skipLibCheck: true,
  outDir: 'out',
}

/** A project that tsc compiles and node runs. */
function compiled(name: string, options: object, more: ProjectOptions = {}): Way {
  const { files, packages = [], ...rest } = more
  const tsconfig = JSON.stringify({ compilerOptions: { ...settings, ...options }, include: ['program.ts'] })
  return {
    name,
    ...rest,
    packages: ['@types/node', ...packages],
    files: { 'program.ts': program(), ...files, 'tsconfig.json': tsconfig },
    run: async (project) => `${await project.tsc('-p', '.')}${await project.node('out/program.js')}`,
  }
}

const runsAsItIs: Run = (project) => project.node('program.js')

const ways: readonly Way[] = [
  { name: 'JavaScript modules', files: { 'program.js': withEsbuild('esm', legacy) }, run: runsAsItIs },
  { name: 'CommonJS, by require()', type: 'commonjs', files: { 'program.js': withEsbuild('cjs', legacy) }, run: runsAsItIs },
  compiled('tsc, legacy decorators', { experimentalDecorators: true }),
  compiled('tsc, legacy decorators and their metadata', { experimentalDecorators: true, emitDecoratorMetadata: true }),
  compiled('tsc, standard decorators', { lib: ['es2023', 'esnext.decorators'] }),
  compiled('tsc to CommonJS', { experimentalDecorators: true, verbatimModuleSyntax: false }, { type: 'commonjs' }),
  compiled('tsc for a bundler', { experimentalDecorators: true, module: 'preserve', moduleResolution: 'bundler' }),
  {
    name: 'tsx',
    packages: ['tsx'],
    files: { 'program.ts': program(), 'tsconfig.json': JSON.stringify(legacy) },
    run: (project) => project.node('--import', 'tsx', 'program.ts'),
  },
  {
    name: 'tsx, standard decorators',
    packages: ['tsx'],
    files: { 'program.ts': program() },
    run: (project) => project.node('--import', 'tsx', 'program.ts'),
  },
  { name: 'esbuild, standard decorators', files: { 'program.js': withEsbuild('esm', standard) }, run: runsAsItIs },
  {
    name: 'a bundle of esbuild',
    files: { 'program.ts': program() },
    async run(project) {
      const result = await build({
        entryPoints: [join(project.folder, 'program.ts')],
        outfile: join(project.folder, 'elsewhere/bundle.mjs'),
        bundle: true,
        platform: 'node',
        format: 'esm',
        target: 'node20',
        tsconfigRaw: legacy,
        logLevel: 'silent',
        // What of CommonJS is in a bundle of modules asks for require.
        banner: { js: "import { createRequire as requireFrom } from 'node:module'; const require = requireFrom(import.meta.url)" },
      })
      return `${result.warnings.map(({ text }) => text).join('\n')}${await project.node('elsewhere/bundle.mjs')}`
    },
  },
  { name: 'SWC, legacy decorators', files: { 'program.js': withSwc({ legacyDecorator: true, decoratorMetadata: true }) }, run: runsAsItIs },
  { name: 'SWC, standard decorators', files: { 'program.js': withSwc({ decoratorVersion: '2022-03' }) }, run: runsAsItIs },
  compiled(
    'Express 5',
    { experimentalDecorators: true },
    { packages: ['express', '@types/express'], files: { 'program.ts': program(hosts.express) } },
  ),
  {
    name: 'Express 4',
    packages: ['express@express4', 'tsx'],
    files: { 'program.ts': program(hosts.express) },
    run: (project) => project.node('--import', 'tsx', 'program.ts'),
  },
  compiled('Koa 3', { experimentalDecorators: true }, { packages: ['koa', '@types/koa'], files: { 'program.ts': program(hosts.koa) } }),
  {
    name: 'Koa 2',
    packages: ['koa@koa2', 'tsx'],
    files: { 'program.ts': program(hosts.koa) },
    run: (project) => project.node('--import', 'tsx', 'program.ts'),
  },
]

describe('the packed package protects a route in a project of its own', () => {
  const outputs = new Map<string, Promise<string>>()

  before(() => {
    for (const way of ways) {
      const output = inTurn(async () => way.run(await Project.make(way)))
      // Whose turn to be asked has not come yet is no unhandled rejection.
      output.catch(() => undefined)
      outputs.set(way.name, output)
    }
  })

  for (const { name } of ways) {
    it(`with ${name}`, async () => {
      expect(await outputs.get(name)).to.equal(expected)
    })
  }
}).timeout(120_000)
