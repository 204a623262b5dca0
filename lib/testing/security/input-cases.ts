import { fail } from 'node:assert/strict'
import type { RouteDescription } from '../../api-facts.js'
import type { StatedCaller } from '../../stated-caller.js'
import type { Case } from '../case.js'
import type { InjectedReply } from '../inject.js'
import { rulesFor, sampleOf } from './sample.js'
import { bodyWith, callerFor, requireStatus } from './survey.js'
import type { Attempt, Survey } from './survey.js'

const unknown = 'portcullisUnknown'

/** What of a body and a query gets through to a handler. */
export function inputCases(route: RouteDescription, survey: Survey): readonly Case[] {
  const { call } = survey
  const { samples = {} } = survey.options
  const sample = samples[route.name] ?? {}
  const send = async (attempt: Attempt) => {
    const reply = await call(route, { as: asOf(route, survey), ...attempt })
    requireGoodSample(reply, route)
    return reply
  }
  const bodyCases = [
    {
      name: `${route.name}: refuses a property that it does not know (422)`,
      applies: isExact(route, 'body'),
      async run() {
        const own = sample.body instanceof URLSearchParams ? Object.fromEntries(sample.body) : (sample.body as object | undefined)
        requireUnknown(await send({ body: bodyWith(route, { ...sampleOf(route, 'body'), ...own, [unknown]: 1 }) }), 'body')
      },
    },
    {
      name: `${route.name}: refuses a body that is too large (413)`,
      applies: true,
      async run() {
        const { limit = 0 } = route.facts.body ?? {}
        const headers = { 'Content-Type': 'application/json', 'Content-Length': String(limit + 1) }
        requireStatus(await send({ headers, body: '' }), 413, `a body of ${limit + 1} bytes is announced`)
        // One that does not say how long it is must be stopped while it is read.
        const chunked = { 'Content-Type': typeOf(route), 'Transfer-Encoding': 'chunked' }
        if (limit > largestSent) return
        requireStatus(await send({ headers: chunked, body: `"${'x'.repeat(limit)}"` }), 413, 'a body that is too long comes in chunks')
      },
    },
    {
      name: `${route.name}: refuses a body of another media type (415)`,
      applies: true,
      async run() {
        for (const type of ['text/plain', 'multipart/form-data; boundary=x', 'application/xml']) {
          const reply = await send({ headers: { 'Content-Type': type }, body: '{}' })
          requireStatus(reply, 415, `the body is ${type}`)
        }
      },
    },
    {
      name: `${route.name}: refuses a body that is no JSON (400)`,
      applies: route.facts.body?.format === 'json',
      async run() {
        const headers = { 'Content-Type': 'application/json' }
        requireStatus(await send({ headers, body: '{"a":' }), 400, 'the body breaks off')
      },
    },
  ]
  const queryCase = {
    name: `${route.name}: refuses a query parameter that it does not know (422)`,
    applies: isExact(route, 'query'),
    async run() {
      const query = { ...(sampleOf(route, 'query') as Record<string, string>), ...sample.query, [unknown]: '1' }
      requireUnknown(await send({ query }), 'query')
    },
  }
  const hasBody = route.facts.body !== undefined
  return [...(hasBody ? bodyCases : []), queryCase].filter(({ applies }) => applies)
}

/** A body in chunks that is longer is not sent: it would be held in memory. */
const largestSent = 4_000_000

function typeOf({ facts }: RouteDescription): string {
  return facts.body?.format === 'form' ? 'application/x-www-form-urlencoded' : 'application/json'
}

function asOf(route: RouteDescription, survey: Survey): StatedCaller | undefined {
  return route.facts.access === 'public' ? undefined : callerFor(route, survey)
}

/** Whether the rules promise that nothing unknown gets through. A schema decides by itself. */
function isExact(route: RouteDescription, part: 'body' | 'query'): boolean {
  const rules = rulesFor(route, part)
  return rules?.target !== undefined && (rules.options.unknown ?? 'refuse') === 'refuse'
}

function requireUnknown(reply: InjectedReply, part: 'body' | 'query'): void {
  requireStatus(reply, 422, `its ${part} has a property ${unknown}`)
  const isNamed = reply.problem?.errors?.some((error) => error.in === part && error.path === `/${unknown}`) === true
  if (!isNamed) fail(`its ${part} has a property ${unknown}, and the refusal does not name it`)
}

/** A case that ends before it begins must not pass for one. */
function requireGoodSample(reply: InjectedReply, { name }: RouteDescription): void {
  const broken = reply.problem?.errors?.find((error) => error.in === 'params' || error.in === 'headers')
  const isRefused = reply.status === 401 || reply.status === 403
  if (broken === undefined && !isRefused) return
  const why = broken === undefined ? `the caller is refused (${reply.status})` : `${broken.in}${broken.path}: ${broken.message}`
  fail(`this could not be tested, since ${why}: give samples[${JSON.stringify(name)}]`)
}
