import type { Limit } from './limit.js'

/** The counters of one rule. */
export class Family {
  readonly counters = new Map<string, Counter>()
  /** The state of a counter that has charged nothing. */
  readonly blank: number[] = []

  constructor(readonly windows: readonly Limit[]) {
    // Pushed one by one, V8 keeps them as plain doubles, and all copies too.
    for (let index = 0; index < windows.length; index += 1) this.blank.push(-Infinity, 0)
  }
}

/** What one key has used of each of its windows. A window that is over stays until the next charge begins another. */
export class Counter {
  /** Where it stands. */
  slot = -1
  /** For each window when it ends and how much is used: one array, because there may be a million of them. */
  readonly #state: number[]

  constructor(
    readonly family: Family,
    readonly key: string,
  ) {
    this.#state = family.blank.slice()
  }

  usedIn(index: number, now: number): number {
    return this.#end(index) > now ? (this.#state[2 * index + 1] ?? 0) : 0
  }

  /** When a window ends, or would end if it began now. */
  endOf(index: number, { window }: Limit, now: number): number {
    const end = this.#end(index)
    return end > now ? end : now + window
  }

  /** Where the clock was set back, no window lasts longer for it. */
  heedClock(now: number): void {
    const { windows } = this.family
    for (let index = 0; index < windows.length; index += 1) {
      const latest = now + (windows[index] as Limit).window
      if (this.#end(index) > latest) this.#state[2 * index] = latest
    }
  }

  /** Charges as much of `cost` as is left, and says when the window ends. */
  take(index: number, limit: Limit, cost: number, now: number): number {
    const used = this.usedIn(index, now)
    const end = this.endOf(index, limit, now)
    this.#state[2 * index] = end
    this.#state[2 * index + 1] = Math.max(used, Math.min(limit.count, used + cost))
    return end
  }

  giveBack(index: number, cost: number, endsAt: number, now: number): void {
    if (endsAt > now && this.#end(index) === endsAt) this.#state[2 * index + 1] = Math.max(0, this.usedIn(index, now) - cost)
  }

  #end(index: number): number {
    return this.#state[2 * index] ?? 0
  }
}

/** What a window has left, with or without a counter. */
export function leftOf({ count }: Limit, counter: Counter | undefined, index: number, now: number): number {
  return counter === undefined ? count : Math.max(0, count - counter.usedIn(index, now))
}
