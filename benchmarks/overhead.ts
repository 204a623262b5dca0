// What protection costs: each host bare, then with one protection more at a time.
import { adapters, hostName, overheadSteps } from './contenders.js'
import type { OverheadStep } from './contenders.js'
import { measure, Samples, warmUp, withRunning } from './measure.js'
import { workloads } from './requests.js'
import type { BenchmarkOptions, SuiteResult, Table } from './suite.js'

const meanings: Readonly<Record<string, string>> = {
  bare: "bare, with the host's body parser",
  routes: 'Portcullis, nothing declared',
  headers: '+ security headers',
  limits: '+ two limits by address',
  token: '+ token',
  permission: '+ permission',
  validation: '+ body read and validated',
  audit: '+ audit record with headers: all',
}

export async function overhead(options: BenchmarkOptions): Promise<SuiteResult> {
  const samples = new Samples()
  const { create } = workloads()
  const steps = options.isQuick ? overheadSteps.filter(({ step }) => step === 'bare' || step === 'audit') : overheadSteps
  await withRunning(steps, { isPinned: !options.isQuick }, async (running) => {
    for (const [{ name }, server] of running) {
      options.progress(`overhead: warming up ${name}`)
      await warmUp(server, create.bytes, options.warmUp, options.isQuick)
    }
    for (let round = 1; round <= options.rounds; round++) {
      options.progress(`overhead: round ${round} of ${options.rounds}`)
      for (const [{ name }, server] of running) samples.add(name, await measure(server, create, options.milliseconds))
    }
  })
  return {
    title: 'Overhead: what each protection costs',
    tables: adapters.map((adapter) =>
      tableOf(
        hostName(adapter),
        steps.filter((step) => step.adapter === adapter),
        samples,
      ),
    ),
    charts: { overhead: { kind: 'bars', title: 'One protection more at a time', unit: 'CPU µs a request', bars: barsOf(steps, samples) } },
    notes: [
      `POST /api/v1/orders with a token and a body of about 300 bytes; ${options.rounds} rounds of ${options.milliseconds} ms, interleaved; lower deciles.`,
      "The bare host reads and parses the body with its own body parser; Portcullis reads it from '+ body read and validated' on, since no handler sees a body that nobody validated.",
      'Steps of a few µs are within the spread of a machine that does other things too.',
      ...noteOnLoad(samples),
    ],
    packages: ['express', 'koa', 'koa-bodyparser'],
  }
}

function tableOf(host: string, steps: readonly OverheadStep[], samples: Samples): Table {
  let before: number | undefined
  const [bare] = steps
  const bareCpu = samples.of(bare?.name ?? '')?.cpu ?? Number.NaN
  const rows = steps.map(({ name, step }) => {
    const { cpu = Number.NaN, perSecond, spread } = samples.of(name) ?? {}
    const row = [meanings[step] ?? step, cpu, before === undefined ? undefined : signed(cpu - before), cpu / bareCpu, spread, perSecond]
    before = cpu
    return row
  })
  return { title: host, columns: [host, 'CPU µs a request', 'more', '× bare', 'spread %', 'requests/s'], rows }
}

function signed(difference: number): string {
  return `${difference < 0 ? '−' : '+'}${Math.abs(difference).toFixed(1)}`
}

function barsOf(steps: readonly OverheadStep[], samples: Samples) {
  return steps.map(({ name, step, adapter }) => ({
    label: meanings[step] ?? step,
    value: samples.of(name)?.cpu ?? 0,
    isOwn: step !== 'bare',
    ...(step === 'bare' ? { heading: hostName(adapter) } : {}),
  }))
}

/** Says of which numbers the load is to blame. */
export function noteOnLoad({ limitedByLoad }: Samples): readonly string[] {
  if (limitedByLoad.length === 0) return []
  return [
    `The load had no time to spare with ${limitedByLoad.join('; ')}: their requests a second may be too low; CPU time is not touched by this.`,
  ]
}
