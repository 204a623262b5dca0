import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { packInto } from '../../packaging/tarball.js'

/** Where everything of these tests is: outside of the repository, so that nothing is found there by walking up. */
export const temporary = mkdtempSync(join(tmpdir(), 'portcullis-package-'))
process.once('exit', () => rmSync(temporary, { recursive: true, force: true }))

let packed: Promise<string> | undefined

/** The path of the tarball that would be published, of what was built already. Packed once for all tests. */
export function tarball(): Promise<string> {
  return (packed ??= packInto(temporary))
}
