import { deepEqual, equal, fail, ok } from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import type { Clock } from '../context.js'
import { parseLimits } from '../rate-limit/limit.js'
import type { LimitAlgorithm } from '../rate-limit/limit.js'
import type { Charge, Penalty, RateLimitStore, Verdict } from '../rate-limit/store.js'
import type { Awaitable } from '../state/state-store.js'
import type { Case } from './case.js'
import { difference, LimitModel } from './limit-model.js'
import type { WindowEnd } from './limit-model.js'
import { fakeClock } from './fake-clock.js'
import { random } from './random.js'
import type { Random } from './random.js'

/** What a store can do, where it cannot do all. */
export interface RateLimitStoreAbilities {
  /** @default all of them */
  readonly algorithms?: readonly LimitAlgorithm[]
  /** @default true */
  readonly penalties?: boolean
  /** The largest count of a limit. @default 999_999_999_999_999 */
  readonly largestCount?: number
  /** For a store whose fixed windows follow each other by the clock: when the one ends that holds `now`. @default they begin with a charge */
  readonly windowEnd?: WindowEnd
  /** How many programs of calls, made at random, are compared with a model. @default 100 */
  readonly runs?: number
  /** The first seed of these programs. @default a random one; a failure names its own */
  readonly seed?: number
}

/**
 * The contract of a `RateLimitStore`, as cases for any test runner: `for (const { name, run } of rateLimitStoreCases(open)) it(name, run)`.
 *
 * `open` gives a view of one store; each call may be another process. It must go by the clock that it is given, and not remember refusals
 * (`remembersRefusals: false`). Cases use keys of their own, so that all of them may share one server.
 */
export function rateLimitStoreCases(
  open: (clock: Clock) => Awaitable<RateLimitStore>,
  {
    algorithms = ['fixed', 'sliding', 'bucket'],
    penalties = true,
    largestCount = 999_999_999_999_999,
    windowEnd,
    runs = 100,
    seed = Math.floor(Math.random() * 1e9),
  }: RateLimitStoreAbilities = {},
): readonly Case[] {
  const texts = algorithms.flatMap((algorithm) => limitsFor[algorithm])

  async function program(number: number): Promise<void> {
    const clock = fakeClock()
    const store = await open(clock)
    const model = new LimitModel(windowEnd)
    const own = randomUUID()
    const chance = random(number)
    const undone: Array<{ charges: readonly Charge[]; verdict: Verdict; undo: (now: number) => void }> = []
    for (let step = 0; step < 25; step += 1) {
      const charges = chargesFrom(chance, own, texts, penalties)
      const action = chance.below(10)
      if (action === 0) clock.time += chance.below(25_000)
      else if (action === 1) clock.time += chance.below(700)
      else if (action === 2) same(await store.read(charges), model.read(charges, clock.time), number, step)
      else if (action === 3 && chance.below(4) === 0) {
        await store.reset(charges)
        model.reset(charges)
        undone.length = 0
      } else if (action === 4 && undone.length > 0) {
        const [{ charges: charged, verdict, undo }] = undone.splice(chance.below(undone.length), 1) as [(typeof undone)[0]]
        await store.refund(charged, verdict)
        undo(clock.time)
      } else {
        const { expected, undo } = model.consume(charges, clock.time)
        const verdict = await store.consume(charges)
        same(verdict, expected, number, step)
        if (verdict.allowed && charges.every(({ capped }) => capped !== true)) undone.push({ charges, verdict, undo })
      }
    }
  }

  const cases: Case[] = [
    {
      name: `says what a model says that keeps every charge (seed ${seed})`,
      async run() {
        for (let number = 0; number < runs; number += 1) await program(seed + number)
      },
    },
    {
      name: 'admits no more than the limit, however many ask at once',
      async run() {
        const clock = fakeClock()
        const stores = [await open(clock), await open(clock)]
        for (const text of texts.map((limit) => limit.replace(/^\d+/, '7').replace(/burst \d+/, 'burst 7'))) {
          const charges = [charge(text, randomUUID())]
          const calls = Array.from({ length: 20 }, () => stores.map(async (store) => store.consume(charges))).flat()
          const verdicts = await Promise.all(calls)
          equal(verdicts.filter(({ allowed }) => allowed).length, 7, text)
        }
      },
    },
    {
      name: 'charges all or none',
      async run() {
        const store = await open(fakeClock())
        const [wide, narrow] = [charge('9 per minute', randomUUID()), charge('1 per minute', randomUUID())]
        deepEqual([(await store.consume([wide, narrow])).allowed, (await store.consume([wide, narrow])).allowed], [true, false])
        equal((await store.read([wide])).windows[0]?.remaining, 8)
      },
    },
    {
      name: 'tells keys and rules apart, whatever they are made of',
      async run() {
        const store = await open(fakeClock())
        const own = randomUUID()
        const texts = [
          '',
          ' ',
          '|',
          'a|b',
          'a',
          'A',
          "'; --",
          '{a}',
          '%_\\',
          '🔑',
          'ß',
          'x'.repeat(200),
          `${'x'.repeat(199)}y`,
          '\u0000',
          'a\u0000b',
          '\ud800',
          '\ud801',
        ]
        for (const key of texts) {
          const charges = [{ rule: own, key, windows: parseLimits('1 per minute'), cost: 1 }]
          deepEqual([(await store.consume(charges)).allowed, (await store.consume(charges)).allowed], [true, false], JSON.stringify(key))
        }
        equal((await store.consume([{ rule: `${own}2`, key: 'a', windows: parseLimits('1 per minute'), cost: 1 }])).allowed, true)
      },
    },
    {
      name: 'counts exactly up to the largest counts',
      async run() {
        const store = await open(fakeClock())
        const largest = [charge(`${largestCount} per 2 weeks`, randomUUID(), largestCount - 1)]
        deepEqual((await store.consume(largest)).windows[0]?.remaining, 1)
        equal((await store.consume([{ ...(largest[0] as Charge), cost: 2 }])).allowed, false)
        equal((await store.consume([{ ...(largest[0] as Charge), cost: 1 }])).windows[0]?.remaining, 0)
      },
    },
    {
      name: 'holds nobody longer than its window where the clock is set back',
      async run() {
        const clock = fakeClock()
        const store = await open(clock)
        for (const text of texts) {
          const charges = [charge(text, randomUUID())]
          while ((await store.consume(charges)).allowed);
          clock.time -= 86_400_000
          const { retryAfter } = await store.consume(charges)
          const [limit] = parseLimits(text)
          ok(retryAfter <= (limit?.window ?? 0) * 2, `${text} holds for ${retryAfter} ms`)
          clock.time += retryAfter
          ok((await store.consume(charges)).allowed, `${text} holds for more than the ${retryAfter} ms that it said`)
        }
      },
    },
  ]
  return penalties ? [...cases, ...penaltyCases(open)] : cases
}

