import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import * as classValidator from 'class-validator'
import { expect } from 'chai'
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
  experimentalDecorators: true,
  skipLibCheck: true,
}

/** `docs/getting-started.md` is `getting-started`. */
const nameOf = (page: string) => basename(page, '.md').toLowerCase()
const preludeOf = (page: string) => `test/docs-samples/${nameOf(page)}-reader.ts`

const entries: Sources = [
  ['portcullis', exportedNames(read('lib/index.ts'))],
  ['portcullis/oauth', exportedNames(read('lib/oauth.ts'))],
  ['portcullis/stores', exportedNames(read('lib/stores.ts'))],
  ['portcullis/console', exportedNames(read('lib/console.ts'))],
  ['class-validator', new Set(Object.keys(classValidator))],
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
  const prelude = preludeOf(sample.page)
  const own: Sources = existsSync(join(root, prelude)) ? [['./reader.js', exportedNames(read(prelude))]] : []
  return writeFileSync(path, moduleOf(sample, [...own, ...entries]))
}

/** What the compiler says, with the page and its line in the place of the module and its own. */
function atPage(line: string): string {
  return line.replace(/^([\w-]+)\/line-(\d+)\.ts\((\d+),/, (_, name: string, start: string, at: string) => {
    const page = pages.find((one) => nameOf(one) === name) ?? name
    return `${page}(${Number(start) + Number(at) - 2},`
  })
}

describe('the samples in the documentation', () => {
  before('are compiled, all in one go', function compile() {
    this.timeout(60_000)
    rmSync(folder, { recursive: true, force: true })
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions: options, include: ['**/*.ts'], exclude: ['out'] }))
    for (const sample of whole) writeSample(sample)
    for (const page of pages.filter((one) => existsSync(join(root, preludeOf(one))))) {
      mkdirSync(join(folder, nameOf(page)), { recursive: true })
      writeFileSync(join(folder, nameOf(page), 'reader.ts'), read(preludeOf(page)))
    }
  })

  it('compile against the types of the package, by a strict compiler', () => {
    const { stdout } = spawnSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', 'tsconfig.json'], {
      cwd: folder,
      encoding: 'utf8',
    })
    expect(stdout.split('\n').map(atPage).join('\n').trim()).to.equal('')
  }).timeout(60_000)

  it('are whole, but for a few that leave something out and say so', () => {
    const fragments = samples.filter(({ isFragment }) => isFragment)
    for (const { page, line, code } of fragments) expect(code, `${page}, line ${line}`).to.contain('…')
    expect(fragments).to.have.length.below(8)
    expect(whole).to.have.length.above(40)
  })

  it('run, wherever all that they stand on is real', () => {
    const real = whole.filter(
      ({ page, file }) => file === undefined && existsSync(join(root, preludeOf(page))) && !/^export declare/m.test(read(preludeOf(page))),
    )
    const modules = real.map((sample) => `out/${moduleName(sample).replace('.ts', '.js')}`)
    expect(modules).to.have.length.above(20)
    writeFileSync(
      join(folder, 'run.mjs'),
      `for (const name of ${JSON.stringify(modules)}) {
        try { await import('./' + name) } catch (error) { console.error(name, error) }
      }
      process.exit()`,
    )
    const { stderr } = spawnSync(process.execPath, ['run.mjs'], { cwd: folder, encoding: 'utf8', timeout: 30_000 })
    expect(stderr).to.equal('')
  }).timeout(40_000)
})
