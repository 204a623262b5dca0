import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { releaseMistakes } from './release-mistakes.js'
import { execute, repository } from './tarball.js'

/**
 * Publishes the version in package.json, with provenance, when nothing speaks against it: `npm run release`. With `-- --dry-run` it does
 * everything but publish. Provenance needs a run of CI that has an identity (`id-token: write`); npm refuses it elsewhere.
 */
async function main(): Promise<void> {
  const isDry = process.argv.includes('--dry-run')
  const read = (name: string) => readFileSync(join(repository, name), 'utf8')
  const { stdout: status } = await execute('git', ['status', '--porcelain'], { cwd: repository })
  const { stdout: tags } = await execute('git', ['tag', '--list'], { cwd: repository })
  const mistakes = releaseMistakes({
    status,
    tags: tags.split('\n'),
    manifest: JSON.parse(read('package.json')) as { version: string },
    lock: JSON.parse(read('package-lock.json')) as { version: string },
    changelog: read('CHANGELOG.md'),
  })
  if (mistakes.length > 0) {
    for (const mistake of mistakes) console.error(mistake)
    process.exitCode = 1
    return
  }
  run('.ci/run', [])
  run('npm', ['run', '--silent', 'audit', '--', '--strict'])
  // npm builds once more before it packs.
  run('npm', ['publish', '--provenance', '--access', 'public', ...(isDry ? ['--dry-run'] : [])])
}

function run(program: string, args: readonly string[]): void {
  const { status } = spawnSync(program, args, { cwd: repository, stdio: 'inherit' })
  if (status === 0) return
  console.error(`${[program, ...args].join(' ')} failed: nothing was published`)
  process.exit(1)
}

await main()
