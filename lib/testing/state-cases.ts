import { deepEqual, equal, fail, ok, rejects } from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import type { Clock } from '../context.js'
import type { Awaitable, StateStore } from '../state/state-store.js'
import type { Case } from './case.js'
import { fakeClock } from './fake-clock.js'
import type { FakeClock } from './fake-clock.js'
import { random } from './random.js'
import type { Random } from './random.js'
import { StateModel } from './state-model.js'

/** What a store can do, where it cannot do all. */
export interface StateStoreAbilities {
  /** Whether values end by the clock that `open` is given. Where they end by a server's own, cases wait for it. @default true */
  readonly endsByClock?: boolean
  /** How many programs of calls, made at random, are compared with a model. @default 50 */
  readonly runs?: number
  /** The first seed of these programs. @default a random one; a failure names its own */
  readonly seed?: number
}

/**
 * The contract of a `StateStore`, as cases for any test runner: `for (const { name, run } of stateStoreCases(open)) it(name, run)`.
 *
 * `open` gives a view of one store; each call may be another process, and several views are used at once. Cases use keys of their own, so
 * that all of them may share one server.
 */
export function stateStoreCases(
  open: (clock: Clock) => Awaitable<StateStore>,
  { endsByClock = true, runs = 50, seed = Math.floor(Math.random() * 1e9) }: StateStoreAbilities = {},
): readonly Case[] {
  async function opened(): Promise<Opened> {
    const clock = fakeClock()
    const [one, other] = [await open(clock), await open(clock)]
    return { one, other, clock, key: randomUUID(), later: clock.time + 3_600_000 }
  }

  async function program(number: number): Promise<void> {
    const { one, other, clock, key } = await opened()
    const model = new StateModel()
    const chance = random(number)
    for (let step = 0; step < 30; step += 1) {
      if (endsByClock && chance.below(4) === 0) clock.time += chance.below(2) === 0 ? 1 : chance.below(20)
      const call = callFrom(chance, key, clock.time, endsByClock)
      const [said, right] = [await call.ask(chance.below(2) === 0 ? one : other), call.askModel(model)]
      if (said !== right) {
        fail(`with seed ${number}, at step ${step}, ${call.text} gave ${String(said)} where ${String(right)} is right`)
      }
    }
  }

  async function whenGone(store: StateStore, clock: FakeClock, key: string, left: number): Promise<void> {
    if (endsByClock) clock.time += left
    else while ((await store.get(key)) !== undefined) await new Promise(setImmediate)
  }

  return [
    {
      name: `does what a model does that is a map (seed ${seed})`,
      async run() {
        for (let number = 0; number < runs; number += 1) await program(seed + number)
      },
    },
    {
      name: 'keeps for every process, until it is taken',
      async run() {
        const { one, other, key, later } = await opened()
        equal(await other.get(key), undefined)
        await one.set(key, 'a', later)
        equal(await other.get(key), 'a')
        await other.set(key, 'b', later)
        equal(await one.take(key), 'b')
        deepEqual([await one.take(key), await other.get(key)], [undefined, undefined])
      },
    },
    {
      name: 'adds where there is nothing, and replaces what is expected to the character',
      async run() {
        const { one, other, key, later } = await opened()
        deepEqual([await one.add(key, 'a', later), await other.add(key, 'b', later)], [true, false])
        for (const expected of ['b', 'A', 'a ', 'á', '']) equal(await other.replace(key, expected, 'c', later), false, expected)
        equal(await other.replace(key, 'a', 'c', later), true)
        equal(await one.get(key), 'c')
        equal(await one.replace(`${key} of nobody`, '', 'c', later), false)
      },
    },
    {
      name: 'tells exactly one of many who ask at once that it was the one',
      async run() {
        const { one, other, key, later } = await opened()
        const among = async <T>(ask: (store: StateStore, index: number) => Awaitable<T>, won: (answer: T) => boolean) => {
          const answers = Array.from({ length: 100 }, async (_, index) => ask(index % 2 === 0 ? one : other, index))
          return (await Promise.all(answers)).filter(won).length
        }
        const isTrue = (answer: boolean) => answer
        for (let round = 0; round < 3; round += 1) {
          equal(await among((store, index) => store.add(key, `a${index}`, later), isTrue), 1, 'add')
          const first = (await one.get(key)) ?? ''
          equal(await among((store, index) => store.replace(key, first, `b${index}`, later), isTrue), 1, 'replace')
          equal(
            await among(
              (store) => store.take(key),
              (value) => value !== undefined,
            ),
            1,
            'take',
          )
        }
      },
    },
    {
      name: 'loses nothing of what many write into one value at once',
      async run() {
        const { one, other, key, later } = await opened()
        await one.set(key, '0', later)
        const increase = async (store: StateStore) => {
          for (;;) {
            const value = (await store.get(key)) ?? fail('the value was lost')
            if (await store.replace(key, value, String(Number(value) + 1), later)) return
          }
        }
        await Promise.all(Array.from({ length: 12 }, async (_, index) => increase(index % 2 === 0 ? one : other)))
        equal(await other.get(key), '12')
      },
    },
    {
      name: 'gives to each who takes what one has added, and to nobody twice',
      async run() {
        const { one, other, key, later } = await opened()
        const taken: string[] = []
        const adding = Array.from({ length: 40 }, async (_, index) => ((await one.add(key, `${index}`, later)) ? [`${index}`] : []))
        const taking = Array.from({ length: 40 }, async () => {
          const value = await other.take(key)
          if (value !== undefined) taken.push(value)
        })
        const added = (await Promise.all(adding)).flat()
        await Promise.all(taking)
        const left = await one.take(key)
        deepEqual([...taken, ...(left === undefined ? [] : [left])].toSorted(), added.toSorted())
      },
    },
    {
      name: 'tells keys apart, whatever they are made of',
      async run() {
        const { one, other, key, later } = await opened()
        const keys = keysOf(key)
        for (const [index, name] of keys.entries()) equal(await one.add(name, String(index), later), true, JSON.stringify(name))
        for (const [index, name] of keys.entries()) equal(await other.take(name), String(index), JSON.stringify(name))
      },
    },
    {
      name: 'gives back values as they were',
      async run() {
        const { one, other, key, later } = await opened()
        for (const value of values) {
          await one.set(key, value, later)
          equal(await other.get(key), value)
          equal(await other.replace(key, value, `${value}.`, later), true, JSON.stringify(value.slice(0, 50)))
          equal(await one.take(key), `${value}.`)
        }
      },
    },
    {
      name: 'refuses a value that not every store would give back as it was',
      async run() {
        const { one, other, key, later } = await opened()
        await one.set(key, 'kept', later)
        for (const value of ['\0', 'a\0b', '\ud800', '\udc00', 'a\ud83d', '\udd11\ud83d']) {
          await rejects(async () => one.set(key, value, later), TypeError)
          await rejects(async () => one.add(`${key}2`, value, later), TypeError)
          await rejects(async () => one.replace(key, 'kept', value, later), TypeError)
        }
        deepEqual([await other.get(key), await other.get(`${key}2`)], ['kept', undefined])
      },
    },
    {
      name: 'does not take an expected text that nothing can be for the one that it becomes on the way',
      async run() {
        const { one, key, later } = await opened()
        for (const [expected, becomes] of [
          ['\ud800', '\ufffd'],
          ['a\0b', 'a'],
        ] as const) {
          await one.set(key, becomes, later)
          equal(await one.replace(key, expected, 'b', later), false)
          equal(await one.get(key), becomes)
        }
      },
    },
    {
      name: 'ends a value when it is said to, and then is as if it had never been',
      async run() {
        const { one, other, clock, key, later } = await opened()
        const started = performance.now()
        await one.set(key, 'a', clock.time + 20)
        if (endsByClock) {
          clock.time += 19
          equal(await other.get(key), 'a', 'one millisecond before its end')
        }
        await whenGone(other, clock, key, 1)
        ok(endsByClock || performance.now() - started >= 19, 'it ended too early')
        deepEqual([await one.get(key), await one.replace(key, 'a', 'b', later), await one.take(key)], [undefined, false, undefined])
        equal(await one.add(key, 'b', later), true)
        equal(await other.get(key), 'b')
      },
    },
    {
      name: 'gives a value its new end with each writing',
      async run() {
        const { one, other, clock, key, later } = await opened()
        await one.set(key, 'a', clock.time + 20)
        await one.replace(key, 'a', 'b', later)
        await one.set(`${key}2`, 'a', later)
        await one.set(`${key}2`, 'a', clock.time + 20)
        await whenGone(other, clock, `${key}2`, 20)
        deepEqual([await other.get(key), await other.get(`${key}2`)], ['b', undefined])
      },
    },
    {
      name: 'keeps nothing until a time that has passed, and drops what was there',
      async run() {
        const { one, other, clock, key, later } = await opened()
        for (const past of [clock.time, clock.time - 1, 0, -1, -1e300, -Infinity]) {
          await one.set(key, 'a', later)
          await one.set(key, 'b', past)
          equal(await other.get(key), undefined, `set until ${past}`)
          deepEqual([await one.add(key, 'a', past), await other.get(key)], [true, undefined], `added until ${past}`)
          await one.set(key, 'a', later)
          deepEqual([await one.add(key, 'b', past), await other.get(key)], [false, 'a'], `not added until ${past}`)
          deepEqual([await one.replace(key, 'b', 'c', past), await other.get(key)], [false, 'a'], `not replaced until ${past}`)
          deepEqual([await one.replace(key, 'a', 'b', past), await other.get(key)], [true, undefined], `replaced until ${past}`)
        }
      },
    },
    {
      name: 'keeps for good until Infinity, and until times that are far',
      async run() {
        const { one, other, clock, key } = await opened()
        for (const far of [Infinity, Number.MAX_VALUE, Number.MAX_SAFE_INTEGER, 8.64e15]) {
          await one.set(key, 'a', far)
          clock.time += 1e12
          deepEqual([await other.get(key), await other.add(key, 'b', far)], ['a', false], `until ${far}`)
          await one.take(key)
        }
      },
    },
    {
      name: 'refuses NaN as an end',
      async run() {
        const { one, other, key, later } = await opened()
        await one.set(key, 'kept', later)
        await rejects(async () => one.set(key, 'a', Number.NaN), RangeError)
        await rejects(async () => one.add(`${key}2`, 'a', Number.NaN), RangeError)
        await rejects(async () => one.replace(key, 'kept', 'a', Number.NaN), RangeError)
        deepEqual([await other.get(key), await other.get(`${key}2`)], ['kept', undefined])
      },
    },
  ]
}

