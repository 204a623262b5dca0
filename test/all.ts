import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

// Runs every test but those of the packed package: most of them in two processes side by side, and then, alone, those whose claims are
// about time, memory or a server that stops in the middle of a load. Each process ends as `ends.ts` wants it to.

const built = dirname(dirname(fileURLToPath(import.meta.url)))
const mocha = createRequire(import.meta.url).resolve('mocha/bin/mocha.js')

const alone: ReadonlySet<string> = new Set([
  'test/adapters/http2.test.js',
  'test/adapters/serve.test.js',
  'test/audit/chain.test.js',
  'test/examples/users.test.js',
  'test/rate-limit/memory-store.test.js',
  'test/rate-limit/overload.test.js',
  'test/rate-limit/postgres-faults.test.js',
  'test/rate-limit/postgres-store.test.js',
  'test/rate-limit/processes.test.js',
  'test/rate-limit/redis-faults.test.js',
  'test/rate-limit/redis-store.test.js',
  'test/state/state-faults.test.js',
])

const files = (readdirSync(built, { recursive: true }) as string[])
  .filter((file) => /^(?:standard\/)?test\/(?!package\/).*\.test\.js$/.test(file))
  .toSorted()
const halves = halvesOf(files.filter((file) => !alone.has(file)))

const passed = await Promise.all(halves.map((half, index) => run(half, index === 0)))
passed.push(await run(files.filter((file) => alone.has(file))))
process.exitCode = passed.every(Boolean) ? 0 : 1

/** Two lists of about the same length in bytes, which is nearly the same time; the same two each time. */
function halvesOf(all: readonly string[]): ReadonlyArray<readonly string[]> {
  const halves = [0, 1].map(() => ({ size: 0, files: [] as string[] }))
  const sized = all.map((file) => ({ file, size: statSync(join(built, file)).size })).toSorted((a, b) => b.size - a.size)
  for (const { file, size } of sized) {
    const smaller = halves.reduce((one, other) => (other.size < one.size ? other : one))
    smaller.size += size
    smaller.files.push(file)
  }
  return halves.map((half) => half.files.toSorted())
}

/** Whether all tests of some files pass. What is not said at once is said when they have ended, in one piece. */
async function run(some: readonly string[], atOnce = true): Promise<boolean> {
  const child = spawn(process.execPath, [mocha, ...process.argv.slice(2), ...some.map((file) => join(built, file))], {
    cwd: dirname(built),
    stdio: ['inherit', ...(atOnce ? (['inherit', 'inherit'] as const) : (['pipe', 'pipe'] as const))],
  })
  const said: Buffer[] = []
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk: Buffer) => said.push(chunk))
  const [code] = (await once(child, 'close')) as [number | null]
  for (const chunk of said) process.stdout.write(chunk)
  return code === 0
}
