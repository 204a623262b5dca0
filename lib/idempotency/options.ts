import { millisecondsOf } from '../duration.js'
import type { Duration } from '../duration.js'
import type { RouteSetup } from '../protection.js'

/** How a route treats `Idempotency-Key`. */
export interface IdempotentOptions {
  /** Whether a request without a key is refused with 400. @default false: it runs as if the route were not idempotent */
  readonly required?: boolean
  /** How long an answer is kept: up to 365 days. @default '24 h' */
  readonly keepFor?: Duration
  /**
   * What a second request gets while the first runs: `refuse` answers 409 with `Retry-After`, `wait` waits for the first one's answer, and
   * refuses when `waitFor` is over. @default 'refuse'
   */
  readonly whileRunning?: 'wait' | 'refuse'
  /** How long `wait` waits, up to 5 minutes; the route's `@Timeout` ends it too. @default '5 s' */
  readonly waitFor?: Duration
  /**
   * For how long a key stays taken after a process has died with it: 1 s to 1 h. While a handler runs, its process renews the lease.
   * @default '1 min'
   */
  readonly lease?: Duration
  /**
   * How many bytes of an answer are kept, headers included: 1 to 16,777,216. Of a larger one only that it was given is kept. @default 65,536
   */
  readonly maxAnswer?: number
  /**
   * Lets a `@Public()` route be idempotent: whoever sends the same request with the same key from the same address, or the same /64, gets
   * the first one's answer. People share addresses: only for clients whose keys cannot be guessed. @default false
   */
  readonly dangerouslyTrustAddresses?: boolean
}

/** Options that were checked; times in milliseconds. */
export interface Settings {
  readonly required: boolean
  readonly keepFor: number
  readonly whileRunning: 'wait' | 'refuse'
  /** 0 where nobody waits. */
  readonly waitFor: number
  readonly lease: number
  readonly maxAnswer: number
  readonly trustsAddresses: boolean
}

const second = 1_000
const day = 86_400_000

/** Reports what is wrong with the options of a route. */
export function settingsOf(options: IdempotentOptions, { mistake }: Pick<RouteSetup, 'mistake'>): Settings {
  const { required = false, keepFor = '24 h', whileRunning = 'refuse', waitFor = '5 s', lease = '1 min' } = options
  const { maxAnswer = 65_536, dangerouslyTrustAddresses = false } = options
  const declared: string = whileRunning
  if (declared !== 'wait' && declared !== 'refuse') {
    mistake(`@Idempotent has whileRunning: ${JSON.stringify(declared)}`, "write 'wait' or 'refuse'")
  }
  for (const [name, value] of Object.entries({ required, dangerouslyTrustAddresses })) {
    if (typeof value !== 'boolean') mistake(`@Idempotent has ${name}: ${JSON.stringify(value)}`, 'write true or false')
  }
  if (!Number.isSafeInteger(maxAnswer) || maxAnswer < 1 || maxAnswer > 16_777_216) {
    mistake(`@Idempotent has maxAnswer: ${String(maxAnswer)}`, 'write bytes, from 1 to 16777216')
  }
  const time = (name: string, duration: Duration, [least, most]: readonly [number, number], words: string) => {
    const milliseconds = millisecondsOf(duration, most)
    if (milliseconds !== undefined && milliseconds >= least) return milliseconds
    mistake(`@Idempotent has ${name}: ${JSON.stringify(duration)}`, `write ${words}, as milliseconds or such as '30 s'`)
    return least
  }
  return {
    ...{ required, whileRunning, maxAnswer, trustsAddresses: dangerouslyTrustAddresses },
    keepFor: time('keepFor', keepFor, [second, 365 * day], 'from 1 s to 365 d'),
    waitFor: whileRunning === 'wait' ? time('waitFor', waitFor, [1, 300 * second], 'up to 5 min') : 0,
    lease: time('lease', lease, [second, 3_600 * second], 'from 1 s to 1 h'),
  }
}
