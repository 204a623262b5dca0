import { Readable } from 'node:stream'
import { createLogger, transports } from 'winston'
import type { ApiRequest, Principal } from '../../lib/context.js'
import { anonymous } from '../../lib/context.js'
import type { Class } from '../../lib/decorator.js'
import { ApiError } from '../../lib/errors.js'
import { Exchange } from '../../lib/exchange.js'
import { policyOf } from '../../lib/policy.js'
import type { RouteSetup, Step } from '../../lib/protection.js'
import { MemoryRateLimitStore, rateLimits } from '../../lib/rate-limit/rate-limit.js'
import type { RateLimitOptions, RateLimitStore } from '../../lib/rate-limit/rate-limit.js'
import { rulesOfRoutes } from '../../lib/rate-limit/rules.js'
import { fakeClock } from '../../lib/testing.js'
import type { FakeClock } from '../../lib/testing.js'
import { take } from '../exchange.js'

// One for all: making one costs more than a call.
const silent = createLogger({ silent: true, transports: [new transports.Console()] })

/** A clock that stands at the same time in every run. */
export function setClock(): FakeClock {
  return fakeClock(1_700_000_000_000)
}

/** What a request is like, where a test cares. */
export interface Call {
  readonly address?: string
  readonly principal?: Partial<Principal>
  readonly body?: unknown
  /** What the handler answers. @default 200 */
  readonly status?: number
  /** The phase before which a step answers in the handler's place. */
  readonly answeredBefore?: string
  /** Called between the phases: throws to refuse. */
  readonly between?: (phase: string) => void
}

export interface Outcome {
  readonly status: number
  readonly error: unknown
  readonly headers: ReadonlyMap<string, string>
  /** How often each header was said. */
  readonly names: readonly string[]
}

/** Routes of one API, with nothing but rate limits to protect them. */
export class Routes {
  readonly clock = setClock()
  readonly mistakes: Array<{ place: string; problem: string; mend: string }> = []
  readonly facts = new Map<string, unknown>()
  readonly #protections
  readonly #routes = new Map<string, ReadonlyArray<{ phase: string; step: Step }>>()

  constructor(options: RateLimitOptions = {}, store?: RateLimitStore) {
    this.#protections = rateLimits(
      options,
      store ?? new MemoryRateLimitStore({ clock: this.clock, capacity: 1_000 }),
      rulesOfRoutes(options),
    )
  }

  add(controller: Class, ...members: string[]): this {
    for (const member of members) {
      const name = `${controller.name}.${member}`
      const setup: RouteSetup = {
        policy: policyOf(controller, member),
        name,
        method: 'POST',
        path: `/${controller.name}/${member}`,
        params: [],
        mistake: (problem, mend) => void this.mistakes.push({ place: name, problem, mend }),
        describe: (fact, value) => void this.facts.set(`${name} ${fact}`, value),
      }
      const steps = this.#protections.flatMap((one) => {
        const step = one.compile(setup)
        return step === undefined ? [] : [{ phase: one.phase, step }]
      })
      this.#routes.set(name, steps)
    }
    return this
  }

  phases(name: string): readonly string[] {
    return (this.#routes.get(name) ?? []).map(({ phase }) => phase)
  }

  /** Goes through the phases as the pipeline does. */
  async call(name: string, { address = '192.0.2.1', principal, body, between, answeredBefore, status = 200 }: Call = {}): Promise<Outcome> {
    const exchange = this.#exchange(name, address)
    try {
      for (const phase of ['network', 'caller', 'object', 'handler']) {
        if (phase === answeredBefore) break
        if (phase === 'caller' && principal !== undefined) exchange.principal = { ...anonymous, kind: 'user', ...principal }
        if (phase === 'object' && body !== undefined) exchange.provide('body', body)
        between?.(phase)
        for (const one of this.#routes.get(name) ?? []) if (one.phase === phase) await take(one.step, exchange)
      }
      exchange.finish(status)
      return outcome(status, undefined, exchange.answerHeaders)
    } catch (error) {
      if (!(error instanceof ApiError)) return outcome(500, error, exchange.answerHeaders)
      let refusal = error
      for (const listener of exchange.refusalListeners) refusal = (await listener(refusal)) ?? refusal
      exchange.finish(refusal.status)
      return outcome(refusal.status, refusal, [...exchange.answerHeaders, ...refusal.headers])
    }
  }

  /** The statuses of calls one after the other. */
  async statuses(count: number, name: string, call: Call = {}): Promise<readonly number[]> {
    const statuses: number[] = []
    for (let index = 0; index < count; index += 1) statuses.push((await this.call(name, call)).status)
    return statuses
  }

  #exchange(name: string, address: string): Exchange {
    const request: ApiRequest = {
      method: 'POST',
      target: '/',
      headers: {},
      rawHeaders: [],
      remoteAddress: address,
      encrypted: true,
      body: Readable.from([]),
      gone: false,
      onGone: () => undefined,
    }
    const target = { path: '/', query: '', params: {} }
    return new Exchange(request, { name, method: 'POST', path: '/' }, target, { address, secure: true }, 'id', {
      logger: silent,
      clock: this.clock,
    })
  }
}

function outcome(status: number, error: unknown, flat: readonly string[]): Outcome {
  const names = flat.filter((_, index) => index % 2 === 0)
  return { status, error, names, headers: new Map(names.map((name, index) => [name, flat[index * 2 + 1] ?? ''])) }
}
