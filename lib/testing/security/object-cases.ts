import { fail } from 'node:assert/strict'
import type { RouteDescription } from '../../api-facts.js'
import { authorizeKind } from '../../authorization/object-access.js'
import type { Case } from '../case.js'
import { callerFor, requireStatus, wanting } from './survey.js'
import type { Survey } from './survey.js'
import { aboutTenant, isBoundToTenant } from './tenant.js'

/** Whose objects a route gives out. */
export function objectCases(route: RouteDescription, survey: Survey): readonly Case[] {
  return [...ownershipCases(route, survey), ...tenantCases(route, survey)]
}

function ownershipCases(route: RouteDescription, { call, options: { objects = {} } }: Survey): readonly Case[] {
  const declared = route.policy.all(authorizeKind).map(({ value }) => value)
  if (declared.length === 0) return []
  const own = `${route.name}: gives an object to whom it belongs`
  const foreign = `${route.name}: keeps an object from whom it does not belong to`
  const calls = objects[route.name]
  if (calls === undefined) {
    const what = `give objects[${JSON.stringify(route.name)}]: { own, foreign }, two functions that make an object and give { as, params }`
    return [wanting(own, what), wanting(foreign, what)]
  }
  return [
    {
      name: own,
      async run() {
        const reply = await call(route, await calls.own())
        if (reply.status >= 400) fail(`the owner is refused: ${reply.status} ${reply.problem?.code ?? ''}`)
      },
    },
    {
      name: foreign,
      async run() {
        const refusals = [404, ...declared.map(({ refusal }) => refusal)]
        requireStatus(await call(route, await calls.foreign()), refusals, 'the object is somebody else’s')
      },
    },
  ]
}

/** Of a tenancy that the claim `tenant` decides, the test can tell by itself; of any other, somebody must say who belongs where. */
function tenantCases(route: RouteDescription, survey: Survey): readonly Case[] {
  const { call, description } = survey
  const { objects = {} } = survey.options
  if (!isBoundToTenant(route) || objects[route.name] !== undefined) return []
  const name = `${route.name}: keeps one tenant from another’s (404)`
  if (description.options.tenantOf !== undefined) return [wanting(name, `give objects[${JSON.stringify(route.name)}]: { own, foreign }`)]
  return [
    {
      name,
      async run() {
        requireStatus(
          await call(route, { as: callerFor(route, survey), ...aboutTenant(route, 'tenant-two') }),
          404,
          'the request is about another tenant',
        )
      },
    },
  ]
}
