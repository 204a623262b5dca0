import type { Clock } from '../context.js'
import { parseLimits } from '../rate-limit/limit.js'
import type { Limit } from '../rate-limit/limit.js'
import { MemoryRateLimitStore } from '../rate-limit/memory-store.js'
import type { Charge } from '../rate-limit/store.js'
import type { DetectionRule } from './rules.js'
import type { Sighting } from './sighting.js'

/** Something that a rule has noticed. */
export interface Detection {
  /** The rule's name. */
  readonly rule: string
  /** What it is called in the OWASP logging vocabulary. */
  readonly event: DetectionRule['event']
  /** The limit that was passed. */
  readonly limit: string
  /** Whom the rule counted: an address, or an account as it is called; unchecked input where nobody has proved to be it. */
  readonly subject: string
  /** Of the sighting that passed the limit. */
  readonly address: string | undefined
  readonly account: string | undefined
  readonly route: string
  /** Milliseconds since 1970. */
  readonly at: number
}

export interface DetectorOptions {
  readonly rules: readonly DetectionRule[]
  /** Milliseconds, of whole seconds. */
  readonly coolDown: number
  /** How many counters are kept, for all rules together. */
  readonly capacity: number
  readonly clock: Clock
  readonly raise: (detection: Detection) => void
}

interface CountingRule {
  readonly rule: DetectionRule
  readonly windows: readonly Limit[]
}

/**
 * Counts sightings by rule. It counts in a store of rate limits, which holds a bounded number of counters, and in which a flood of new
 * keys does not push out those that are nearly full.
 */
export class Detector {
  readonly #rules: readonly CountingRule[]
  readonly #options: DetectorOptions
  readonly #counters: MemoryRateLimitStore
  /** Apart, so that nobody can make it forget what was raised by being seen a lot. */
  readonly #raised: MemoryRateLimitStore

  constructor(options: DetectorOptions) {
    const { clock, capacity } = options
    this.#options = options
    this.#rules = options.rules.map((rule) => ({ rule, windows: parseLimits(rule.limit) }))
    this.#counters = new MemoryRateLimitStore({ clock, capacity })
    this.#raised = new MemoryRateLimitStore({ clock, capacity: Math.ceil(capacity / 10) })
  }

  see(sighting: Sighting): void {
    for (const counting of this.#rules) {
      const { rule } = counting
      const isEnd = rule.raisedBy?.(sighting) === true
      if (!isEnd && !rule.counts(sighting)) continue
      const subject = rule.by(sighting)
      if (subject === undefined) continue
      if (isEnd) this.#end(counting, subject, sighting)
      else this.#count(counting, subject, sighting)
    }
  }

  #count(counting: CountingRule, subject: string, sighting: Sighting): void {
    const { rule, windows } = counting
    if (rule.distinct !== undefined && !this.#isNew(counting, subject, rule.distinct(sighting))) return
    const { allowed } = this.#counters.consume([chargeOf(rule.name, subject, windows)])
    if (!allowed && rule.raisedBy === undefined) this.#raise(rule, subject, sighting)
  }

  #isNew({ rule, windows }: CountingRule, subject: string, which: string | undefined): boolean {
    if (which === undefined) return false
    const once = windows.map(({ window }) => ({ count: 1, window }))
    // Lengths part the two, so that no name can pass for a part of another.
    return this.#counters.consume([chargeOf(`${rule.name} distinct`, `${subject.length}|${subject}|${which}`, once)]).allowed
  }

  #end({ rule, windows }: CountingRule, subject: string, sighting: Sighting): void {
    const charges = [chargeOf(rule.name, subject, windows)]
    if (this.#counters.read(charges).allowed) return
    this.#counters.reset(charges)
    this.#raise(rule, subject, sighting)
  }

  #raise({ name, event, limit }: DetectionRule, subject: string, { address, account, route }: Sighting): void {
    const { coolDown, clock, raise } = this.#options
    if (!this.#raised.consume([chargeOf(name, subject, [{ count: 1, window: coolDown }])]).allowed) return
    raise({ rule: name, event, limit, subject, address, account, route, at: clock.now() })
  }
}

function chargeOf(rule: string, key: string, windows: readonly Limit[]): Charge {
  return { rule, key, windows, cost: 1 }
}
