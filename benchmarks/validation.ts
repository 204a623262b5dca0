// What it costs to check a body and make instances of it, beside others, in one process. `npm run bench:validation -- --body wide`
import { parseArgs } from 'node:util'
import { Ajv } from 'ajv'
import { plainToInstance } from 'class-transformer'
import { validateSync } from 'class-validator'
import { Issues } from '../lib/validation/issues.js'
import { partCheck } from '../lib/validation/part.js'
import { bodies } from './bodies.js'
import type { BenchmarkBody } from './bodies.js'

const { values } = parseArgs({ options: { body: { type: 'string', default: 'order' }, rounds: { type: 'string', default: '7' } } })
const body = bodies[values.body]
if (body === undefined) throw new TypeError(`--body ${values.body}: choose one of ${Object.keys(bodies).join(', ')}`)

type Check = (parsed: unknown) => boolean

/** Each contender says yes or no to parsed JSON. Ours and class-transformer also make instances; zod makes a copy. */
function contendersFor({ dto, jsonSchema, zodSchema }: BenchmarkBody): Readonly<Record<string, Check>> {
  const byAjv = new Ajv().compile(jsonSchema)
  const part = partCheck('body', dto, { groups: [], unknown: 'refuse', maxItems: 10_000 }, notAsked)
  return {
    ajv: (parsed) => byAjv(parsed),
    portcullis: (parsed) => {
      const issues = new Issues('body')
      return part.value(parsed, issues) instanceof dto && issues.list.length === 0
    },
    zod: (parsed) => zodSchema.safeParse(parsed).success,
    'class-transformer + class-validator': (parsed) => {
      const instance: object = plainToInstance(dto, parsed)
      return validateSync(instance, { whitelist: true, forbidNonWhitelisted: true }).length === 0
    },
  }
}

const notAsked = {
  mistake: (problem: string): never => {
    throw new Error(problem)
  },
} as unknown as Parameters<typeof partCheck>[3]

/** The nanoseconds that one call takes. */
function time(run: () => boolean, expected: boolean): number {
  const calls = callsIn(run, 50)
  const start = process.hrtime.bigint()
  for (let call = 0; call < calls; call++) if (run() !== expected) throw new Error('a contender has changed its verdict')
  return Number(process.hrtime.bigint() - start) / calls
}

function callsIn(run: () => boolean, milliseconds: number): number {
  const end = performance.now() + milliseconds
  let calls = 0
  while (performance.now() < end) for (let index = 0; index < 64; index++, calls++) run()
  return calls
}

function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? Number.NaN
}

/** Measures all contenders in turn, round by round, so that what disturbs one disturbs all. */
function measure(text: string, isGood: boolean, contenders: Readonly<Record<string, Check>>): void {
  const results = new Map<string, number[]>()
  for (let round = 0; round < Number(values.rounds); round++) {
    for (const [name, check] of Object.entries(contenders)) {
      const parsed = JSON.parse(text) as unknown
      // What makes no copy is given the same object again; others are too.
      const times = [time(() => check(parsed), isGood), time(() => check(JSON.parse(text)), isGood)]
      for (const [index, one] of times.entries()) {
        const key = `${index} ${name}`
        results.set(key, [...(results.get(key) ?? []), one])
      }
    }
  }
  console.log(
    `\n${isGood ? 'a good body' : 'a bad body'} of ${Buffer.byteLength(text)} bytes, nanoseconds, medians of ${values.rounds} rounds`,
  )
  console.log(`${''.padEnd(38)}${'checked'.padStart(9)}${'× ajv'.padStart(8)}${'parsed too'.padStart(13)}${'× ajv'.padStart(8)}`)
  for (const name of Object.keys(contenders)) {
    const cells = [0, 1].flatMap((index) => {
      const own = median(results.get(`${index} ${name}`) ?? [])
      return [own.toFixed(0).padStart(index === 0 ? 9 : 13), (own / median(results.get(`${index} ajv`) ?? [])).toFixed(2).padStart(8)]
    })
    console.log(`${name.padEnd(38)}${cells.join('')}`)
  }
}

const contenders = contendersFor(body)
measure(JSON.stringify(body.good), true, contenders)
measure(JSON.stringify(body.bad), false, contenders)
