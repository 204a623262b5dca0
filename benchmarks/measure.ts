import { start } from './contender-process.js'
import type { RunningContender, StartOptions } from './contender-process.js'
import type { Contender } from './contenders.js'
import { load } from './load.js'
import type { Workload } from './requests.js'
import { median, spread } from './statistics.js'

/** Requests after which what is often called has been compiled, with the best that the engine can: Express takes that many. */
const warmAfter = 8_000

/** Loads a server for the given time, and on until it has answered enough to be warm, for at most three times as long. */
export async function warmUp({ port }: RunningContender, bytes: Buffer, milliseconds: number, isQuick: boolean): Promise<void> {
  let answered = 0
  for (let turn = 0; turn < (isQuick ? 1 : 3) && (turn === 0 || answered < warmAfter); turn++) {
    const { byStatus } = await load(port, bytes, milliseconds)
    for (const count of byStatus.values()) answered += count
  }
}

/** Loads a server that has rested while others were measured: the engine gives up what it has compiled for whoever rests. */
export async function awaken({ port }: RunningContender, bytes: Buffer, milliseconds: number): Promise<void> {
  await load(port, bytes, milliseconds)
}

/** What one measurement found. */
export interface Sample {
  readonly perSecond: number
  /** Microseconds of CPU time of the server's process, for each request. */
  readonly cpu: number
  /** The part of the time in which the load had no rest: near 1, the server could have done more. */
  readonly busy: number
}

/** Measures one workload on a server that runs. Throws when an answer is another than the workload's: then it did not do the work. */
export async function measure(server: RunningContender, { name, statuses, bytes }: Workload, milliseconds: number): Promise<Sample> {
  let before = 0
  const { byStatus, duration, busy } = await load(server.port, bytes, milliseconds, async () => {
    before = (await server.use()).cpu
  })
  const { cpu } = await server.use()
  const answered = [...byStatus.values()].reduce((sum, count) => sum + count, 0)
  const wrong = [...byStatus.keys()].filter((status) => !statuses.includes(status))
  if (wrong.length > 0 || answered === 0) throw new Error(`${name} was answered with ${wrong.join(', ') || 'nothing'}`)
  return { perSecond: (answered * 1000) / duration, cpu: (cpu - before) / answered, busy }
}

/** All samples of one kind, as one. */
export interface Summary {
  readonly perSecond: number
  readonly cpu: number
  /** How far the highest CPU time is above the lowest, in percent of the median. */
  readonly spread: number
  readonly busy: number
}

function summaryOf(samples: readonly Sample[]): Summary {
  const cpu = samples.map((sample) => sample.cpu)
  return {
    perSecond: median(samples.map(({ perSecond }) => perSecond)),
    cpu: median(cpu),
    spread: spread(cpu) * 100,
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
