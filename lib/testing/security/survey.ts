import { fail } from 'node:assert/strict'
import { randomBytes, randomUUID } from 'node:crypto'
import type { Api } from '../../api.js'
import { descriptionOf } from '../../api-facts.js'
import type { ApiDescription, RouteDescription } from '../../api-facts.js'
import { permissionKind, roleKind, scopeKind } from '../../authorization/requirements.js'
import type { Clock } from '../../context.js'
import type { StatedCaller } from '../../stated-caller.js'
import type { Case } from '../case.js'
import { inject } from '../inject.js'
import type { InjectedCall, InjectedReply } from '../inject.js'
import { leakIn } from '../leak.js'
import type { SampleInput, SecurityTestOptions } from './options.js'
import { sampleOf } from './sample.js'
import { aboutTenant, ownTenant } from './tenant.js'

/** One request of a case. */
export interface Attempt extends SampleInput, Pick<InjectedCall, 'as' | 'address' | 'https'> {
  /** Takes the place of the route's. */
  readonly method?: string
}

/** What the cases of one API share. */
export interface Survey {
  readonly api: Api
  readonly description: ApiDescription
  readonly options: SecurityTestOptions
  /** Makes a request of a route, valid where `attempt` says nothing else, and checks what holds for every answer. */
  readonly call: (route: RouteDescription, attempt?: Attempt) => Promise<InjectedReply>
  /** Makes a request of no route in particular. */
  readonly callPath: (call: InjectedCall) => Promise<InjectedReply>
}

/** Prepares the cases of an API. */
export function surveyOf(api: Api, options: SecurityTestOptions): Survey {
  const description = descriptionOf(api)
  return {
    ...{ api, description, options },
    async call(route, attempt = {}) {
      const reply = await inject(api, callOf(route, attempt, options))
      requireHeaders(reply, route)
      requireSilence(reply)
      return reply
    },
    async callPath(call) {
      const reply = await inject(api, { address: strangeAddress(), ...call })
      requireSilence(reply)
      return reply
    },
  }
}

/** An address that nobody has used: no limit has counted it. */
export function strangeAddress(): string {
  const groups = randomBytes(8).toString('hex').match(/.{4}/g) ?? []
  return `2${groups.join(':').slice(1)}::1`
}

/** Somebody whom no limit has counted. */
export function stranger(): StatedCaller {
  return { id: `test-${randomUUID()}`, permissions: [] }
}

/** Somebody who has all that a route's declarations ask for. */
export function callerFor({ policy, facts }: RouteDescription, survey: Pick<Survey, 'description'>): StatedCaller {
  const named = (kind: typeof permissionKind) => policy.all(kind).flatMap(({ value }) => value.names)
  return {
    ...stranger(),
    permissions: named(permissionKind),
    roles: named(roleKind),
    scopes: named(scopeKind),
    claims: { tenant: ownTenant, ...loginFor(facts, timeOf(survey)) },
  }
}

/** The time by the clock of the API, in milliseconds. */
export function timeOf({ description }: Pick<Survey, 'description'>): number {
  return (description.service('clock') as Clock).now()
}

/** Claims about a login that a route takes; none where it takes any. */
function loginFor({ login }: RouteDescription['facts'], now: number): Readonly<Record<string, unknown>> {
  if (login === undefined) return {}
  const { acr: [acr] = [], amr } = login
  return { ...(acr === undefined ? {} : { acr }), ...(amr === undefined ? {} : { amr }), auth_time: Math.floor(now / 1000) }
}

/** A case that says what must be given for it to be one. */
export function wanting(name: string, what: string): Case {
  return { name, run: async () => fail(`this could not be tested: ${what}; or say under accepted[${JSON.stringify(name)}] why not`) }
}

/** Fails where the answer has another status, and says what it was. */
export function requireStatus(reply: InjectedReply, wanted: number | readonly number[], why: string): void {
  if ([wanted].flat().includes(reply.status)) return
  const said = reply.problem === undefined ? '' : ` ${reply.problem.code}${toText(reply.problem.errors)}`
  fail(`${why}: expected ${[wanted].flat().join(' or ')}, and the answer is ${reply.status}${said}`)
}

function toText(errors: ReadonlyArray<{ readonly in: string; readonly path: string; readonly message: string }> = []): string {
  return errors.map((error) => `; ${error.in}${error.path}: ${error.message}`).join('')
}

function callOf(route: RouteDescription, attempt: Attempt, { samples = {} }: SecurityTestOptions): InjectedCall {
  const given = { ...samples[route.name], ...attempt }
  const { method = route.method, as, https } = attempt
  const tenant = aboutTenant(route, ownTenant)
  const params = { ...textsOf(sampleOf(route, 'params')), ...tenant.params, ...samples[route.name]?.params, ...attempt.params }
  const query = new URLSearchParams(given.query ?? textsOf(sampleOf(route, 'query'))).toString()
  const body = 'body' in given ? given.body : bodyOf(route)
  return {
    ...{ method, as, path: `${pathOf(route, params)}${query === '' ? '' : `?${query}`}` },
    headers: { ...tenant.headers, ...samples[route.name]?.headers, ...attempt.headers },
    address: attempt.address ?? strangeAddress(),
    ...(https === undefined ? {} : { https }),
    ...(body === undefined ? {} : { body }),
  }
}

function bodyOf(route: RouteDescription): unknown {
  return route.facts.body === undefined ? undefined : bodyWith(route, sampleOf(route, 'body'))
}

/** A body of the format that the route reads. */
export function bodyWith({ facts }: RouteDescription, values: Readonly<Record<string, unknown>>): unknown {
  return facts.body?.format === 'form' ? new URLSearchParams(textsOf(values)) : values
}

function textsOf(sample: Readonly<Record<string, unknown>>): Record<string, string> {
  const toPlain = (value: unknown) => (value instanceof Date ? value.toISOString() : String(value))
  return Object.fromEntries(Object.entries(sample).map(([name, value]) => [name, toPlain(value)]))
}

/** The route's path, with something at each of its parameters. */
export function pathOf({ path }: RouteDescription, params: Readonly<Record<string, string>> = {}): string {
  return path.replaceAll(/:(\w+)|\*$/g, (whole, name: string | undefined) =>
    encodeURIComponent(params[name ?? '*'] ?? (whole === '*' ? 'x' : '1')),
  )
}

/** A problem bears the headers of its route to the letter; a handler's own answer may replace one, and not take it away. */
function requireHeaders(reply: InjectedReply, { headers, name }: RouteDescription): void {
  const { flat } = headers.plain
  for (let index = 0; index < flat.length; index += 2) {
    const header = flat[index] ?? ''
    const said = reply.headers.get(header)
    if (said === null) fail(`an answer ${reply.status} of ${name} lacks ${header}`)
    if (reply.problem !== undefined && said !== flat[index + 1]) fail(`an answer ${reply.status} of ${name} says ${header}: ${said}`)
  }
}

function requireSilence({ status, body, problem, headers }: InjectedReply): void {
  if (status < 400) return
  const leak = leakIn(body)
  if (leak !== undefined) fail(`an answer ${status} tells a stranger of ${JSON.stringify(leak)}`)
  if (problem === undefined) return
  if (problem.status !== status) fail(`a problem says that it is ${problem.status}, and is ${status}`)
  if (status === 401 && headers.get('www-authenticate') === null) fail('an answer 401 does not say how to authenticate')
}
