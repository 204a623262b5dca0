import type { Context, Input } from '../context.js'
import type { RouteDecorator } from '../decorator.js'
import { detached } from '../detached.js'
import { TooManyRequests } from '../errors.js'
import type { Exchange } from '../exchange.js'
import { kind } from '../policy.js'
import type { Declared } from '../policy.js'
import type { Protection, RouteSetup } from '../protection.js'
import { boundedKey } from './bounded-key.js'
import { countedWords, isCounted } from './declaration.js'
import { retryAfterHeader } from './fields.js'
import { subjectOf } from './rules.js'
import type { LimitPhase, Subjects } from './rules.js'

/** Whose calls are counted together. */
export interface ConcurrencyOptions<I extends Input = Input> {
  /**
   * `address`, `principal`, `tenant` and `apiKey` as in `@RateLimit`, `route` for all calls of the route, or a function, asked after the input is
   * validated. @default 'address'
   */
  readonly by?: 'address' | 'principal' | 'tenant' | 'apiKey' | 'route' | ((context: Context<I>) => string)
}

interface ConcurrencyDeclaration {
  readonly most: number
  readonly by: 'address' | 'principal' | 'tenant' | 'apiKey' | 'route' | ((context: Context) => string)
}

const concurrencyKind = kind<ConcurrencyDeclaration>('Concurrency')

/**
 * How many calls of a route may be at work at once, for each address or whatever else `by` names: `@Concurrency(5)`. One more gets 429. A
 * call is at work until its handler has ended, also where its time was up before. Several must all have room; a class's counts for each
 * of its routes apart. It counts in this process.
 */
export function Concurrency<I extends Input = Input>(most: number, options: ConcurrencyOptions<I> = {}): RouteDecorator {
  return concurrencyKind.declare({ most, by: (options.by ?? 'address') as ConcurrencyDeclaration['by'] })
}

/** How long a refused client is asked to wait, in seconds: nobody knows when a handler ends. */
const patience = 1

/** The protections that count calls at work: by address, by principal, and by function after validation. */
export function concurrencyLimits(subjects: Subjects): readonly [Protection, Protection, Protection] {
  function protectionIn(phase: LimitPhase): Protection {
    return {
      name: 'Concurrency',
      phase,
      compile(route) {
        const declared = route.policy.all(concurrencyKind)
        if (declared.length > 0) route.describe('concurrency', declared.map(summary))
        if (phase === 'network') for (const one of declared) reportMistake(one, route)
        const entries = declared.filter(({ value }) => phaseOf(value) === phase).map(({ value }) => entryOf(value, route))
        if (entries.length === 0) return undefined
        return function limitConcurrency(exchange) {
          for (const enter of entries) {
            const refusal = enter(exchange)
            if (refusal !== undefined) return refusal
          }
          return undefined
        }
      },
      document({ policy }, operation) {
        const declared = policy.all(concurrencyKind)
        if (phase !== 'network' || declared.length === 0) return
        operation.note(`Calls at work at once are limited: ${declared.map(summary).join(', ')}.`)
        operation.extension(
          'x-concurrency',
          declared.map(({ value: { most, by } }) => ({ most, by: typeof by === 'function' ? 'other' : by })),
        )
        operation.refusal({ status: 429, code: 'too-many-requests', headers: { 'Retry-After': retryAfterHeader } })
      },
    }
  }

  function entryOf({ most, by }: ConcurrencyDeclaration, route: RouteSetup): (exchange: Exchange) => TooManyRequests | undefined {
    const keyOf = by === 'route' ? () => '' : subjectOf(route, by, subjects, 'Concurrency')
    const atWork = new Map<string, number>()
    const refusal = Object.freeze(new TooManyRequests(patience, { reason: `concurrency ${most}`, event: 'excess_rate_limit_exceeded' }))

    return function enter(exchange) {
      const key = boundedKey(keyOf(exchange))
      const others = atWork.get(key) ?? 0
      if (others >= most) return refusal
      const own = others === 0 ? detached(key) : key
      atWork.set(own, others + 1)
      exchange.onEnd(() => leave(own))
      return undefined
    }

    function leave(key: string): void {
      const left = (atWork.get(key) ?? 1) - 1
      if (left === 0) atWork.delete(key)
      else atWork.set(key, left)
    }
  }

  return [protectionIn('network'), protectionIn('caller'), protectionIn('object')]
}

function phaseOf({ by }: ConcurrencyDeclaration): LimitPhase {
  if (typeof by === 'function') return 'object'
  return by === 'address' || by === 'route' ? 'network' : 'caller'
}

function reportMistake({ value: { most, by }, place }: Declared<ConcurrencyDeclaration>, { mistake }: RouteSetup): void {
  const where = `@Concurrency on ${place}`
  if (!Number.isSafeInteger(most) || most < 1) mistake(`${where} lets ${String(most)} calls in at once`, 'write a whole number from 1')
  if (by !== 'route' && !isCounted(by)) {
    mistake(`${where} counts by ${JSON.stringify(by)}`, `write ${countedWords}, 'route' or a function`)
  }
}

/** `5 at once by address` */
function summary({ value: { most, by } }: Declared<ConcurrencyDeclaration>): string {
  return `${most} at once by ${typeof by === 'function' ? by.name || 'a function' : by}`
}
