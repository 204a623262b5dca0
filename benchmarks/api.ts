// The API of the benchmarks: with all of its protections, or with some of them.
import { bearer, createApi, parseLimits } from '../lib/index.js'
import type { Api, ApiOptions, Sink } from '../lib/index.js'
import { audience, issuer, securityHeaders } from './contract.js'
import type { Environment } from './contract.js'
import { controllersWith } from './orders.js'
import type { Protection } from './orders.js'

/** What an API of the benchmarks is made of. */
export interface OrdersApiOptions extends Pick<Environment, 'secret' | 'perMinute' | 'perHour' | 'cachesTokens'> {
  readonly sinks: readonly Sink[]
  readonly has: (protection: Protection) => boolean
}

export function ordersApi({ has, sinks, ...facts }: OrdersApiOptions): Api {
  return createApi({
    controllers: controllersWith(has),
    ...(has('token') ? { authentication: ordersAuthentication(facts) } : {}),
    ...(has('limits')
      ? { rateLimit: { default: parseLimits(`${facts.perMinute} per minute; ${facts.perHour} per hour`), headers: false } }
      : {}),
    https: 'terminated',
    // As many as all have, and no more.
    headers: { ...(has('headers') ? securityHeaders : without(Object.keys(securityHeaders))), 'cache-control': false },
    // Without it a record is made all the same: nothing turns that off.
    audit: has('audit') ? { sinks, headers: true } : { sinks: [] },
  } satisfies ApiOptions)
}

function ordersAuthentication({ secret, cachesTokens }: Pick<Environment, 'secret' | 'cachesTokens'>) {
  return bearer({
    issuer,
    audience,
    keys: [{ algorithm: 'HS256', secret, dangerouslyAcceptGuessableSecret: true }],
    requireTokenId: false,
    ...(cachesTokens ? {} : { cache: false }),
  })
}

function without(names: readonly string[]): Readonly<Record<string, false>> {
  return Object.fromEntries(names.map((name) => [name, false as const]))
}
