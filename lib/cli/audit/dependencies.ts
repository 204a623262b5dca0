import { execFile } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { CommandError } from '../command.js'
import type { Noticed, Severity } from './finding.js'
import { lockFindings, some } from './lock-file.js'
import type { Manifest } from './lock-file.js'

/** Runs a program and gives what it printed; undefined where it could not run, or not in time. */
export type Ask = (words: readonly string[], directory: string) => Promise<string | undefined>

/** Milliseconds for one question to the registry. */
const patience = 30_000

/** Asks npm. Its exit code says what it found, not whether it could ask. */
export const askNpm: Ask = (words, directory) =>
  new Promise((resolve) => {
    const program = process.platform === 'win32' ? 'npm.cmd' : 'npm'
    const options = { cwd: directory, timeout: patience, maxBuffer: 50_000_000, shell: process.platform === 'win32' }
    execFile(program, [...words], options, (error, stdout) => resolve(error?.killed === true ? undefined : stdout))
  })

/** What is known of the packages of the project that `file` belongs to: what its lock file says, and what the registry does. */
export async function dependencyFindings(file: string, ask: Ask): Promise<readonly Noticed[]> {
  const directory = projectOf(file)
  if (directory === undefined) {
    const problem = 'no package.json stands above the module'
    return [{ rule: 'dependency-unasked', place: 'package.json', problem, mend: 'run the audit on a module of the project' }]
  }
  const manifest = manifestIn(directory)
  const lock = join(directory, 'package-lock.json')
  const [vulnerable, outdated] = await Promise.all([advisories(directory, ask), versions(directory, ask)])
  return [...lockFindings(manifest, existsSync(lock) ? readFileSync(lock, 'utf8') : undefined), ...vulnerable, ...outdated]
}

function manifestIn(directory: string): Manifest {
  const file = join(directory, 'package.json')
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Manifest
  } catch (thrown) {
    throw new CommandError(`${file} cannot be read: ${(thrown as Error).message}`, { cause: thrown })
  }
}

function projectOf(file: string): string | undefined {
  for (let directory = dirname(file); ; directory = dirname(directory)) {
    if (existsSync(join(directory, 'package.json'))) return directory
    if (directory === dirname(directory)) return undefined
  }
}

const severityOf: ReadonlyMap<unknown, Severity> = new Map([
  ['critical', 'high'],
  ['high', 'high'],
  ['moderate', 'medium'],
  ['low', 'low'],
])

interface Advisories {
  readonly vulnerabilities?: Readonly<
    Record<string, { readonly severity?: string; readonly via?: readonly unknown[]; readonly fixAvailable?: unknown }>
  >
}

async function advisories(directory: string, ask: Ask): Promise<readonly Noticed[]> {
  const answer = parsed(await ask(['audit', '--json'], directory)) as Advisories | undefined
  if (answer?.vulnerabilities === undefined) {
    const problem = 'it was not asked, or its registry did not answer: known vulnerabilities would not be noticed'
    return [{ rule: 'dependency-unasked', place: 'npm audit', problem, mend: 'run the audit where a registry answers it, once a day' }]
  }
  return Object.entries(answer.vulnerabilities).map(([name, { severity, via = [], fixAvailable }]) => ({
    ...({ rule: 'dependency-vulnerable', severity: severityOf.get(severity) ?? 'info', place: name } as const),
    problem: some(via.map((one) => (typeof one === 'string' ? `by ${one}` : String((one as { readonly title?: unknown }).title)))),
    mend: fixAvailable === false ? 'replace it, or see whether what is vulnerable is used' : `run npm audit fix, or update ${name}`,
  }))
}

async function versions(directory: string, ask: Ask): Promise<readonly Noticed[]> {
  const answer = parsed(await ask(['outdated', '--json'], directory)) as Readonly<Record<string, unknown>> | undefined
  if (answer === undefined || 'error' in answer) {
    const problem = 'it was not asked, or its registry did not answer'
    return [{ rule: 'dependency-unasked', place: 'npm outdated', problem, mend: 'run the audit where a registry answers it' }]
  }
  const names = Object.keys(answer)
  if (names.length === 0) return []
  return [
    {
      rule: 'dependency-outdated',
      place: 'package.json',
      problem: `${some(names)} have newer versions`,
      mend: 'run npm outdated, and update in small steps',
    },
  ]
}

function parsed(text: string | undefined): unknown {
  try {
    return JSON.parse(text === '' ? '{}' : (text ?? 'null')) ?? undefined
  } catch {
    return undefined
  }
}
