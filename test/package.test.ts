import { readFileSync, readdirSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'

const root = fileURLToPath(new URL('../../', import.meta.url))

interface Manifest {
  readonly exports: Readonly<Record<string, string | { readonly types: string; readonly default: string }>>
  readonly dependencies: Readonly<Record<string, string>>
  readonly peerDependencies: Readonly<Record<string, string>>
}

const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Manifest

describe('the package', () => {
  const shipped = ['dist/lib', 'dist/adapters'].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => /\.(?:js|d\.ts)$/.test(name))
      .map((name) => join(folder, name)),
  )

  /** Entries of the package that are there for users of an optional peer. */
  const forPeers = /adapters|lib\/monitoring\/(?:opentelemetry|spans|measures|prometheus)\.js$/

  it('imports nothing, for types either, that its user does not get with it', () => {
    expect(shipped).to.have.length.above(100)
    for (const file of shipped) {
      const source = readFileSync(join(root, file), 'utf8')
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

  it('has every file that its exports name, with types', () => {
    for (const [path, target] of Object.entries(manifest.exports)) {
      const files = typeof target === 'string' ? [target] : [target.types, target.default]
      for (const file of files) expect(() => readFileSync(join(root, file)), path).not.to.throw()
    }
  })
})
