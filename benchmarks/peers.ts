// The same two routes, protected in the same way, as the users of each framework would write them.
import { problemsOf } from './checklist.js'
import type { RunningContender } from './contender-process.js'
import { peers as contenders, theFloor } from './contenders.js'
import type { Contender } from './contenders.js'
import { measure, Samples, warmUp, withRunning } from './measure.js'
import { noteOnLoad } from './overhead.js'
import { workloads } from './requests.js'
import type { BenchmarkOptions, SuiteResult } from './suite.js'

type Problems = ReadonlyMap<Contender, readonly string[]>

export async function peers(options: BenchmarkOptions): Promise<SuiteResult> {
  const problems = await askAll(options)
  const qualified = contenders.filter((one) => problems.get(one)?.length === 0)
  const samples = new Samples()
  const memory = await measureAll(qualified, samples, options)
  const ranked = qualified.toSorted((a, b) => cpuOf(samples, a) - cpuOf(samples, b))
  const floorCpu = cpuOf(samples, theFloor)
  const rows = ranked.map((one) => {
    const post = samples.of(key(one, 'POST'))
    const refusals = ['401', '403', '422', '429'].map((status) => samples.of(key(one, status))?.cpu)
    const [list, alone] = ['GET', 'POST, one at a time'].map((name) => samples.of(key(one, name))?.cpu)
    return [
      one.name,
      post?.perSecond,
      post?.cpu,
      post?.spread,
      (post?.cpu ?? Number.NaN) / floorCpu,
      list,
      ...refusals,
      alone,
      memory.get(one),
    ]
  })
  return {
    title: 'Peers: the same work, protected in the same way',
    tables: [
      {
        title: 'Protected in full, CPU µs a request unless it says otherwise',
        columns: ['contender', 'requests/s', 'POST', 'spread %', '× floor', 'GET', '401', '403', '422', '429', 'one at a time', 'MB'],
        rows,
      },
    ],
    charts: {
      peers: {
        kind: 'bars',
        title: 'POST /api/v1/orders, protected in full',
        unit: 'CPU µs a request',
        bars: ranked.map((one) => ({ label: one.name, value: cpuOf(samples, one), isOwn: one.name.startsWith('Portcullis') })),
      },
    },
    notes: [...notesOn(options), ...disqualified(problems), ...noteOnLoad(samples)],
    packages: [...new Set(contenders.flatMap(({ packages }) => packages))].toSorted(),
  }
}

async function askAll({ progress }: BenchmarkOptions): Promise<Problems> {
  const problems = new Map<Contender, readonly string[]>()
  for (const contender of contenders) {
    progress(`peers: the checklist for ${contender.name}`)
    problems.set(contender, await problemsOf(contender))
  }
  return problems
}

/** Measures each in turn, round by round, so that what disturbs one disturbs all. Gives the megabytes of each at the end. */
async function measureAll(
  qualified: readonly Contender[],
  samples: Samples,
  options: BenchmarkOptions,
): Promise<ReadonlyMap<Contender, number>> {
  const { create, alone, list, refusals, limited } = workloads()
  const { rounds, milliseconds, isQuick } = options
  const isPinned = !isQuick
  const memory = await withRunning(qualified, { isPinned }, async (running) => {
    for (const [{ name }, server] of running) {
      options.progress(`peers: warming up ${name}`)
      await warmUp(server, create.bytes, options.warmUp, isQuick)
      for (const { bytes } of [list, ...refusals]) await warmUp(server, bytes, options.warmUp / 4, isQuick)
    }
    await inRounds(rounds, running, async (contender, server) => {
      options.progress(`peers: measuring ${contender.name}`)
      samples.add(key(contender, 'POST'), await measure(server, create, milliseconds))
      for (const workload of [list, ...refusals, alone]) {
        samples.add(key(contender, workload.name), await measure(server, workload, milliseconds / 2))
      }
    })
    return megabytesOf(running)
  })
  // Again, with limits that are used up at once.
  await withRunning(qualified, { isPinned, env: { RATE_MINUTE: '1', RATE_HOUR: '1' } }, async (running) => {
    for (const server of running.values()) await warmUp(server, limited.bytes, options.warmUp / 2, isQuick)
    await inRounds(rounds, running, async (contender, server) => {
      options.progress(`peers: refusals of ${contender.name}`)
      samples.add(key(contender, limited.name), await measure(server, limited, milliseconds / 2))
    })
  })
  return memory
}

async function inRounds(
  rounds: number,
  running: ReadonlyMap<Contender, RunningContender>,
  turn: (contender: Contender, server: RunningContender) => Promise<void>,
): Promise<void> {
  for (let round = 0; round < rounds; round++) for (const [contender, server] of running) await turn(contender, server)
}

async function megabytesOf(running: ReadonlyMap<Contender, RunningContender>): Promise<ReadonlyMap<Contender, number>> {
  const megabytes = new Map<Contender, number>()
  for (const [contender, server] of running) megabytes.set(contender, (await server.use()).memory / 1e6)
  return megabytes
}

function key({ name }: Contender, workload: string): string {
  return `${name}, ${workload}`
}

function cpuOf(samples: Samples, contender: Contender): number {
  return samples.of(key(contender, 'POST'))?.cpu ?? Number.NaN
}

function notesOn({ rounds, milliseconds }: BenchmarkOptions): readonly string[] {
  return [
    `Each passed the checklist before it was measured. 64 connections, or one for ‘one at a time’, ${rounds} rounds of ${milliseconds} ms (GET and refusals shorter), interleaved; lower deciles. MB is the resident memory at the end.`,
    'Logs go to /dev/null: winston writes each line at once, pino (16 kB, or 250 ms), Portcullis (64 kB, or 250 ms) and the hand-written server (128 lines, or 250 ms) gather them first.',
    'Portcullis adds an X-Request-Id to each answer.',
    'Token caches: Portcullis, the hand-written server, @fastify/jwt and fast-jwt have one; jsonwebtoken, koa-jwt and hono/jwt have none.',
    'NestJS has a fixed-window store of 20 lines for its throttler: the stock one keeps an entry for each hit, and looks at all of them on each hit.',
    'NestJS reads and parses the body before its guards run: its 401, 403 and 429 pay for the body.',
    'Only Portcullis, class-validator and the hand-written server make instances of classes; ajv leaves what was parsed, zod copies it.',
  ]
}

function disqualified(problems: Problems): readonly string[] {
  return [...problems]
    .filter(([, found]) => found.length > 0)
    .map(([{ name }, found]) => `Disqualified: ${name}: ${found.slice(0, 3).join('; ')}.`)
}