/** Two views of one store, as two processes have them. */
interface Opened {
  readonly one: StateStore
  readonly other: StateStore
  readonly clock: FakeClock
  /** Of this case alone. */
  readonly key: string
  /** No case lasts until then. */
  readonly later: number
}

/** Texts that a store may cut, trim, fold, escape or take for another; what a hash of a key looks like; and long ones that differ late. */
function keysOf(own: string): readonly string[] {
  const parts = ['', ' ', '  ', 'a', 'A', 'á', 'a\u0301', 'ß', 'ss', '🔑', '\n', "'; --", '%', '_', '\\', '*', '{a}', ':', '__proto__']
  const odd = ['\0', 'a\0', 'a\0b', '\ud800', '\ud801', '\ufffd', '#', 'x'.repeat(3_000), `${'x'.repeat(2_999)}y`]
  return [...parts, ...odd].flatMap((part) => [`${own}${part}`, `${part}|${own}`])
}

const values = [
  ...['', ' ', 'a ', '0', '1', '-1', '1e3', '007', 'null', 'true', "' OR 1=1 --", '{"a":1}', '🔑', 'a\nb\r\n', '%_\\', '\\0', '\\x00'],
  ...['\ufeffa', '\ufffd', '\u2028', 'a\u0301', '__proto__', 'x'.repeat(100_000), '🔑'.repeat(10_000)],
]

