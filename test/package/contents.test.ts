import { readFile } from 'node:fs/promises'
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import { join } from 'node:path'
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core'
import { expect } from 'chai'
import { publint } from 'publint'
import { execute, repository } from '../../packaging/tarball.js'
import { manifest } from './project.js'
import { tarball, temporary } from './tarball.js'

describe('the package', () => {
  const shipped = ['dist/lib', 'dist/adapters'].flatMap((folder) =>
    readdirSync(join(repository, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => /\.(?:js|d\.ts)$/.test(name))
      .map((name) => join(folder, name)),
  )

  /** Entries of the package that are there for users of an optional peer. */
  const forPeers = /adapters|lib\/monitoring\/(?:opentelemetry|spans|measures|prometheus)\.js$/

  it('imports nothing, for types either, that its user does not get with it', () => {
    expect(shipped).to.have.length.above(100)
    for (const file of shipped) {
      const source = readFileSync(join(repository, file), 'utf8')
      const imported = [...source.matchAll(/^(?:(?:\}|import|export)[^\n'"]* from|import) ['"]([^.'"][^'"]*)['"]/gm)].map(
        ([, name = '']) => name,
      )
      for (const name of imported.filter((one) => !isBuiltin(one))) {
        const packageName = name.split('/', name.startsWith('@') ? 2 : 1).join('/')
        const allowed = {
          ...manifest.dependencies,
          ...(file.endsWith('.d.ts') || forPeers.test(file) ? manifest.peerDependencies : {}),
        }
        expect(Object.keys(allowed), `${file} imports ${name}`).to.include(packageName)
      }
    }
  })

  it('depends on nothing that it does not import', () => {
    const sources = shipped.map((file) => readFileSync(join(repository, file), 'utf8'))
    for (const name of Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies })) {
      const isNamed = sources.some((source) => source.includes(`'${name}'`) || source.includes(`'${name}/`))
      expect(isNamed || structural.includes(name), name).to.equal(true)
    }
  })

  it('awaits nothing while it is loaded, which require() could not wait for', async () => {
    // A module that awaits at its top level compiles to no CommonJS: the bundler says where.
    const { build } = await import('esbuild')
    const entryPoints = Object.values(manifest.exports).flatMap((target) => (typeof target === 'string' ? [] : [target.default]))
    const { errors } = await build({
      absWorkingDir: repository,
      entryPoints,
      bundle: true,
      write: false,
      outdir: 'never',
      format: 'cjs',
      platform: 'node',
      packages: 'external',
      logLevel: 'silent',
    })
    expect(errors).to.deep.equal([])
  })

  it('has side effects nowhere but where it says so', () => {
    for (const file of manifest.sideEffects) expect(shipped, file).to.include(join(file))
    const bare = shipped.filter((file) => file.endsWith('.js') && /^import ['"]/m.test(readFileSync(join(repository, file), 'utf8')))
    expect(bare.map((file) => `./${file}`)).to.have.members(manifest.sideEffects)
  })

  it('has every file that its exports name, with types', () => {
    for (const [path, target] of Object.entries(manifest.exports)) {
      const files = typeof target === 'string' ? [target] : [target.types, target.default]
      for (const file of files) expect(() => readFileSync(join(repository, file)), path).not.to.throw()
    }
  })
})

/** Peers of which only the shape is known: clients and limiters that the user makes and passes in. */
const structural = ['chai', 'ioredis', 'redis', 'rate-limiter-flexible']

describe('the tarball', () => {
  it('holds what runs and what is read, and nothing else', async () => {
    const { stdout } = await execute('tar', ['-tzf', await tarball()])
    const files = stdout
      .trim()
      .split('\n')
      .map((file) => file.replace(/^package\//, ''))
    const others = files.filter((file) => !/^dist\/(?:lib|adapters)\/.+(?:\.js|\.d\.ts|\.css|\.html|\.svg)$/.test(file))
    expect(others).to.have.members(['package.json', 'README.md', 'LICENSE', 'SECURITY.md', 'CHANGELOG.md'])
    expect(files.filter((file) => /test\.|benchmark|example|\.map$/.test(file))).to.deep.equal([])
  })

  it('names no machine and no folder of whoever packed it', async () => {
    const { stdout } = await execute('tar', ['-xzOf', await tarball()], { maxBuffer: 64 * 1024 * 1024 })
    expect(stdout).not.to.contain(repository)
    expect(stdout).not.to.match(/sourceMappingURL|file:\/\/\/(?:home|Users|work|tmp)\//)
  })

  it('is made by npm pack alike: modules forget their source maps before', async () => {
    const folder = join(temporary, 'mapped')
    mkdirSync(folder)
    writeFileSync(join(folder, 'a.js'), 'export const a = 1\n//# sourceMappingURL=a.js.map')
    await execute(process.execPath, [join(repository, 'dist/packaging/source-maps.js'), folder])
    expect(readFileSync(join(folder, 'a.js'), 'utf8')).to.equal('export const a = 1\n')
  })

  it('is what publint asks for', async () => {
    const packed = await readFile(await tarball())
    const { messages } = await publint({ pack: { tarball: new Uint8Array(packed).buffer }, strict: true })
    expect(messages).to.deep.equal([])
  })

  it('has types that mean what its modules are, for every way of resolving that knows of exports', async () => {
    const analysis = await checkPackage(createPackageFromTarballData(new Uint8Array(await readFile(await tarball()))))
    if (analysis.types === false) throw new Error('it has no types')
    const problems = analysis.problems.filter((problem) => !isChosen(problem))
    expect(problems).to.deep.equal([])
  })
}).timeout(60_000)

/** It is of modules alone, which require() loads since Node 20.19; and `moduleResolution: node10` knows no exports. */
function isChosen(problem: { readonly kind: string; readonly resolutionKind?: string }): boolean {
  return problem.kind === 'CJSResolvesToESM' || problem.resolutionKind === 'node10'
}
