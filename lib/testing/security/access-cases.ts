import { fail } from 'node:assert/strict'
import type { RouteDescription } from '../../api-facts.js'
import { permissionKind, roleKind, scopeKind } from '../../authorization/requirements.js'
import type { Requirement } from '../../authorization/requirements.js'
import type { StatedCaller } from '../../stated-caller.js'
import type { Case } from '../case.js'
import { callerFor, pathOf, requireStatus, stranger, timeOf, wanting } from './survey.js'
import type { Survey } from './survey.js'

/** Who is let in by a route that is not public, and who is not. */
export function accessCases(route: RouteDescription, survey: Survey): readonly Case[] {
  if (route.facts.access === 'public') return []
  return [
    {
      name: `${route.name}: refuses a request without credentials (401)`,
      run: async () => requireStatus(await survey.call(route), 401, 'nobody in particular calls'),
    },
    ...tokenCases(route, survey),
    ...requirementCases(route, survey),
    ...loginCases(route, survey),
    {
      name: `${route.name}: lets in a caller with all that its declarations ask for`,
      run: async () => {
        if (!(await isLetIn(route, callerFor(route, survey), survey))) fail('it refuses whoever has all that it asks for')
      },
    },
    ...decidedCases(route, survey),
  ]
}

function tokenCases(route: RouteDescription, survey: Survey): readonly Case[] {
  const { call } = survey
  const { issuer } = survey.options
  // Said once for all routes.
  if (issuer === undefined) return []
  const bad = [
    ['a forged token', issuer.forgedTokenFor],
    ['an expired token', issuer.expiredTokenFor],
    ['a token that was cut off', (caller: StatedCaller) => issuer.tokenFor(caller).slice(0, -3)],
  ] as const
  return bad.map(([what, tokenOf]) => ({
    name: `${route.name}: refuses ${what} (401)`,
    async run() {
      const headers = { Authorization: `Bearer ${tokenOf(callerFor(route, survey))}` }
      requireStatus(await call(route, { headers }), 401, `the caller bears ${what}`)
    },
  }))
}

/** A good token must be told from a bad one, or refusing bad ones would prove nothing. */
export function issuerCases({ call, description: { routes, options: made }, options: { issuer } }: Survey): readonly Case[] {
  const closed = routes.filter(({ facts }) => facts.access !== 'public')
  const ways = [made.authentication ?? []].flat()
  const [first] = closed
  if (first === undefined || (ways.length > 0 && ways.every(({ name }) => name !== 'bearer'))) return []
  if (issuer === undefined)
    return [wanting('tokens: refuses forged and expired ones', 'give issuer: testIssuer({ issuer, audience, key })')]
  return [
    {
      name: 'tokens: takes a good one of the issuer',
      async run() {
        const control = closed.find(({ facts }) => facts.access !== 'authenticated') ?? first
        const reply = await call(control, { headers: { Authorization: `Bearer ${issuer.tokenFor(stranger())}` } })
        // A token without a login that is good enough is good all the same.
        if (reply.status === 401 && reply.problem?.code !== stepUp) {
          fail(`${control.name} refuses a token that the issuer has just signed (${reply.problem?.code})`)
        }
      },
    },
  ]
}

type Granted = 'permissions' | 'roles' | 'scopes'

const kinds = [
  [permissionKind, 'permissions', 'the permission'],
  [roleKind, 'roles', 'the role'],
  [scopeKind, 'scopes', 'the scope'],
] as const

/** Of what must be there together, each is left out alone; of what is enough alone, all are. */
function requirementCases(route: RouteDescription, survey: Survey): readonly Case[] {
  return kinds.flatMap(([kind, granted, what]) =>
    route.policy.all(kind).flatMap(({ value }) =>
      missingOf(value).map((missing) => ({
        name: `${route.name}: refuses a caller without ${what} ${missing.join(' or ')} (403)`,
        async run() {
          const reply = await survey.call(route, { as: without(callerFor(route, survey), granted, missing) })
          requireStatus(reply, 403, `the caller has everything but ${missing.join(' and ')}`)
        },
      })),
    ),
  )
}

function missingOf({ names, mode }: Requirement): ReadonlyArray<readonly string[]> {
  return mode === 'all' ? names.map((name) => [name]) : [names]
}

/** A login that lacks one of the things that the route asks of logins, and has all others. */
function loginCases(route: RouteDescription, survey: Survey): readonly Case[] {
  const { acr, amr = [], maxAge } = route.facts.login ?? {}
  const ago = (milliseconds: number) => Math.floor((timeOf(survey) - milliseconds) / 1000)
  const lacking: ReadonlyArray<readonly [what: string, claims: () => Readonly<Record<string, unknown>>]> = [
    ...(maxAge === undefined
      ? []
      : ([
          ['with a login that is too old', () => ({ auth_time: ago(maxAge + 1_000) })],
          ['whose token does not say when the login was', () => ({ auth_time: undefined })],
        ] as const)),
    ...(acr === undefined ? [] : [[`whose login is not ${acr.join(' or ')}`, () => ({ acr: 'none-of-these' })] as const]),
    ...amr.map((name) => [`whose login was not by ${name}`, () => ({ amr: amr.filter((one) => one !== name) })] as const),
  ]
  return lacking.map(([what, claimsOf]) => ({
    name: `${route.name}: refuses a caller ${what} (401)`,
    async run() {
      const caller = callerFor(route, survey)
      const reply = await survey.call(route, { as: { ...caller, claims: { ...caller.claims, ...claimsOf() } } })
      requireStatus(reply, 401, 'the caller has everything but that login')
      if (reply.problem?.code !== stepUp) fail(`the answer says ${reply.problem?.code}, and not ${stepUp}`)
    },
  }))
}

const stepUp = 'insufficient-user-authentication'

function without(caller: StatedCaller, granted: Granted, missing: readonly string[]): StatedCaller {
  return { ...caller, [granted]: [...(caller[granted] ?? [])].filter((name) => !missing.includes(name)) }
}

/** What was decided about typical callers, apart from the declarations: a permission that was taken off a route shows here. */
function decidedCases(route: RouteDescription, survey: Survey): readonly Case[] {
  const { callers, mayUse = {} } = survey.options
  if (callers === undefined) return []
  const allowed = mayUse[route.name]
  const name = `${route.name}: lets in whom it was decided for, and nobody else`
  if (allowed === undefined) return [wanting(name, `give mayUse[${JSON.stringify(route.name)}]: the names of those callers who may use it`)]
  return [
    {
      name,
      async run() {
        const unknown = allowed.find((one) => !Object.hasOwn(callers, one))
        if (unknown !== undefined) fail(`mayUse names ${unknown}, and callers do not`)
        for (const [who, caller] of Object.entries(callers)) {
          const isIn = await isLetIn(route, caller, survey)
          if (isIn !== allowed.includes(who)) fail(`${who} is ${isIn ? 'let in' : 'refused'}, and it was decided otherwise`)
          // What is refused has no effect: it is tried for real.
          if (!isIn)
            requireStatus(await survey.call(route, { as: caller }), route.facts.login === undefined ? 403 : [401, 403], `${who} calls`)
        }
      },
    },
  ]
}

/** Whether a caller passes the access of a route. Its handler is not called. */
async function isLetIn(route: RouteDescription, as: StatedCaller, { api }: Survey): Promise<boolean> {
  const { decisions } = await api.explain({ method: route.method, path: pathOf(route), as })
  return decisions.find(({ protection }) => protection === 'access')?.decision === 'allows'
}
