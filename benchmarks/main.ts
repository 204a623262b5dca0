// All benchmarks, or one: `npm run bench`, `npm run bench -- peers --rounds 5 --seconds 2`. README.md beside this file tells what is measured.
import { parseArgs } from 'node:util'
import { moveToAnotherCore } from './contender-process.js'
import { refuse } from './contract.js'
import { overhead } from './overhead.js'
import { parts } from './parts.js'
import { peers } from './peers.js'
import { circumstances, keepRun, runOf, writeReadme } from './results.js'
import type { Run } from './results.js'
import { scale } from './scale.js'
import { textTable } from './suite.js'
import type { BenchmarkOptions, SuiteResult } from './suite.js'

const suites: Readonly<Record<string, (options: BenchmarkOptions) => Promise<SuiteResult>>> = { overhead, peers, scale, parts }

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: 'boolean', default: false },
    quick: { type: 'boolean', default: false },
    readme: { type: 'boolean', default: false },
    rounds: { type: 'string' },
    seconds: { type: 'string' },
  },
})
const names = positionals.length === 0 ? Object.keys(suites) : positionals
const unknown = names.filter((name) => !Object.hasOwn(suites, name))
if (unknown.length > 0) refuse(`${unknown.join(', ')}: choose of ${Object.keys(suites).join(', ')}`)

const usual = values.quick ? { rounds: 1, milliseconds: 60, warmUp: 60 } : { rounds: 12, milliseconds: 100, warmUp: 1_500 }
const options: BenchmarkOptions = {
  rounds: values.rounds === undefined ? usual.rounds : Math.ceil(positive(values.rounds, 'rounds')),
  milliseconds: values.seconds === undefined ? usual.milliseconds : positive(values.seconds, 'seconds') * 1000,
  warmUp: usual.warmUp,
  isQuick: values.quick,
  progress: (text) => {
    if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${text}`)
  },
}

const isWorthKeeping = !values.quick && options.rounds >= usual.rounds && options.milliseconds >= usual.milliseconds

moveToAnotherCore()
const runs: Run[] = []
for (const name of names) {
  const run = runOf(name, await suites[name]!(options), options)
  options.progress('')
  if (!values.json) show(run)
  if (isWorthKeeping) keepRun(run)
  else if (!values.json) console.log('· Measured in a hurry: not kept.')
  runs.push(run)
}
if (values.json) console.log(JSON.stringify(runs, null, 2))
if (values.readme && isWorthKeeping) writeReadme()

function show(run: Run): void {
  console.log(`\n━━ ${run.title} ━━\n`)
  for (const table of run.tables) console.log(`${textTable(table)}\n`)
  for (const note of run.notes) console.log(`· ${note}`)
  console.log(`· ${circumstances(run)}`)
}

function positive(text: string, name: string): number {
  const number = Number(text)
  return number > 0 ? number : refuse(`--${name} ${text}: give a number above 0`)
}
