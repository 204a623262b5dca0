import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { expect } from 'chai'
import { transformSync } from 'esbuild'

const root = fileURLToPath(new URL('../../', import.meta.url))

/** A whole API in one file, that says nothing with types: what compilers without type metadata must get right. */
const source = `
  import { Controller, Get, Public, Authenticated, createApi, createContainer } from ${JSON.stringify(pathToFileURL(join(root, 'dist/lib/index.js')).href)}

  class Store { greet() { return 'hello' } }

  @Controller('/greetings', { inject: [Store] })
  class Greetings {
    constructor(private readonly store: Store) {}

    @Get('/')
    @Public()
    get() { return this.store.greet() }
  }

  class Open { @Get('/') @Authenticated() get() {} }

  const api = createApi({ controllers: [Greetings], container: createContainer(), https: 'off', audit: { sinks: [] } })
  const request = { method: 'GET', target: '/greetings', headers: { host: 'a' }, rawHeaders: ['Host', 'a'], encrypted: false, gone: false, onGone() {} }
  const reply = await api.answer(request as never)
  console.log(reply.status, reply.body)
  try {
    createApi({ controllers: [Open] })
  } catch (error) {
    console.log((error as Error).name)
  }
`

describe('an API compiled without type metadata', () => {
  // Beside the project's own modules, so that packages are found.
  const folder = mkdtempSync(join(root, 'dist/compilers-'))

  after(() => rmSync(folder, { recursive: true }))

  function run(command: readonly string[], file: string): string {
    const { stdout, stderr } = spawnSync(process.execPath, [...command, file], { encoding: 'utf8', cwd: folder })
    return `${stdout}${stderr}`
  }

  const expected = '200 "hello"\nBootError\n'

  it('runs under esbuild, with legacy and with standard decorators', () => {
    for (const experimentalDecorators of [true, false]) {
      const { code } = transformSync(source, {
        loader: 'ts',
        target: 'es2022',
        format: 'esm',
        tsconfigRaw: { compilerOptions: { experimentalDecorators } },
      })
      const file = join(folder, `esbuild-${experimentalDecorators}.mjs`)
      writeFileSync(file, code)
      expect(run([], file), `experimentalDecorators: ${experimentalDecorators}`).to.equal(expected)
    }
  })

  it('runs under tsx', () => {
    const file = join(folder, 'tsx.mts')
    writeFileSync(file, source)
    expect(run(['--import', 'tsx'], file)).to.equal(expected)
  })
}).timeout(30_000)
