import { Unavailable } from '../lib/errors.js'

/** What happened to calls that were made all the time. */
export interface Load {
  /** In milliseconds. */
  readonly took: number[]
  allowed: number
  unavailable: number
  readonly others: unknown[]
}

/** Calls from ten places at once, until `during` is done. A call answers whether it was allowed. */
export async function underLoad(call: (place: number) => Promise<boolean>, during: () => Promise<void>): Promise<Load> {
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
  const callers = Array.from({ length: 10 }, (_, place) => caller(place))
  await during()
  over.abort()
  await Promise.all(callers)
  return load
}

export function percentile(numbers: readonly number[], share: number): number {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length * share)] ?? 0
}

export const pause = (milliseconds: number) => new Promise<void>((resolve) => void setTimeout(resolve, milliseconds))

export async function until(holds: () => Promise<boolean>): Promise<void> {
  for (const started = performance.now(); !(await holds()); await pause(20)) {
    if (performance.now() - started > 8_000) throw new Error('it did not come about within 8 s')
  }
}
