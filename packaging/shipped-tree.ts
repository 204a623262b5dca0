import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execute, repository } from './tarball.js'

/**
 * Calls `work` with a folder that holds a package.json and a lock file of what is shipped alone: the dependencies at the versions that the
 * tests run with, and nothing of development. `--omit dev` would say too little: npm leaves out what is a tool of any other package as well.
 */
export async function withShippedTree<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const above = mkdtempSync(join(tmpdir(), 'portcullis-shipped-'))
  // npm names the tree after its folder.
  const folder = join(above, 'portcullis')
  try {
    mkdirSync(folder)
    const { name, version, license, description, dependencies } = JSON.parse(
      readFileSync(join(repository, 'package.json'), 'utf8'),
    ) as Readonly<Record<string, unknown>>
    writeFileSync(join(folder, 'package.json'), JSON.stringify({ name, version, license, description, dependencies }))
    copyFileSync(join(repository, 'package-lock.json'), join(folder, 'package-lock.json'))
    await execute('npm', ['install', '--package-lock-only', '--ignore-scripts', '--offline', '--no-audit', '--no-fund'], { cwd: folder })
    return await work(folder)
  } finally {
    rmSync(above, { recursive: true })
  }
}
