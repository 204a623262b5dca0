import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execute, packInto, repository } from './tarball.js'

const rounds = 9
const page = join(repository, 'docs/releasing.md')

/** Prints how large the package is and how long it takes to load; with `--write`, into docs/releasing.md as well. */
async function main(): Promise<void> {
  const table = [await sizes(), ...(await startUps())].join('\n')
  console.log(table)
  if (process.argv.includes('--write')) writeFileSync(page, withTable(readFileSync(page, 'utf8'), table))
}

async function sizes(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'portcullis-size-'))
  try {
    const tarball = await packInto(folder)
    const { stdout } = await execute('npm', ['pack', '--dry-run', '--ignore-scripts', '--json'], { cwd: join(folder, 'staged') })
    const [packed] = JSON.parse(stdout) as ReadonlyArray<{ readonly unpackedSize: number; readonly entryCount: number }>
    const unpacked = packed === undefined ? '' : `, unpacked ${kilobytes(packed.unpackedSize)} in ${packed.entryCount} files`
    return `| | |\n|---|---|\n| tarball | ${kilobytes(statSync(tarball).size)}${unpacked} |`
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** What importing each entry adds to the start of a process that does nothing else. */
async function startUps(): Promise<string[]> {
  const { exports } = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8')) as {
    readonly exports: Readonly<Record<string, string | { readonly default: string }>>
  }
  const lines: string[] = []
  for (const [path, target] of Object.entries(exports)) {
    if (typeof target !== 'string') lines.push(`| import '${path.replace('.', 'portcullis')}' | ${await loading(target.default)} ms |`)
  }
  return lines
}

/** The fewest milliseconds of several processes: what else the machine does makes it only longer. */
async function loading(file: string): Promise<string> {
  const program = `const begin = performance.now(); await import(${JSON.stringify(join(repository, file))}); console.log(performance.now() - begin)`
  const times: number[] = []
  for (let round = 0; round < rounds; round++) {
    const { stdout } = await execute(process.execPath, ['--input-type=module', '--eval', program])
    times.push(Number(stdout))
  }
  return Math.min(...times).toFixed(0)
}

function kilobytes(bytes: number): string {
  return `${(bytes / 1_000).toFixed(0)} kB`
}

function withTable(text: string, table: string): string {
  const [before, rest] = text.split('<!-- npm run package:size -- --write -->\n')
  const [, after] = (rest ?? '').split('<!-- end -->')
  if (after === undefined) throw new Error('docs/releasing.md has no place for the table')
  return `${before}<!-- npm run package:size -- --write -->\n${table}\n<!-- end -->${after}`
}

await main()