interface Call {
  readonly text: string
  readonly ask: (store: StateStore) => Awaitable<unknown>
  readonly askModel: (model: StateModel) => unknown
}

function callFrom(chance: Random, own: string, now: number, endsByClock: boolean): Call {
  const pick = <T>(list: readonly [T, ...T[]]): T => list[chance.below(list.length)] ?? list[0]
  const key = `${own} ${chance.below(2)}`
  const [value, expected] = [pick(['1', '2', '3']), pick(['1', '2', '3'])]
  const ends: readonly [number, ...number[]] = [Infinity, now + 3_600_000, now, now - 1, -Infinity]
  const until = pick(endsByClock ? [...ends, now + 1, now + 2, now + 10, now + 30] : ends)
  const calls: readonly [Call, ...Call[]] = [
    { text: 'get', ask: (store) => store.get(key), askModel: (model) => model.get(key, now) },
    { text: 'take', ask: (store) => store.take(key), askModel: (model) => model.take(key, now) },
    {
      text: `set ${value} until ${until - now} from now`,
      ask: (store) => store.set(key, value, until),
      askModel: (model) => model.set(key, value, until),
    },
    {
      text: `add ${value} until ${until - now} from now`,
      ask: (store) => store.add(key, value, until),
      askModel: (model) => model.add(key, value, until, now),
    },
    {
      text: `replace ${expected} by ${value} until ${until - now} from now`,
      ask: (store) => store.replace(key, expected, value, until),
      askModel: (model) => model.replace(key, expected, value, until, now),
    },
  ]
  return pick(calls)
}
