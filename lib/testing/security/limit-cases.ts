import { fail } from 'node:assert/strict'
import type { RouteDescription } from '../../api-facts.js'
import { capacityOf } from '../../rate-limit/limit.js'
import type { LimitPhase, Rule } from '../../rate-limit/rules.js'
import type { Case } from '../case.js'
import { callerFor, strangeAddress, stranger, wanting } from './survey.js'
import type { Attempt, Survey } from './survey.js'

/** What is charged together in one case, and how its calls differ. */
interface Counting {
  readonly what: string
  readonly phases: readonly LimitPhase[]
  readonly attempt: () => () => Attempt
}

/** Each limit refuses the first call past its count, and none before. */
export function limitCases(route: RouteDescription, survey: Survey): readonly Case[] {
  return countingsFor(route, survey).flatMap((counting): readonly Case[] => {
    const last = counting.phases.at(-1)
    if (!route.limits.some(({ phase }) => phase === last)) return []
    const rules = route.limits.filter(({ phase }) => counting.phases.includes(phase))
    const counters = rules.map(counterOf)
    const name = `${route.name}: refuses ${counting.what} past the limit, and not before (429)`
    const { mostCalls = 1_000 } = survey.options
    const least = Math.min(...counters.map(({ capacity, cost }) => capacity / cost))
    if (counters.some(({ cost }) => Number.isNaN(cost))) return [wanting(name, 'a function says what a call costs')]
    if (least > mostCalls) return [wanting(name, `the limit is reached after ${least} calls: raise mostCalls`)]
    return [{ name, run: () => exceed(route, counting, rules.map(counterOf), survey) }]
  })
}

/** What a limit has counted, as it says that it counts. */
interface Counter {
  readonly capacity: number
  /** Not a number, where a function says it. */
  readonly cost: number
  readonly failureCost: number
  readonly refundOnSuccess: boolean
  used: number
}

function counterOf({ limits, cost, failureCost, refundOnSuccess }: Rule): Counter {
  const capacity = Math.min(...limits.map(capacityOf))
  return { capacity, cost: typeof cost === 'number' ? cost : Number.NaN, failureCost, refundOnSuccess, used: 0 }
}

function note(counter: Counter, status: number): void {
  if (status < 400 && counter.refundOnSuccess) return
  const whole = counter.cost + (status === 401 ? counter.failureCost : 0)
  counter.used = Math.min(counter.capacity, counter.used + whole)
}

/** Announces a body that no route takes: every limit before the input has counted by then, and the handler is not called. */
const refused = { headers: { 'Content-Type': 'application/json', 'Content-Length': '999999999999999' }, body: '' } as const

function countingsFor(route: RouteDescription, survey: Survey): readonly Counting[] {
  const isPublic = route.facts.access === 'public'
  return [
    {
      what: 'an address',
      phases: ['network'],
      attempt: () => {
        const address = strangeAddress()
        return () => ({ ...refused, ...(isPublic ? {} : { as: stranger() }), address })
      },
    },
    {
      what: 'a caller',
      // Nobody is known on a public route: the caller is counted by address there, together with what else counts addresses.
      phases: isPublic ? ['network', 'caller'] : ['caller'],
      attempt: () => {
        const fixed = { ...refused, ...(isPublic ? { address: strangeAddress() } : { as: stranger() }) }
        return () => fixed
      },
    },
    {
      what: 'what is counted by its input',
      phases: ['network', 'caller', 'object'],
      attempt: () => {
        const fixed = { ...(isPublic ? {} : { as: callerFor(route, survey) }), address: strangeAddress() }
        return () => fixed
      },
    },
  ]
}

async function exceed(route: RouteDescription, counting: Counting, counters: readonly Counter[], { call, options }: Survey): Promise<void> {
  const { mostCalls = 1_000 } = options
  const { what, phases } = counting
  const next = counting.attempt()
  const isReached = () => counters.some(({ used, cost, capacity }) => used + cost > capacity)
  let calls = 0
  for (; !isReached() && calls < mostCalls; calls += 1) {
    const { status, problem } = await call(route, next())
    if (status === 429) fail(`call ${calls + 1} of ${what} is refused, and it is not past the limit`)
    if (phases.includes('object') && problem?.code === 'validation-failed') {
      fail(`this could not be tested, since the input is refused: give samples[${JSON.stringify(route.name)}]`)
    }
    for (const counter of counters) note(counter, status)
  }
  if (!isReached())
    fail(`this could not be tested: calls that succeed are not counted; give samples[${JSON.stringify(route.name)}] of one that fails`)
  const { status, headers } = await call(route, next())
  if (status !== 429) fail(`call ${calls + 1} of ${what} is answered with ${status}, and it is past the limit`)
  if (!/^[1-9]\d*$/.test(headers.get('retry-after') ?? '')) fail('the refusal does not say when to come back')
}
