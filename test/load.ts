import { Unavailable } from '../lib/errors.js'

/** What happened to calls that were made all the time. */
export interface Load {
  /** In milliseconds. */
  readonly took: number[]
  allowed: number
  unavailable: number
  readonly others: unknown[]
}

/** So many calls are made at least: of fewer, nobody can tell how long 99 in a hundred take. */
const fewest = 101

/** Calls from several places at once, until `during` is done. A call answers whether it was allowed. */
export async function underLoad(call: (place: number) => Promise<boolean>, during: () => Promise<void>, places = 10): Promise<Load> {
  const load: Load = { took: [], allowed: 0, unavailable: 0, others: [] }
  const over = new AbortController()
  async function caller(place: number): Promise<void> {
    while (!over.signal.aborted) {
      const started = performance.now()
      try {
        if (await call(place)) load.allowed += 1
      } catch (error) {
        if (error instanceof Unavailable) load.unavailable += 1
        else load.others.push(error)
      }
      load.took.push(performance.now() - started)
      await pause(1)
    }
  }
  const callers = Array.from({ length: places }, (_, place) => caller(place))
  await during()
  // A busy machine makes few in the same time.
  await until(async () => load.took.length >= fewest)
  over.abort()
  await Promise.all(callers)
  return load
}

/**
 * What becomes of a load, and how long a timer of so many milliseconds takes at most meanwhile, together with the turn of the event loop after it, in
 * which answers are read that have come: on a machine that is busy with other things, no call that is ended so can be expected to end earlier.
 */
export async function besideTimers<T>(milliseconds: number, load: () => Promise<T>): Promise<readonly [load: T, longest: number]> {
  let longest = milliseconds
  const time = () => {
    const started = performance.now()
    const note = () => (longest = Math.max(longest, performance.now() - started))
    setTimeout(() => setImmediate(note), milliseconds)
  }
  time()
  const interval = setInterval(time, 5)
  try {
    const made = await load()
    await pause(milliseconds)
    return [made, longest]
  } finally {
    clearInterval(interval)
  }
}

export function percentile(numbers: readonly number[], share: number): number {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length * share)] ?? 0
}

/**
 * Has stores that are under load be all at work, and forgets what they told: on a busy machine a call may miss its deadline without a fault, which
 * must begin at once now.
 */
export async function areAtWork(stores: ReadonlyArray<{ readonly changes: string[] }>): Promise<void> {
  await until(async () => stores.every(({ changes }) => changes.at(-1) !== 'lost'))
  for (const { changes } of stores) changes.length = 0
}

export const pause = (milliseconds: number) => new Promise<void>((resolve) => void setTimeout(resolve, milliseconds))

export async function until(holds: () => Promise<boolean>): Promise<void> {
  for (const started = performance.now(); !(await holds()); await pause(20)) {
    if (performance.now() - started > 8_000) throw new Error('it did not come about within 8 s')
  }
}
