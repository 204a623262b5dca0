import { Unavailable } from '../errors.js'
import { inTime, usualDeadline } from '../state/in-time.js'
import type { PostgresPool } from '../state/postgres-pool.js'
import { counterName } from './bounded-key.js'
import { countersIn, numbersOf, verdictIn } from './counter-answer.js'
import { algorithmOf, capacityOf } from './limit.js'
import { postgresRateLimitMigration, requireSchema } from './postgres-migration.js'
import { SharedRateLimitStore } from './shared-store.js'
import type { Answer, CounterServer, SharedStoreOptions } from './shared-store.js'
import type { Charge, Verdict } from './store.js'

/** Options of the store in PostgreSQL. */
export interface PostgresRateLimitStoreOptions extends SharedStoreOptions {
  /** Where tables and function are: small letters, digits and underscores. @default 'public' */
  readonly schema?: string
}

/** Milliseconds. */
const openingTime = 10_000

/**
 * How much longer than its deadline a call may hold its connection, in milliseconds: a server that hangs would keep all of the pool for as
 * long as the network believes in it. Longer than the function waits for a lock, so that the server ends first what waits for one.
 */
const patience = 1_000

/**
 * Counts calls in PostgreSQL 12 or newer, for all processes of an API together. One statement, and so one round trip, looks at all limits
 * of a call and charges all or none, by the server's clock. Rows that count for nothing any more are removed along the way.
 *
 * Give it a pool with `connectionTimeoutMillis`, so that calls do not queue for connections that do not come about, and with a listener
 * for its `error` events. Its transactions must be at READ COMMITTED, the server's default. Close the pool yourself.
 */
export class PostgresRateLimitStore extends SharedRateLimitStore {
  private constructor(pool: PostgresPool, options: PostgresRateLimitStoreOptions) {
    super(new PostgresCounters(pool, options), options)
  }

  /**
   * Makes tables and function where they are missing (`postgresRateLimitMigration`); several processes may start at once. Where they are
   * there, the database's user needs no right to make them. Rejects with a `RangeError` for options that are out of range, with a
   * `TypeError` where transactions are not at READ COMMITTED, with `Unavailable` where the database errs or is late.
   */
  static async open(pool: PostgresPool, options: PostgresRateLimitStoreOptions = {}): Promise<PostgresRateLimitStore> {
    const { schema = 'public' } = options
    requireSchema(schema)
    const store = new PostgresRateLimitStore(pool, options)
    try {
      requireReadCommitted(await inTime('PostgreSQL', openingTime, () => migrate(pool, schema)))
    } catch (error) {
      if (error instanceof TypeError) throw error
      throw new Unavailable(undefined, { reason: 'rate-limit-store', cause: error })
    }
    return store
  }
}

/** Answers with how transactions are isolated. */
async function migrate(pool: PostgresPool, schema: string): Promise<unknown> {
  const { rows } = await pool.query({
    text: `SELECT current_setting('default_transaction_isolation') AS isolation, to_regprocedure($1) IS NOT NULL
      AND to_regclass($2) IS NOT NULL AND to_regclass($3) IS NOT NULL AS there`,
    values: ['portcullis_limits_1(text,jsonb,float8,text)', 'portcullis_limits', 'portcullis_limit_instances'].map(
      (name) => `"${schema}".${name}`,
    ),
    query_timeout: openingTime,
  })
  const { isolation, there } = (rows[0] ?? {}) as { isolation?: unknown; there?: unknown }
  if (there === true) return isolation
  // Of processes that start at once PostgreSQL lets all but one fail, unless they queue.
  const text = `BEGIN; SELECT pg_advisory_xact_lock(7078631); ${postgresRateLimitMigration(schema)} COMMIT`
  await pool.query({ text, query_timeout: openingTime })
  return isolation
}

/** At higher levels every call that meets another would fail, instead of waiting for it. */
function requireReadCommitted(isolation: unknown): void {
  if (isolation === 'read committed') return
  throw new TypeError(`default_transaction_isolation is ${String(isolation)}: a PostgresRateLimitStore needs 'read committed'`)
}

/** After so many charges rows that have ended are looked for: 1,000 at most, more than these can have added. */
const chargesForSweep = 500

const kinds = { fixed: 0, sliding: 1, bucket: 2 } as const

class PostgresCounters implements CounterServer {
  readonly name = 'PostgreSQL'
  readonly #pool: PostgresPool
  readonly #schema: string
  readonly #timeout: number
  readonly #now: () => number | null
  #charges = 0

  constructor(pool: PostgresPool, { clock, deadline = usualDeadline, schema = 'public' }: PostgresRateLimitStoreOptions) {
    this.#pool = pool
    this.#schema = schema
    this.#timeout = deadline + patience
    this.#now = clock === undefined ? () => null : () => clock.now()
  }

  async consume(charges: readonly Charge[], instance: string | undefined): Promise<Answer> {
    const [allowed, instances, ...counters] = await this.#run('consume', argumentsOf(charges), instance)
    this.#sweepAfter(charges.length)
    return { verdict: verdictIn(charges, allowed, counters), instances }
  }

  async read(charges: readonly Charge[]): Promise<Verdict> {
    const [, , ...counters] = await this.#run('read', argumentsOf(charges))
    return countersIn(charges, false, counters)
  }

  async refund(charges: readonly Charge[], verdict: Verdict): Promise<void> {
    await this.#run('refund', argumentsOf(charges, verdict))
  }

  async reset(charges: readonly Charge[]): Promise<void> {
    await this.#run('reset', argumentsOf(charges))
  }

  async #run(
    mode: 'consume' | 'read' | 'refund' | 'reset' | 'sweep',
    charges: readonly object[],
    instance?: string,
  ): Promise<readonly number[]> {
    const { rows } = await this.#pool.query({
      name: `portcullis_limits_1 ${this.#schema}`,
      text: `SELECT "${this.#schema}".portcullis_limits_1($1, $2::jsonb, $3, $4) AS answer`,
      values: [mode, JSON.stringify(charges), this.#now(), instance ?? null],
      query_timeout: this.#timeout,
    })
    return numbersOf((rows[0] as { answer?: unknown } | undefined)?.answer)
  }

  /** Nobody waits for it, and where it fails the next one does its work. */
  #sweepAfter(charges: number): void {
    this.#charges += charges
    if (this.#charges < chargesForSweep) return
    this.#charges = 0
    this.#run('sweep', []).catch(() => undefined)
  }
}

function argumentsOf(charges: readonly Charge[], verdict?: Verdict): readonly object[] {
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
