import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

export const repository = fileURLToPath(new URL('../../../', import.meta.url))

/** Where everything of these tests is: outside of the repository, so that nothing is found there by walking up. */
export const temporary = mkdtempSync(join(tmpdir(), 'portcullis-package-'))
process.once('exit', () => rmSync(temporary, { recursive: true, force: true }))

export const execute = promisify(execFile)

let packed: Promise<string> | undefined

/** The path of the tarball that would be published, of what was built already. Packed once for all tests. */
export function tarball(): Promise<string> {
  return (packed ??= pack())
}

async function pack(): Promise<string> {
  const { stdout } = await execute('npm', ['pack', '--ignore-scripts', '--silent', '--pack-destination', temporary], { cwd: repository })
  return join(temporary, stdout.trim())
}
