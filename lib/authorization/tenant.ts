import { validateHeaderName } from 'node:http'
import type { Principal } from '../context.js'
import type { RouteDecorator } from '../decorator.js'
import { NotFound } from '../errors.js'
import type { Exchange } from '../exchange.js'
import { kind } from '../policy.js'
import type { Policy } from '../policy.js'
import type { Protection, RouteSetup } from '../protection.js'

/** Where a request says which tenant it is about: in one of these. */
export type TenantPlace =
  /** A parameter of the path: `{ param: 'tenant' }` for `/tenants/:tenant/orders`. */
  | { readonly param: string }
  /** A header: `{ header: 'X-Tenant' }`. */
  | { readonly header: string }
  /** The part of the host that stands at the star: `{ host: '*.example.com' }`. */
  | { readonly host: string }

/** Says which tenant a caller belongs to; undefined where to none. */
export type TenantOf = (principal: Principal) => string | undefined

export const tenantKind = kind<TenantPlace>('Tenant')

/**
 * Binds a route to the caller's own tenant: a request that is about another, or about none, is answered as if there were nothing
 * there. Which tenant a caller belongs to, `createApi({ tenantOf })` says. Several must all name it.
 */
export function Tenant(place: TenantPlace): RouteDecorator {
  return tenantKind.declare(place)
}

/** What tenancy needs of the rest of the API. */
export interface TenancyOptions {
  readonly tenantOf: TenantOf
  readonly isPublic: (policy: Policy) => boolean
}

/** Refuses requests that are about another tenant than the caller's. */
export function tenancy({ tenantOf, isPublic }: TenancyOptions): Protection {
  return {
    name: 'tenancy',
    phase: 'access',
    decidesBy: 'caller',
    compile(route) {
      const places = route.policy.all(tenantKind).map(({ value }) => value)
      if (places.length === 0) return undefined
      if (isPublic(route.policy))
        route.mistake('it is @Public() and bound to a tenant', 'take one of the two away: a stranger has no tenant')
      const readers = places.map((place) => readerOf(place, route))
      route.describe('tenant', places.map(nameOf).join(' and '))
      return function requireOwnTenant(exchange) {
        const own = tenantOf(exchange.principal)
        const isOwn = typeof own === 'string' && own !== '' && readers.every((read) => read(exchange) === own)
        if (!isOwn) throw new NotFound(undefined, { reason: own === undefined ? 'no-tenant' : 'other-tenant', event: 'authz_fail' })
      }
    },
    document({ policy }, operation) {
      const places = policy.all(tenantKind).map(({ value }) => value)
      if (places.length === 0) return
      operation.note(`It is about the caller's own tenant, which is named in ${places.map(nameOf).join(' and ')}.`)
      operation.refusal({ status: 404, code: 'not-found' })
      for (const place of places) {
        if ('header' in place) operation.parameter({ in: 'header', name: place.header, required: true, schema: { type: 'string' } })
      }
    },
  }
}

/** The tenant that a token itself names, in its claim `tenant`. */
export function claimedTenant({ claims }: Principal): string | undefined {
  const { tenant } = claims
  return typeof tenant === 'string' ? tenant : undefined
}

type Read = (exchange: Exchange) => string | undefined

function readerOf(place: TenantPlace, route: RouteSetup): Read {
  const said: readonly unknown[] = Object.values(place)
  if (said.length !== 1 || typeof said[0] !== 'string') {
    route.mistake('@Tenant names no place', "write one of { param: 'tenant' }, { header: 'X-Tenant' } and { host: '*.example.com' }")
    return () => undefined
  }
  if ('param' in place) return paramReader(place.param, route)
  return 'header' in place ? headerReader(place.header, route) : hostReader(place.host, route)
}

function paramReader(name: string, route: RouteSetup): Read {
  if (!route.params.includes(name))
    route.mistake(`@Tenant names the parameter ${JSON.stringify(name)}, which ${route.path} has not`, `write it as '/:${name}/…'`)
  return ({ target }) => (Object.hasOwn(target.params, name) ? target.params[name] : undefined)
}

function headerReader(name: string, route: RouteSetup): Read {
  try {
    validateHeaderName(name)
  } catch {
    route.mistake(`@Tenant names the header ${JSON.stringify(name)}, which is none`, "write such as { header: 'X-Tenant' }")
  }
  const lower = name.toLowerCase()
  return ({ request }) => {
    // Of two, a proxy may have read the other; Node joins them, and no tenant has a comma.
    const value = request.headers[lower]
    return typeof value === 'string' && !value.includes(',') ? value : undefined
  }
}

function hostReader(pattern: string, route: RouteSetup): Read {
  const [before = '', after, more] = pattern.toLowerCase().split('*')
  if (after === undefined || more !== undefined || before !== '' || !/^(?:\.[a-z0-9-]+)+$/.test(after)) {
    route.mistake(
      `@Tenant names the host ${JSON.stringify(pattern)}, which has no place for a tenant`,
      "write such as { host: '*.example.com' }",
    )
  }
  const end = after ?? ''
  return ({ request }) => {
    const host = (request.headers.host ?? '').toLowerCase().replace(/:\d+$/, '')
    const tenant = host.endsWith(end) ? host.slice(0, host.length - end.length) : ''
    return /^[a-z0-9-]+$/.test(tenant) ? tenant : undefined
  }
}

function nameOf(place: TenantPlace): string {
  return Object.entries(place)
    .map(([where, name]) => `${where} ${name}`)
    .join()
}
