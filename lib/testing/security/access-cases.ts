import { fail } from 'node:assert/strict'
import type { RouteDescription } from '../../api-facts.js'
import { permissionKind, roleKind, scopeKind } from '../../authorization/requirements.js'
import type { Requirement } from '../../authorization/requirements.js'
import type { StatedCaller } from '../../stated-caller.js'
import type { Case } from '../case.js'
import { callerFor, pathOf, requireStatus, stranger, wanting } from './survey.js'
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
    {
      name: `${route.name}: lets in a caller with all that its declarations ask for`,
      run: async () => {
        if (!(await isLetIn(route, callerFor(route), survey))) fail('it refuses whoever has all that it asks for')
      },
    },
    ...decidedCases(route, survey),
  ]
}

function tokenCases(route: RouteDescription, { call, options: { issuer } }: Survey): readonly Case[] {
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
      const headers = { Authorization: `Bearer ${tokenOf(callerFor(route))}` }
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
        if (reply.status === 401) fail(`${control.name} refuses a token that the issuer has just signed (${reply.problem?.code})`)
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
function requirementCases(route: RouteDescription, { call }: Survey): readonly Case[] {
  return kinds.flatMap(([kind, granted, what]) =>
    route.policy.all(kind).flatMap(({ value }) =>
      missingOf(value).map((missing) => ({
        name: `${route.name}: refuses a caller without ${what} ${missing.join(' or ')} (403)`,
        async run() {
          const reply = await call(route, { as: without(callerFor(route), granted, missing) })
          requireStatus(reply, 403, `the caller has everything but ${missing.join(' and ')}`)
        },
      })),
    ),
  )
}

function missingOf({ names, mode }: Requirement): ReadonlyArray<readonly string[]> {
  return mode === 'all' ? names.map((name) => [name]) : [names]
}

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
          if (!isIn) requireStatus(await survey.call(route, { as: caller }), 403, `${who} calls`)
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
