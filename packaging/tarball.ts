import { execFile } from 'node:child_process'
import { cpSync, mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { forgetSourceMaps } from './source-maps.js'

/** The folder of package.json. */
export const repository = fileURLToPath(new URL('../../', import.meta.url))

/** Runs a program to its end; rejects where it fails, with what it printed. */
export const execute = promisify(execFile)

/**
 * Packs what was built, as `npm pack` does after `prepack`, and leaves the build as it is. Answers the path of the tarball in `folder`, which
 * exists.
 */
export async function packInto(folder: string): Promise<string> {
  const staged = join(folder, 'staged')
  mkdirSync(staged)
  for (const shipped of ['dist/lib', 'dist/adapters']) cpSync(join(repository, shipped), join(staged, shipped), { recursive: true })
  for (const name of readdirSync(repository).filter((one) => /^(?:package\.json|LICENSE|.*\.md)$/.test(one))) {
    cpSync(join(repository, name), join(staged, name))
  }
  forgetSourceMaps(join(staged, 'dist'))
  const { stdout } = await execute('npm', ['pack', '--ignore-scripts', '--silent', '--pack-destination', folder], { cwd: staged })
  return join(folder, stdout.trim())
}
