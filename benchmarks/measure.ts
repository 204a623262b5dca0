import { setTimeout as sleep } from 'node:timers/promises'
import { start } from './contender-process.js'
import type { RunningContender, StartOptions } from './contender-process.js'
import type { Contender } from './contenders.js'
import { underLoad } from './load.js'
import type { Load } from './load.js'
import type { Workload } from './requests.js'
import { disturbance, undisturbed, undisturbedRate } from './statistics.js'

/** Requests after which what is often called has been compiled, with the best that the engine can: Express takes that many. */
const warmAfter = 8_000

/** Loads a server for the given time, and on until it has answered enough to be warm, for at most three times as long. */
export async function warmUp(server: RunningContender, bytes: Buffer, milliseconds: number, isQuick: boolean): Promise<void> {
  await inItsTurn(server, { bytes }, async ({ counts }) => {
    for (let turn = 0; turn < (isQuick ? 1 : 3) && (turn === 0 || sum(counts) < warmAfter); turn++) await sleep(milliseconds)
  })
}

/** What one measurement found. */
export interface Sample {
  readonly perSecond: number
  /** Microseconds of CPU time of the server's process, for each request. */
  readonly cpu: number
  /** The part of the time in which the load had no rest: near 1, the server could have done more. */
  readonly busy: number
}

/** Two for each connection: slow servers answer many at once, and then none for a while. */
const fewest = 128

/** Milliseconds in which these must have come. */
const patience = 10_000

/**
 * Measures one workload on a server that runs: for that time, and until it has answered enough to tell. A third of the time comes before, in
 * which its connections are made and it wakes up. Throws when an answer is another than the workload's: then it did not do the work.
 */
export async function measure(server: RunningContender, workload: Workload, milliseconds: number): Promise<Sample> {
  const { name, statuses } = workload
  return inItsTurn(server, workload, async (load) => {
    await sleep(milliseconds / 3)
    const start = await look(server, load)
    await sleep(milliseconds)
    for (let more = 0; more < patience && sum(load.counts) - start.answered < fewest; more += 10) await sleep(10)
    const end = await look(server, load)
    const wrong = [...load.counts.keys()].filter((status) => !statuses.includes(status))
    const answered = end.answered - start.answered
    if (wrong.length > 0 || answered === 0) throw new Error(`${name} was answered with ${wrong.join(', ') || 'nothing'}`)
    const duration = end.time - start.time
    return {
      perSecond: (answered * 1000) / duration,
      cpu: (end.cpu - start.cpu) / answered,
      busy: 1 - (end.idle - start.idle) / duration,
    }
  })
}

/** Loads a server, and waits until it rests: one that still answers connections that are gone would take time from the next. */
async function inItsTurn<T>(
  server: RunningContender,
  { bytes, connections }: Pick<Workload, 'bytes' | 'connections'>,
  during: (load: Load) => Promise<T>,
): Promise<T> {
  const found = await underLoad(server.port, bytes, during, connections)
  for (let tries = 0; tries < 200 && (await isBusy(server)); tries++);
  return found
}

/** Whether a server uses more than a fifth of a few milliseconds. */
async function isBusy(server: RunningContender): Promise<boolean> {
  const { cpu } = await server.use()
  await sleep(5)
  return (await server.use()).cpu - cpu > 1_000
}

/** Where a server under load stands. Its own answer takes as long at the end as at the start. */
async function look(server: RunningContender, load: Load) {
  const { cpu } = await server.use()
  return { cpu, answered: sum(load.counts), idle: load.idle(), time: performance.now() }
}

function sum(counts: Load['counts']): number {
  return [...counts.values()].reduce((all, count) => all + count, 0)
}

/** All samples of one kind, as one. */
export interface Summary {
  readonly perSecond: number
  readonly cpu: number
  /** How far the median of CPU times is above `cpu`, in percent. */
  readonly spread: number
  readonly busy: number
}

function summaryOf(samples: readonly Sample[]): Summary {
  const cpu = samples.map((sample) => sample.cpu)
  return {
    perSecond: undisturbedRate(samples.map(({ perSecond }) => perSecond)),
    cpu: undisturbed(cpu),
    spread: disturbance(cpu) * 100,
    busy: Math.max(...samples.map(({ busy }) => busy)),
  }
}

/** Samples, gathered under names. */
export class Samples {
  readonly #samples = new Map<string, Sample[]>()

  add(name: string, sample: Sample): void {
    this.#samples.set(name, [...(this.#samples.get(name) ?? []), sample])
  }

  /** Undefined where nothing was measured. */
  of(name: string): Summary | undefined {
    const samples = this.#samples.get(name)
    return samples === undefined ? undefined : summaryOf(samples)
  }

  /** What was measured while the load had less than a tenth of its time to spare. */
  get limitedByLoad(): readonly string[] {
    return [...this.#samples].filter(([, samples]) => summaryOf(samples).busy > 0.9).map(([name]) => name)
  }
}

/** Starts all at once, hands them out, and stops them whatever happens. */
export async function withRunning<Key extends Contender, T>(
  contenders: readonly Key[],
  options: StartOptions,
  use: (running: ReadonlyMap<Key, RunningContender>) => Promise<T>,
): Promise<T> {
  const running = new Map<Key, RunningContender>()
  try {
    const starting = contenders.map(async (one) => [one, await start(one, options)] as const)
    for (const outcome of await Promise.allSettled(starting)) if (outcome.status === 'fulfilled') running.set(...outcome.value)
    if (running.size < contenders.length) await Promise.all(starting)
    return await use(running)
  } finally {
    await Promise.all([...running.values()].map((server) => server.stop()))
  }
}
