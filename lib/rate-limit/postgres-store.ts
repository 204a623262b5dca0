import { Unavailable } from '../errors.js'
import { inTime } from '../state/in-time.js'
import type { PostgresPool } from '../state/postgres-pool.js'
import { counterName } from './bounded-key.js'
import { countersIn, numbersOf, verdictIn } from './counter-answer.js'
import { algorithmOf, capacityOf } from './limit.js'
import { postgresRateLimitMigration } from './postgres-migration.js'
import { SharedRateLimitStore } from './shared-store.js'
import type { Answer, CounterServer, SharedStoreOptions } from './shared-store.js'
import type { Charge, Verdict } from './store.js'

/** Milliseconds. */
const openingTime = 10_000

/**
 * Counts calls in PostgreSQL, for all processes of an API together. One statement, and so one round trip, looks at all limits of a call
 * and charges all or none, by the server's clock. Rows that count for nothing any more are removed along the way.
 *
 * A call that was late still holds its connection: give the pool `statement_timeout` and `connectionTimeoutMillis`, and leave its
 * transactions at READ COMMITTED. Close the pool yourself.
 */
export class PostgresRateLimitStore extends SharedRateLimitStore {
  private constructor(pool: PostgresPool, options: SharedStoreOptions) {
    super(new PostgresCounters(pool, options), options)
  }

  /**
   * Makes table and function where they are missing (`postgresRateLimitMigration`); several processes may start at once. Where they are
   * there, the database's user needs no right to make them. Rejects with a `RangeError` for options that are out of range, with
   * `Unavailable` where the database errs or is late.
   */
  static async open(pool: PostgresPool, options: SharedStoreOptions = {}): Promise<PostgresRateLimitStore> {
    const store = new PostgresRateLimitStore(pool, options)
    try {
      await inTime('PostgreSQL', openingTime, () => migrate(pool))
    } catch (error) {
      throw new Unavailable(undefined, { reason: 'rate-limit-store', cause: error })
    }
    return store
  }
}

async function migrate(pool: PostgresPool): Promise<void> {
  const { rows } = await pool.query({ text: `SELECT to_regprocedure('portcullis_limits_1(text,jsonb,float8,text)') IS NOT NULL AS there` })
  if ((rows[0] as { there?: unknown } | undefined)?.there === true) return
  // Of processes that start at once PostgreSQL lets all but one fail, unless they queue.
  await pool.query({ text: `BEGIN; SELECT pg_advisory_xact_lock(7078631); ${postgresRateLimitMigration} COMMIT` })
}

/** The first of so many answers is followed by a sweep. It takes more away than they can have added. */
const answersForSweep = 500

const kinds = { fixed: 0, sliding: 1, bucket: 2 } as const

class PostgresCounters implements CounterServer {
  readonly name = 'PostgreSQL'
  readonly #pool: PostgresPool
  readonly #now: () => number | null
  #answers = 0

  constructor(pool: PostgresPool, { clock }: SharedStoreOptions) {
    this.#pool = pool
    this.#now = clock === undefined ? () => null : () => clock.now()
  }

  async consume(charges: readonly Charge[], instance: string | undefined): Promise<Answer> {
    const [allowed, instances, ...counters] = await this.#run('consume', charges, undefined, instance)
    this.#answers = (this.#answers + 1) % answersForSweep
    if (this.#answers === 0) void this.#sweep()
    return { verdict: verdictIn(charges, allowed, counters), instances }
  }

  async read(charges: readonly Charge[]): Promise<Verdict> {
    const [, , ...counters] = await this.#run('read', charges)
    return countersIn(charges, false, counters)
  }

  async refund(charges: readonly Charge[], verdict: Verdict): Promise<void> {
    await this.#run('refund', charges, verdict)
  }

  async reset(charges: readonly Charge[]): Promise<void> {
    const names = charges.map(counterName)
    await this.#pool.query({ text: 'DELETE FROM portcullis_limits WHERE name = ANY($1)', values: [names] })
  }

  async #run(
    mode: 'consume' | 'read' | 'refund',
    charges: readonly Charge[],
    verdict?: Verdict,
    instance?: string,
  ): Promise<readonly number[]> {
    const { rows } = await this.#pool.query({
      name: 'portcullis_limits_1',
      text: 'SELECT portcullis_limits_1($1, $2::jsonb, $3, $4) AS answer',
      values: [mode, JSON.stringify(argumentsOf(charges, verdict)), this.#now(), instance ?? null],
    })
    return numbersOf((rows[0] as { answer?: unknown } | undefined)?.answer)
  }

  /** Nobody waits for it, and where it fails the next one does its work. */
  async #sweep(): Promise<void> {
    const text = `DELETE FROM portcullis_limits WHERE until <= $1 AND name IN
      (SELECT name FROM portcullis_limits WHERE until <= $1 ORDER BY until LIMIT 1000 FOR UPDATE SKIP LOCKED)`
    await this.#pool.query({ text, values: [this.#now() ?? Date.now() - 60_000] }).catch(() => undefined)
  }
}

function argumentsOf(charges: readonly Charge[], verdict: Verdict | undefined): readonly object[] {
  let place = 0
  return charges.map((charge) => ({
    name: counterName(charge),
    cost: charge.cost,
    capped: charge.capped === true,
    penalty: [charge.penalty?.first ?? 0, charge.penalty?.most ?? 0, charge.penalty?.memory ?? 0],
    windows: charge.windows.map((limit) => {
      const endsAt = verdict?.windows[place]?.endsAt ?? 0
      place += 1
      return [kinds[algorithmOf(limit)], limit.count, limit.window, capacityOf(limit), endsAt]
    }),
  }))
}
