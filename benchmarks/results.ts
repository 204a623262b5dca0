// Where results are kept: benchmarks/results, and the README between two markers.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { cpus, totalmem } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { svgOf } from './chart.js'
import { markdownTable } from './suite.js'
import type { BenchmarkOptions, SuiteResult } from './suite.js'

const root = fileURLToPath(new URL('../../', import.meta.url))
const folder = join(root, 'benchmarks/results')

/** One run of one benchmark, with what it ran on. */
export interface Run extends SuiteResult {
  readonly name: string
  /** ISO 8601, the day. */
  readonly date: string
  readonly machine: { readonly cpu: string; readonly cores: number; readonly memory: string; readonly system: string }
  readonly versions: Readonly<Record<string, string>>
  readonly rounds: number
  readonly milliseconds: number
}

export function runOf(name: string, result: SuiteResult, { rounds, milliseconds }: BenchmarkOptions): Run {
  const machine = {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: cpus().length,
    memory: `${Math.round(totalmem() / 2 ** 30)} GB`,
    system: `${process.platform} ${process.arch}`,
  }
  const versions = Object.fromEntries([['node', process.versions.node], ...result.packages.map((name) => [name, versionOf(name)])])
  return { name, date: new Date().toISOString().slice(0, 10), machine, versions, rounds, milliseconds, ...result }
}

function versionOf(name: string): string {
  const manifest = readFileSync(join(root, 'node_modules', name, 'package.json'), 'utf8')
  return (JSON.parse(manifest) as { readonly version: string }).version
}

/** What a run was made on, on one line. */
export function circumstances({ date, machine, versions, rounds, milliseconds }: Run): string {
  const { cpu, cores, memory, system } = machine
  const packages = Object.entries(versions).map(([name, version]) => `${name} ${version}`)
  return `${date}, ${rounds} rounds of ${milliseconds} ms; ${cpu}, ${cores} cores, ${memory}, ${system}; ${packages.join(', ')}`
}

/** Writes a run down: its numbers as JSON, its charts as SVG. */
export function keepRun(run: Run): void {
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, `${run.name}.json`), `${JSON.stringify(run, null, 2)}\n`)
  for (const [name, chart] of Object.entries(run.charts)) writeFileSync(join(folder, `${name}.svg`), svgOf(chart))
}

function keptRun(name: string): Run {
  return JSON.parse(readFileSync(join(folder, `${name}.json`), 'utf8')) as Run
}

const markers = ['<!-- benchmarks: written by `npm run bench -- --readme` -->', '<!-- /benchmarks -->'] as const

/** Puts the kept results into the README, between its markers. Throws where those are missing, or a result is. */
export function writeReadme(path = join(root, 'README.md')): void {
  const text = readFileSync(path, 'utf8')
  const [start, end] = markers.map((marker) => text.indexOf(marker))
  if (start === undefined || end === undefined || start < 0 || end < start)
    throw new Error(`${path} lacks the markers ${markers.join(' and ')}`)
  writeFileSync(path, `${text.slice(0, start)}${markers[0]}\n${readmePart(keptRun('peers'))}${text.slice(end)}`)
}

/** The columns of the peers' table that are short enough for a README. */
const shownColumns = ['contender', 'requests/s', 'POST', '× floor', '401', '422', 'one at a time']

function readmePart(peers: Run): string {
  const [table] = peers.tables
  if (table === undefined) throw new Error('the results of the peers have no table')
  const places = shownColumns.map((name) => table.columns.indexOf(name))
  const titles = [
    'protected in full',
    'requests/s',
    'CPU µs a request',
    '× hand-written',
    'µs for a 401',
    'µs for a 422',
    'µs, one connection',
  ]
  const rows = table.rows.map((row) => places.map((place) => row[place]))
  return `
![CPU time of one protected request, for each contender](benchmarks/results/peers.svg)

![CPU time of one request as protections are added](benchmarks/results/overhead.svg)

![How the time of a request grows with routes, addresses and permissions](benchmarks/results/scale.svg)

${markdownTable({ title: '', columns: titles, rows })}

Measured on ${circumstances(peers)}.

`
}
