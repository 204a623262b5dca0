import type { RouteDescription } from '../../api-facts.js'
import { tenantKind } from '../../authorization/tenant.js'
import type { SampleInput } from './options.js'

/** The tenant of those who call, where nothing else is said. */
export const ownTenant = 'tenant-one'

/** Whether a route is bound to the caller's own tenant. */
export function isBoundToTenant({ policy }: RouteDescription): boolean {
  return policy.all(tenantKind).length > 0
}

/** What a request about a tenant says at each place where its route looks for one. */
export function aboutTenant({ policy }: RouteDescription, tenant: string): Required<Pick<SampleInput, 'params' | 'headers'>> {
  const params: Record<string, string> = {}
  const headers: Record<string, string> = {}
  for (const { value: place } of policy.all(tenantKind)) {
    if ('param' in place) params[place.param] = tenant
    else if ('header' in place) headers[place.header] = tenant
    else headers['Host'] = place.host.replace('*', tenant)
  }
  return { params, headers }
}
