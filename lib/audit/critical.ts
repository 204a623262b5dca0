import { Unavailable } from '../errors.js'
import type { Exchange } from '../exchange.js'
import type { Step } from '../protection.js'

/** Milliseconds that a critical record may take. */
export const longestDeadline = 60_000

/** Writes the record of a request that has come to its end. */
export interface Recorder {
  (exchange: Exchange, status: number): void
  /** Whether a parameter of the route's path is secret: then its path is recorded, and not that of the request. */
  readonly hidesPath: boolean
  /** What a critical action asks for besides. */
  readonly critical?: CriticalRecords
}

/** Has the log know of what is critical before it happens, and before its outcome is told. */
export interface CriticalRecords {
  /** Records what is about to be done. Refuses where that does not stay. */
  readonly intend: Step
  readonly isIntended: (exchange: Exchange) => boolean
  /** Records the outcome of what was intended, and waits until it stays. Undefined, and nothing recorded, where nothing was. */
  readonly conclude: (exchange: Exchange, status: number) => Promise<void> | undefined
}

/** Which of the two records of a critical action it is. */
export type Stage = 'intent' | 'outcome'

/** Makes the two records out of one function that writes a record and settles when it stays. The status of an intent is null. */
export function criticalRecords(stays: (exchange: Exchange, status: number | null, stage: Stage) => Promise<void>): CriticalRecords {
  const intended = new WeakSet<Exchange>()
  return {
    async intend(exchange) {
      try {
        await stays(exchange, null, 'intent')
      } catch (thrown) {
        throw unrecorded('This cannot be recorded at the moment, so it was not done.', thrown)
      }
      intended.add(exchange)
    },
    isIntended: (exchange) => intended.has(exchange),
    conclude(exchange, status) {
      if (!intended.has(exchange)) return undefined
      return stays(exchange, status, 'outcome').catch((thrown: unknown) => {
        throw unrecorded('This was taken up, but what became of it could not be recorded.', thrown)
      })
    },
  }
}

function unrecorded(detail: string, cause: unknown): Unavailable {
  return new Unavailable(detail, { reason: 'audit-log', cause })
}
