import { expect } from 'chai'
import { Client, Pool } from 'pg'
import type { PoolConfig } from 'pg'
import { Unavailable } from '../../lib/errors.js'
import { parseLimits } from '../../lib/rate-limit/rate-limit.js'
import { MemoryRateLimitStore } from '../../lib/rate-limit/memory-store.js'
import type { Charge } from '../../lib/rate-limit/store.js'
import { postgresRateLimitMigration, PostgresRateLimitStore } from '../../lib/stores.js'
import type { PostgresRateLimitStoreOptions } from '../../lib/stores.js'
import { fakeClock } from '../../lib/testing/fake-clock.js'
import { random } from '../../lib/testing/random.js'
import { findPostgres, startPostgres } from '../postgres-server.js'
import type { PostgresServer } from '../postgres-server.js'

const programs = findPostgres()
const describeWithPostgres = programs === undefined ? () => undefined : describe
const closed = { onStoreFailure: 'closed', deadline: 10_000, remembersRefusals: false } as const

function charge(key: string, limit = '1000 per hour', cost = 1): Charge {
  return { rule: 'rule', key, windows: parseLimits(limit), cost }
}

describeWithPostgres('the store in PostgreSQL', () => {
  let server: PostgresServer
  let pool: Pool
  const pools: Pool[] = []

  before(async () => {
    server = await startPostgres(programs ?? '', 'deadlock_timeout=10ms')
    pool = poolOf({ max: 8 })
  })

  after(async () => {
    await Promise.all(pools.map(async (one) => one.end()))
    await server.stop()
  })

  function poolOf(config: PoolConfig): Pool {
    const one = new Pool({ connectionString: server.url, ...config })
    one.on('error', () => undefined)
    pools.push(one)
    return one
  }

  const open = (options: PostgresRateLimitStoreOptions = {}, on = pool) => PostgresRateLimitStore.open(on, { ...closed, ...options })

  async function value(query: string): Promise<unknown> {
    const { rows } = await pool.query<{ value: unknown }>(query)
    return rows[0]?.value
  }

  it('has no two calls wait for each other, in whatever order they name their counters, and whatever is swept meanwhile', async () => {
    const clock = fakeClock()
    const store = await open({ clock })
    const chance = random(7)
    const sweep = () => pool.query(`SELECT portcullis_limits_1('sweep', '[]', $1, NULL)`, [clock.time])
    const keys = ['a', 'b', 'c', 'd', 'e', 'f']
    await Promise.all(
      Array.from({ length: 8 }, async (_, caller) => {
        for (let call = 0; call < 60; call += 1) {
          const charges = keys
            .map((key) => ({ key, at: chance.below(1_000) }))
            .toSorted((x, y) => x.at - y.at)
            .slice(0, 3)
            .map(({ key }) => charge(key, '1000000 per second'))
          const verdict = await store.consume(charges)
          if (chance.below(10) === 0) await store.refund(charges, verdict)
          if (chance.below(2) === 0) await store.reset(charges)
          // Everything has ended by then, and the next call makes it anew.
          if (caller === 0) clock.time += 70_000
          if (chance.below(3) === 0) await sweep()
        }
      }),
    )
    expect(await value(`SELECT deadlocks::int AS value FROM pg_stat_database WHERE datname = 'postgres'`)).to.equal(0)
  })

  it('has no two processes wait for each other that are heard of again after a long time', async () => {
    await open()
    const heardOf = (instance: string, time: number) =>
      pool.query(`SELECT portcullis_limits_1('consume', $1, $2, $3) AS answer`, [
        JSON.stringify([{ name: instance, cost: 1, capped: false, penalty: [0, 0, 0], windows: [[0, 9, 1_000, 9, 0]] }]),
        time,
        instance,
      ])
    for (const instance of ['one', 'other', 'third']) await heardOf(instance, 1)
    const client = new Client(server.url)
    await client.connect()
    try {
      await client.query(`BEGIN; UPDATE portcullis_limit_instances SET seen = 60000 WHERE instance = 'one'`)
      const { rows } = await heardOf('other', 60_000)
      expect((rows[0] as { answer: number[] }).answer[0]).to.equal(1)
    } finally {
      await client.end()
    }
  })

  it('removes rows that have ended by the clock of the server, and no others', async () => {
    await pool.query('TRUNCATE portcullis_limits')
    const clock = fakeClock()
    const store = await open({ clock })
    await store.consume([charge('lasts', '1 per day')])
    await store.consume([{ ...charge('kept out', '1 per second', 2), penalty: { first: 86_400_000, most: 86_400_000, memory: 0 } }])
    for (let index = 0; index < 1_200; index += 4) {
      await store.consume([0, 1, 2, 3].map((more) => charge(`short ${index + more}`, '1 per second')))
    }
    clock.time += 120_000
    for (let index = 0; index < 300; index += 1) await store.consume([0, 1, 2, 3].map((more) => charge(`again ${more}`)))
    const gone = async () => Number(await value('SELECT count(*) AS value FROM portcullis_limits'))
    for (let looks = 0; looks < 100 && (await gone()) > 10; looks += 1) await new Promise(setImmediate)
    expect(await gone()).to.equal(6)
    expect((await store.consume([charge('lasts', '1 per day')])).allowed).to.equal(false)
    const { rows } = await pool.query(`SELECT name FROM portcullis_limits WHERE name LIKE '%kept out'`)
    expect(rows).to.have.length(1)
  })

  it('reckons with large numbers as memory does', async () => {
    const clock = fakeClock()
    const [store, memory] = [await open({ clock }), new MemoryRateLimitStore({ clock })]
    const chance = random(11)
    for (let call = 0; call < 150; call += 1) {
      clock.time += chance.below(20_000_000)
      const texts = ['999999999999999 per 2 weeks', '3000000 per 13 days sliding', '3000000 per 7 days burst 4000000']
      const charges = texts.map((text) => charge(`large ${text}`, text, chance.below(3) * chance.below(1_000_000)))
      expect(await store.consume(charges)).to.deep.equal(memory.consume(charges))
    }
  })

  it('starts at READ COMMITTED only, and errs rather than admits where a connection is not', async () => {
    for (const level of ['repeatable\\ read', 'serializable']) {
      const other = poolOf({ options: `-c default_transaction_isolation=${level}`, max: 8 })
      const failure = await open({}, other).catch((error: unknown) => error)
      expect(failure).to.be.instanceOf(TypeError)
      expect(String(failure)).to.include('default_transaction_isolation')

      let asked = pool
      const store = await PostgresRateLimitStore.open({ query: (query) => asked.query(query) }, closed)
      asked = other
      const calls = Array.from({ length: 60 }, async () => {
        try {
          return (await store.consume([charge(level, '5 per hour')])).allowed
        } catch (error) {
          expect(error).to.be.instanceOf(Unavailable)
          return false
        }
      })
      expect((await Promise.all(calls)).filter(Boolean).length).to.be.within(1, 5)
    }
  })

  it('calls nothing that somebody else put into the search path', async () => {
    await open()
    await pool.query(`
      CREATE SCHEMA evil;
      CREATE FUNCTION evil.never(float8, integer) RETURNS boolean LANGUAGE sql AS 'SELECT false';
      CREATE OPERATOR evil.> (LEFTARG = float8, RIGHTARG = integer, FUNCTION = evil.never);
      CREATE OPERATOR evil.= (LEFTARG = float8, RIGHTARG = integer, FUNCTION = evil.never);
      CREATE FUNCTION evil.portcullis_limits_1(text, jsonb, float8, text) RETURNS float8[] LANGUAGE sql AS $$ SELECT '{1,0,0,1,1,1}'::float8[] $$`)
    const other = poolOf({ options: '-c search_path=evil,pg_catalog,public', max: 1 })
    await other.query('CREATE TEMPORARY TABLE portcullis_limits (LIKE public.portcullis_limits INCLUDING ALL)')
    const store = await open({}, other)
    const charges = [{ ...charge('evil', '1 per hour'), penalty: { first: 7_200_000, most: 7_200_000, memory: 1 } }]
    const verdicts = [await store.consume(charges), await store.consume(charges), await (await open()).consume(charges)]
    expect(verdicts.map(({ allowed }) => allowed)).to.deep.equal([true, false, false])
    expect(verdicts.map(({ isPenalty }) => isPenalty === true)).to.deep.equal([false, true, true])
  })

  it('counts in the schema that it is told, side by side with others', async () => {
    await pool.query('CREATE SCHEMA "order"')
    const [one, other] = [await open(), await open({ schema: 'order' })]
    const charges = [charge('schema', '1 per hour')]
    expect(
      [await one.consume(charges), await other.consume(charges), await other.consume(charges)].map(({ allowed }) => allowed),
    ).to.deep.equal([true, true, false])
    await one.reset(charges)
    expect((await other.read(charges)).allowed).to.equal(false)
  })

  it('refuses a schema that is no plain name', async () => {
    for (const schema of ['', 'a"; DROP TABLE x; --', 'A', '1a', 'a.b', 'a b', 'ä', 'a'.repeat(64), 'a\n']) {
      expect(await open({ schema }).catch((error: unknown) => error), schema).to.be.instanceOf(RangeError)
      expect(() => postgresRateLimitMigration(schema), schema).to.throw(RangeError)
    }
  })

  it('needs no right but to read and write its tables', async () => {
    await open()
    await pool.query(`
      CREATE ROLE runner LOGIN;
      REVOKE ALL ON SCHEMA public FROM PUBLIC;
      GRANT USAGE ON SCHEMA public TO runner;
      GRANT SELECT, INSERT, UPDATE, DELETE ON portcullis_limits, portcullis_limit_instances TO runner`)
    const store = await open({}, poolOf({ user: 'runner', connectionString: server.url.replace('postgres@', 'runner@') }))
    const charges = [charge('runner', '1 per hour')]
    const verdict = await store.consume(charges)
    await store.refund(charges, verdict)
    expect((await store.read(charges)).allowed).to.equal(true)
    await store.reset(charges)
    expect([(await store.consume(charges)).allowed, (await store.consume(charges)).allowed]).to.deep.equal([true, false])
  })

  it('runs its migration again and again, and makes anew what is missing', async () => {
    await pool.query(postgresRateLimitMigration())
    await pool.query(postgresRateLimitMigration())
    for (const missing of ['TABLE portcullis_limits', 'TABLE portcullis_limit_instances', 'FUNCTION portcullis_limits_1']) {
      await pool.query(`DROP ${missing}`)
      const stores = await Promise.all(Array.from({ length: 4 }, async () => open()))
      expect((await stores[0]?.consume([charge(missing)]))?.allowed).to.equal(true)
    }
  })
})