function penaltyCases(open: (clock: Clock) => Awaitable<RateLimitStore>): readonly Case[] {
  return [
    {
      name: 'keeps nobody out longer than the penalty where the clock is set back',
      async run() {
        const clock = fakeClock()
        const store = await open(clock)
        const charges = [{ ...charge('1 per second', randomUUID()), penalty: { ...penalty, most: 3_600_000 } }]
        await store.consume(charges)
        for (const length of [3_000, 6_000]) {
          equal((await store.consume(charges)).retryAfter, length)
          clock.time -= 86_400_000
          equal((await store.read(charges)).retryAfter, length)
          equal((await store.consume(charges)).retryAfter, length)
          clock.time += 1_000
          equal((await store.consume(charges)).retryAfter, length - 1_000)
          clock.time += length - 1_000
          ok((await store.consume(charges)).allowed, `keeps out for more than the ${length} ms that it said`)
        }
        clock.time += penalty.memory
        deepEqual([(await store.consume(charges)).allowed, (await store.consume(charges)).retryAfter], [true, 3_000])
      },
    },
  ]
}

const limitsFor: Readonly<Record<LimitAlgorithm, readonly string[]>> = {
  fixed: ['3 per second', '5 per 7 seconds'],
  sliding: ['4 per 2 seconds sliding', '7 per 10 seconds sliding'],
  bucket: ['3 per 5 seconds burst 6', '10 per 3 seconds burst 4'],
}

const penalty: Penalty = { first: 3_000, most: 20_000, memory: 10_000 }

function charge(text: string, key: string, cost = 1): Charge {
  return { rule: text, key, windows: parseLimits(text), cost }
}

/** Up to three charges of different counters. */
function chargesFrom(chance: Random, own: string, texts: readonly string[], penalties: boolean): readonly Charge[] {
  const charges = new Map<string, Charge>()
  for (let wanted = 1 + chance.below(3); wanted > 0; wanted -= 1) {
    const [first, second] = [chance.below(texts.length), chance.below(texts.length)]
    const rule = [...new Set([first, second])].map((at) => texts[at]).join('; ')
    const key = `${own} ${chance.below(2)}`
    const isPenalised = penalties && first === 0
    charges.set(`${rule} ${key}`, {
      ...{ rule, key, windows: parseLimits(rule), cost: chance.below(4) },
      ...(chance.below(8) === 0 ? { capped: true } : {}),
      ...(isPenalised ? { penalty } : {}),
    })
  }
  return [...charges.values()]
}

function same(verdict: Verdict, expected: Parameters<typeof difference>[1], seed: number, step: number): void {
  const problem = difference(verdict, expected)
  if (problem !== undefined) fail(`with seed ${seed}, at step ${step}, ${problem}`)
}
