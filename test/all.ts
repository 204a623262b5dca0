import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, openSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

// Runs every test but those of the packed package and of hosts that are installed apart: most of them in two processes side by side, then, alone and one after the other,
// those that need the machine to themselves. Each process ends as `ends.ts` wants it to. Arguments are for mocha.

const built = dirname(dirname(fileURLToPath(import.meta.url)))
const mocha = createRequire(import.meta.url).resolve('mocha/bin/mocha.js')

// How quickly something is done, or answered in the middle of a load or of a fault, is what they are about.
const alone: ReadonlySet<string> = new Set([
  'test/audit/chain.test.js',
  'test/rate-limit/overload.test.js',
  'test/rate-limit/postgres-faults.test.js',
  'test/rate-limit/postgres-store.test.js',
  'test/rate-limit/processes.test.js',
  'test/rate-limit/redis-faults.test.js',
  'test/rate-limit/redis-store.test.js',
  'test/state/state-faults.test.js',
])

// Programs, browsers and examples as they run: as long as all the rest takes.
const whole = /^test\/(?:(?:benchmarks|cli|console|examples)\/|openapi\/page-in-browser\.)/

const files = (readdirSync(built, { recursive: true }) as string[])
  .filter((file) => /^(?:standard\/)?test\/(?!package\/|hosts\/).*\.test\.js$/.test(file))
  .toSorted()
const gone = [...alone].filter((file) => !files.includes(file))
if (gone.length > 0) throw new Error(`test/all.ts runs ${gone.join(', ')} alone, which is not there`)
const together = files.filter((file) => !alone.has(file))

const passed = await Promise.all([
  run(together.filter((file) => !whole.test(file))),
  run(
    together.filter((file) => whole.test(file)),
    false,
  ),
])
passed.push(await run(files.filter((file) => alone.has(file))))
process.exitCode = passed.every(Boolean) ? 0 : 1

/** Whether all tests of some files pass. What is not said at once is said when they have ended, in one piece. */
async function run(some: readonly string[], atOnce = true): Promise<boolean> {
  // A file and no pipe: a server that a failed test leaves behind would keep a pipe open.
  const folder = mkdtempSync(join(tmpdir(), 'portcullis-tests-'))
  const said = join(folder, 'said')
  const output = atOnce ? 'inherit' : openSync(said, 'a')
  const child = spawn(process.execPath, [mocha, ...process.argv.slice(2), ...some.map((file) => join(built, file))], {
    cwd: dirname(built),
    stdio: ['inherit', output, output],
  })
  const [code] = (await once(child, 'exit')) as [number | null]
  if (output !== 'inherit') process.stdout.write(readFileSync(said))
  rmSync(folder, { recursive: true })
  return code === 0
}
