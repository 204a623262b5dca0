import type { ApiOptions } from './api-options.js'
import type { HeaderSets } from './answer.js'
import type { tokens } from './container.js'
import type { ProtectionFacts } from './inventory.js'
import type { RouteSetup } from './protection.js'
import type { Rule } from './rate-limit/rules.js'

/** One route as it was compiled. */
export interface RouteDescription extends Pick<RouteSetup, 'policy' | 'name' | 'method' | 'path' | 'params'> {
  /** What its protections say of themselves: its row in the inventory. */
  readonly facts: ProtectionFacts
  /** Its limits; none where all limits are off. */
  readonly limits: readonly Rule[]
  /** What each of its answers bears. */
  readonly headers: HeaderSets
}

/** The name of a replaceable service. */
export type ServiceName = keyof typeof tokens

/**
 * What an API was made of: for the command line and for tests, to read and never to change. It is no public name of the package, and
 * holds whatever was given to `createApi`, so nothing of it may be printed that was not made for it.
 */
export interface ApiDescription {
  readonly options: ApiOptions
  readonly routes: readonly RouteDescription[]
  /** The services that were registered, instead of which the API would have made its own. */
  readonly registered: ReadonlySet<ServiceName>
  /** The service of this name, as it is used. */
  readonly service: (name: ServiceName) => unknown
  /** What controllers that live as long as the API were given. */
  readonly injected: () => readonly unknown[]
}

// A registered symbol: the program `portcullis` may be another installed copy of the package.
const key: unique symbol = Symbol.for('portcullis.description') as never

/** An API that can be described. */
export interface DescribedApi {
  readonly [key]: () => ApiDescription
}

/** The part of an API that describes it. */
export function described(description: () => ApiDescription): DescribedApi {
  return { [key]: description }
}

/** What `api` was made of. Throws a `TypeError` for what `createApi` has not made. */
export function descriptionOf(api: object): ApiDescription {
  if (key in api) return (api as DescribedApi)[key]()
  throw new TypeError('this is no API that createApi of this version has made')
}
