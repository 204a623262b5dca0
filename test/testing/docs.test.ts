import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { transformSync } from 'esbuild'

const root = fileURLToPath(new URL('../../../', import.meta.url))

describe('the sample of docs/testing.md', () => {
  it('runs as it stands there', () => {
    const [, source = ''] = /```ts\n([^]*?)```/.exec(readFileSync(join(root, 'docs/testing.md'), 'utf8')) ?? []
    const tsconfigRaw = { compilerOptions: { experimentalDecorators: true } }
    const { code } = transformSync(source, { loader: 'ts', format: 'esm', target: 'node20', tsconfigRaw })
    // Beside the project's own modules, so that it finds the package by its name.
    const folder = mkdtempSync(join(root, 'dist/docs-'))
    try {
      const file = join(folder, 'sample.test.mjs')
      writeFileSync(file, code)
      const { stdout, stderr } = spawnSync(process.execPath, [join(root, 'node_modules/mocha/bin/mocha.js'), '--no-config', file], {
        encoding: 'utf8',
        cwd: folder,
      })
      expect(stdout, stderr)
        .to.match(/^ {2}\d{2} passing/m)
        .and.not.to.match(/failing|pending/)
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })
})
