import type { ApiDescription, RouteDescription } from '../../api-facts.js'
import { authorizeKind } from '../../authorization/object-access.js'
import { permissionKind } from '../../authorization/requirements.js'
import { serverLifetimes } from '../../oauth/server/authorization-server.js'
import { validateKind } from '../../validation/decorator.js'
import type { Noticed } from './finding.js'

/** What the declarations of routes leave open. */
export function routeFindings({ routes, options }: ApiDescription): readonly Noticed[] {
  if (options.rateLimit?.off === true) {
    const limits = {
      place: 'rateLimit.off',
      problem: 'nobody is limited, whatever is declared',
      mend: 'take off away: it is for load tests',
    }
    return [{ rule: 'limits-off', ...limits }, ...routes.flatMap(withoutLimits)]
  }
  return routes.flatMap((route) => [...withoutLimits(route), ...limitFindings(route, options.rateLimit?.default !== undefined)])
}

function withoutLimits(route: RouteDescription): readonly Noticed[] {
  return [...objectFindings(route), ...inputFindings(route), ...recordFindings(route)]
}

const safe: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS'])

function isPublic({ facts }: RouteDescription): boolean {
  return facts.access === 'public'
}

function objectFindings(route: RouteDescription): readonly Noticed[] {
  const { name: place, facts, params, path, policy } = route
  const found: Noticed[] = []
  if (policy.all(authorizeKind).some(({ value }) => value.mode === 'observe')) {
    const problem = 'its @Authorize lets through what its rule refuses'
    found.push({ rule: 'only-observed', place, problem, mend: "write mode: 'enforce', or leave mode out, when the rule is right" })
  }
  const isDecided = facts.object === true || facts.scope === true || facts.tenant !== undefined
  if (params.length > 0 && !isPublic(route) && !isDecided) {
    const problem = `${path} names an object, and whoever may use the route gets any of them`
    found.push({ rule: 'object-undecided', place, problem, mend: 'add @Authorize(load, rule), @Scope(filter) or @Tenant(place)' })
  }
  return found
}

function inputFindings(route: RouteDescription): readonly Noticed[] {
  const { name: place, method, params, facts, policy } = route
  const found: Noticed[] = []
  if (!safe.has(method) && facts.validates === undefined) {
    const problem = params.length === 0 ? 'it writes, and says nothing of what it takes' : 'it writes, and its parameters have no rules'
    const severity = params.length === 0 && (method === 'DELETE' || facts.access !== 'public') ? 'info' : 'medium'
    found.push({
      rule: 'input-unvalidated',
      severity,
      place,
      problem,
      mend: 'add @Validate({ body, params }) with the rules of what it reads',
    })
  }
  if (policy.all(validateKind).some(({ value }) => value.options.unknown === 'drop')) {
    const problem = 'a client that sends a property which it may not set is not told'
    found.push({ rule: 'unknown-dropped', place, problem, mend: "leave unknown: 'drop' out of @Validate" })
  }
  return found
}

/** Words with which names of writes begin. */
const writes =
  /^(?:add|approve|book|buy|cancel|change|close|create|delete|disable|drop|edit|enable|fulfil|grant|insert|move|pay|post|put|register|remove|rename|reset|revoke|send|set|submit|transfer|update|write)/i

function recordFindings(route: RouteDescription): readonly Noticed[] {
  const { name: place, method, facts, policy } = route
  if (safe.has(method)) {
    const permissions = policy.all(permissionKind).flatMap(({ value }) => value.names)
    const said = [facts.audit ?? '', ...permissions].find((name) => writes.test(name.split(/[.:]/).at(-1) ?? ''))
    if (said === undefined) return []
    const problem = `it answers ${method}, which browsers send unasked, and says that it writes: ${said}`
    return [{ rule: 'write-on-get', place, problem, mend: 'write @Post, @Put, @Patch or @Delete' }]
  }
  // What the package itself answers records what matters of it.
  if (facts.audit !== undefined || serverLifetimes(policy.controller) !== undefined) return []
  const problem = 'who did it stands in the records, and what was done does not'
  return [{ rule: 'write-unrecorded', place, problem, mend: "add @Audit('order.create'), with a name of its own" }]
}

function limitFindings(route: RouteDescription, hasDefault: boolean): readonly Noticed[] {
  const { name: place, limits } = route
  if (limits.length === 0) {
    const mend = "add @RateLimit('10 per second'), or a default to createApi({ rateLimit })"
    return [{ rule: 'limit-missing', place, problem: 'whoever may call it may call it without end', mend }]
  }
  if (isPublic(route) || !hasDefault || limits.some(({ name }) => name !== 'default')) return []
  const problem = 'nothing but the default counts its calls, by address'
  return [{ rule: 'limit-general', place, problem, mend: "add @RateLimit(…, { by: 'principal' }) where one caller could do harm" }]
}
