import { expect } from 'chai'
import type { Clock } from '../../lib/context.js'
import { MemoryStateStore } from '../../lib/state/memory-state-store.js'
import type { StateStore } from '../../lib/state/state-store.js'
import { stateStoreCases } from '../../lib/testing.js'

const step = () => new Promise(setImmediate)

/** As drivers write texts: UTF-8 has no half surrogates, C ends at NUL. */
const wellFormed = (text: string) => Buffer.from(text).toString().replaceAll('\0', '')

/** Stores with one fault each, on top of one that works. */
const faults: Readonly<Record<string, (store: MemoryStateStore, clock: Clock) => Partial<StateStore>>> = {
  'adds in two steps': (store) => ({
    async add(key, value, until) {
      const isFree = store.get(key) === undefined
      await step()
      if (isFree) store.set(key, value, until)
      return isFree
    },
  }),
  'replaces in two steps': (store) => ({
    async replace(key, expected, value, until) {
      const isExpected = store.get(key) === expected
      await step()
      if (isExpected) store.set(key, value, until)
      return isExpected
    },
  }),
  'takes in two steps': (store) => ({
    async take(key) {
      const value = store.get(key)
      await step()
      store.take(key)
      return value
    },
  }),
  'takes nothing away': (store) => ({ take: (key) => store.get(key) }),
  'replaces what is not there': (store) => ({
    replace: (key, expected, value, until) => store.replace(key, expected, value, until) || store.add(key, value, until),
  }),
  'compares without the spaces': (store) => ({
    replace: (key, expected, value, until) => store.replace(key, expected.trim(), value, until),
  }),
  'ends a millisecond late': (store) => ({ set: (key, value, until) => store.set(key, value, until + 1) }),
  'ends a millisecond early': (store) => ({ set: (key, value, until) => store.set(key, value, until - 1) }),
  'keeps the first end for ever': (store) => {
    const ends = new Map<string, number>()
    return {
      set(key, value, until) {
        ends.set(key, ends.get(key) ?? until)
        store.set(key, value, ends.get(key) ?? until)
      },
    }
  },
  'keeps nothing for more than a year': (store, clock) => ({
    set: (key, value, until) => store.set(key, value, Math.min(until, clock.now() + 365 * 86_400_000)),
  }),
  'cuts keys at a NUL': (store) => ({
    add: (key, value, until) => store.add(key.split('\0')[0] ?? '', value, until),
    take: (key) => store.take(key.split('\0')[0] ?? ''),
  }),
  'folds the case of keys': (store) => ({
    add: (key, value, until) => store.add(key.toLowerCase(), value, until),
    take: (key) => store.take(key.toLowerCase()),
  }),
  'keeps half of a surrogate pair as another character': (store) => ({
    set: (key, value, until) => store.set(key, wellFormed(value), until),
  }),
  'expects what a driver makes of a text': (store) => ({
    replace: (key, expected, value, until) => store.replace(key, wellFormed(expected), value, until),
  }),
  'takes NaN for a time that has passed': (store) => ({
    set: (key, value, until) => store.set(key, value, Number.isNaN(until) ? 0 : until),
  }),
  'makes numbers of texts that look like them': (store) => ({
    get(key) {
      const value = store.get(key)
      return value !== undefined && String(Number(value)) !== value && Number.isFinite(Number(value)) ? String(Number(value)) : value
    },
  }),
}

describe('the contract of state stores', () => {
  for (const [fault, of] of Object.entries(faults)) {
    it(`finds a store that ${fault}`, async () => {
      expect(await failuresOf(of)).not.to.have.length(0)
    })
  }

  it('finds no fault with the store that these are made of', async () => {
    expect(await failuresOf(() => ({}))).to.deep.equal([])
  })

  it('names the seed of a program that a store fails', async () => {
    const store = new MemoryStateStore()
    const forgetful: StateStore = {
      get: () => undefined,
      set: () => undefined,
      add: () => true,
      replace: () => false,
      take: (key) => store.take(key),
    }
    const [program] = stateStoreCases(() => forgetful, { seed: 42 })
    expect(program?.name).to.include('42')
    const failure = await program?.run().catch((error: unknown) => error)
    expect(failure).to.be.instanceOf(Error)
    expect(String(failure)).to.match(/with seed 4\d, at step \d+, \w+.* gave .* where .* is right/)
  })
})

async function failuresOf(fault: (store: MemoryStateStore, clock: Clock) => Partial<StateStore>): Promise<readonly string[]> {
  let clock: Clock = { now: () => 0 }
  const made = new MemoryStateStore({ clock: { now: () => clock.now() } })
  const working: StateStore = {
    get: (key) => made.get(key),
    set: (key, value, until) => made.set(key, value, until),
    add: (key, value, until) => made.add(key, value, until),
    replace: (key, expected, value, until) => made.replace(key, expected, value, until),
    take: (key) => made.take(key),
  }
  const open = (given: Clock): StateStore => {
    clock = given
    return { ...working, ...fault(made, given) }
  }
  const failures: string[] = []
  for (const { name, run } of stateStoreCases(open, { runs: 20, seed: 1 })) await run().catch(() => failures.push(name))
  return failures
}
