import { algorithmOf, capacityOf } from '../rate-limit/limit.js'
import type { Limit } from '../rate-limit/limit.js'
import type { Charge, Penalty, Verdict } from '../rate-limit/store.js'

/** What a model expects of a verdict. */
export interface Expected {
  readonly allowed: boolean
  readonly isPenalty: boolean
  readonly retryAfter: number
  readonly remaining: readonly number[]
}

interface Event {
  readonly time: number
  cost: number
}

/** When the fixed window ends that holds `now`, by the store's own reckoning. */
export type WindowEnd = (charge: Pick<Charge, 'rule' | 'key'>, limit: Limit, now: number) => number

/** One window of one key: everything that was ever charged to it, and what follows from that. */
interface WindowModel {
  left(now: number): number
  charge(cost: number, now: number): Event
}

/**
 * The plainest store there can be: it keeps every charge that was ever made, and works out from all of them, in numbers of any size,
 * what a window has left. Other stores are compared with it.
 */
export class LimitModel {
  readonly #windows = new Map<string, WindowModel>()
  readonly #penalties = new Map<string, PenaltyModel>()

  /** @param windowEnd where windows do not begin with a charge */
  constructor(private readonly windowEnd?: WindowEnd) {}

  consume(charges: readonly Charge[], now: number): { readonly expected: Expected; readonly undo: (now: number) => void } {
    const refusing = charges.map((charge) => this.#refuses(charge, now))
    const blocked = charges.map((charge) => this.#penaltyOf(charge)?.left(now) ?? 0)
    const allowed = !refusing.includes(true) && blocked.every((left) => left === 0)
    const events = allowed ? charges.flatMap((charge) => this.#charge(charge, now)) : []
    const begun = charges.map((charge, at) => (refusing[at] === true && blocked[at] === 0 ? (this.#penaltyOf(charge)?.begin(now) ?? 0) : 0))
    const penalties = charges.map((_, at) => Math.max(blocked[at] ?? 0, begun[at] ?? 0))
    return { expected: this.#expected(charges, now, penalties, allowed), undo: (later) => events.forEach((undo) => undo(later)) }
  }

  read(charges: readonly Charge[], now: number): Expected {
    const penalties = charges.map((charge) => this.#penaltyOf(charge)?.left(now) ?? 0)
    const refuses = charges.some((charge) => this.#refuses(charge, now))
    return this.#expected(charges, now, penalties, !refuses && penalties.every((left) => left === 0))
  }

  reset(charges: readonly Charge[]): void {
    for (const charge of charges) {
      for (const limit of charge.windows) this.#windows.delete(nameOf(charge, limit))
      this.#penalties.delete(nameOf(charge))
    }
  }

  #expected(charges: readonly Charge[], now: number, penalties: readonly number[], allowed: boolean): Expected {
    const waits = charges.flatMap((charge, at) => {
      const penalty = penalties[at] ?? 0
      const own = charge.windows.map((limit) => (this.#isFull(charge, limit, now) ? this.#wait(charge, limit, now) : 0))
      return allowed ? [] : [{ wait: Math.max(penalty, ...own), isPenalty: penalty > 0 && penalty >= Math.max(...own) }]
    })
    const longest = waits.toSorted((a, b) => b.wait - a.wait)[0]
    return {
      allowed,
      isPenalty: waits.some(({ wait, isPenalty }) => isPenalty && wait === longest?.wait),
      retryAfter: longest?.wait ?? 0,
      remaining: charges.flatMap((charge, at) => {
        return charge.windows.map((limit) => ((penalties[at] ?? 0) > 0 ? 0 : this.#windowOf(charge, limit).left(now)))
      }),
    }
  }

  #refuses(charge: Charge, now: number): boolean {
    return charge.windows.some((limit) => this.#isFull(charge, limit, now))
  }

  #isFull(charge: Charge, limit: Limit, now: number): boolean {
    return charge.capped !== true && charge.cost > this.#windowOf(charge, limit).left(now)
  }

  /** The first millisecond at which there is room. */
  #wait(charge: Charge, limit: Limit, now: number): number {
    const window = this.#windowOf(charge, limit)
    let [low, high] = [0, limit.window * 2 + Math.ceil((capacityOf(limit) * limit.window) / limit.count)]
    while (low < high) {
      const middle = Math.floor((low + high) / 2)
      if (window.left(now + middle) >= charge.cost) high = middle
      else low = middle + 1
    }
    return low
  }

  #charge(charge: Charge, now: number): Array<(later: number) => void> {
    return charge.windows.map((limit) => {
      const window = this.#windowOf(charge, limit)
      const event = window.charge(Math.min(charge.cost, window.left(now)), now)
      return (later) => undo(event, window, later)
    })
  }

  #windowOf(charge: Charge, limit: Limit): WindowModel {
    const name = nameOf(charge, limit)
    const window = this.#windows.get(name) ?? this.#begin(charge, limit)
    this.#windows.set(name, window)
    return window
  }

  #begin(charge: Charge, limit: Limit): WindowModel {
    const { windowEnd } = this
    if (algorithmOf(limit) === 'bucket') return new BucketModel(limit)
    return new WindowsModel(limit, windowEnd && ((now) => windowEnd(charge, limit, now)))
  }

  #penaltyOf(charge: Charge): PenaltyModel | undefined {
    if (charge.penalty === undefined) return undefined
    const penalty = this.#penalties.get(nameOf(charge)) ?? new PenaltyModel(charge.penalty)
    this.#penalties.set(nameOf(charge), penalty)
    return penalty
  }
}

/** Whether a verdict is what a model expects; undefined, or what is different. */
export function difference(verdict: Verdict, expected: Expected): string | undefined {
  const actual = {
    allowed: verdict.allowed,
    isPenalty: verdict.isPenalty === true,
    retryAfter: verdict.retryAfter,
    remaining: verdict.windows.map(({ remaining }) => remaining),
  }
  const [said, wanted] = [JSON.stringify(actual), JSON.stringify(expected)]
  return said === wanted ? undefined : `it said ${said} where ${wanted} is right`
}

/** Fixed and sliding windows. */
class WindowsModel implements WindowModel {
  /** The windows in which something was charged, with when they began. */
  readonly #windows: Array<{ readonly begins: number; readonly events: Event[] }> = []

  constructor(
    private readonly limit: Limit,
    private readonly end?: (now: number) => number,
  ) {}

  left(now: number): number {
    const { count, window } = this.limit
    const begins = this.#begins(now)
    const current = this.#sum(begins)
    if (algorithmOf(this.limit) === 'fixed') return Math.max(0, count - current)
    const share = BigInt(begins + window - now)
    const free = BigInt(count) * BigInt(window) - BigInt(this.#sum(begins - window)) * share
    return Math.max(0, Number(free >= 0n ? free / BigInt(window) : -1n) - current)
  }

  charge(cost: number, now: number): Event {
    const begins = this.#begins(now)
    const event = { time: now, cost }
    const found = this.#windows.find((one) => one.begins === begins)
    if (found === undefined) this.#windows.push({ begins, events: [event] })
    else found.events.push(event)
    return event
  }

  /** When the window that holds `now` began: windows follow each other for as long as each sliding one still knows the last. */
  #begins(now: number): number {
    const { window } = this.limit
    if (this.end !== undefined) return this.end(now) - window
    const last = this.#windows.at(-1)?.begins
    if (last === undefined) return now
    if (now < last + window) return last
    return algorithmOf(this.limit) === 'sliding' && now < last + 2 * window ? last + window : now
  }

  #sum(begins: number): number {
    const events = this.#windows.find((one) => one.begins === begins)?.events ?? []
    return events.reduce((sum, { cost }) => sum + cost, 0)
  }
}

class BucketModel implements WindowModel {
  readonly #events: Event[] = []

  constructor(private readonly limit: Limit) {}

  left(now: number): number {
    const window = BigInt(this.limit.window)
    return Number((BigInt(capacityOf(this.limit)) * window - this.missing(now)) / window)
  }

  charge(cost: number, now: number): Event {
    const event = { time: now, cost }
    this.#events.push(event)
    return event
  }

  /** In charges times the window's milliseconds. */
  missing(now: number): bigint {
    let missing = 0n
    let last = 0
    for (const { time, cost } of [...this.#events, { time: now, cost: 0 }]) {
      const flowedIn = BigInt(time - last) * BigInt(this.limit.count)
      missing = (missing > flowedIn ? missing - flowedIn : 0n) + BigInt(Math.round(cost * this.limit.window))
      last = time
    }
    return missing
  }

  /** Gives back what has not flowed in again since: as a charge of less than nothing. */
  undo(event: Event, now: number): void {
    const { time, cost } = event
    const upTo = this.#events.indexOf(event)
    const before = new BucketModel(this.limit)
    before.#events.push(...this.#events.slice(0, upTo + 1))
    const until = time + Number(before.missing(time) / BigInt(this.limit.count))
    const stillMissing = Math.max(0, (until - now) * this.limit.count) / this.limit.window
    const back = Math.min(cost, stillMissing, Number(this.missing(now)) / this.limit.window)
    this.#events.push({ time: now, cost: -back })
  }
}

class PenaltyModel {
  readonly #begun: Array<{ readonly time: number; readonly length: number; readonly row: number }> = []

  constructor(private readonly penalty: Penalty) {}

  left(now: number): number {
    const last = this.#begun.at(-1)
    return last === undefined ? 0 : Math.max(0, last.time + last.length - now)
  }

  begin(now: number): number {
    const { first, most, memory } = this.penalty
    const last = this.#begun.at(-1)
    const row = last !== undefined && now < last.time + last.length + memory ? last.row + 1 : 1
    const length = Math.min(most, first * 2 ** (row - 1))
    this.#begun.push({ time: now, length, row })
    return length
  }
}

function undo(event: Event, window: WindowModel, now: number): void {
  if (window instanceof BucketModel) window.undo(event, now)
  else event.cost = 0
}

function nameOf({ rule, key }: Charge, limit?: Limit): string {
  return JSON.stringify(limit === undefined ? [rule, key] : [rule, key, limit.window])
}
