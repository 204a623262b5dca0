import 'reflect-metadata'
import { container as root } from 'tsyringe'
import type { DependencyContainer, InjectionToken } from 'tsyringe'
import type { AuditLog } from './audit/audit-log.js'
import type { Revocations } from './authentication/revocations.js'
import type { TokenVerifier } from './authentication/verifier.js'
import type { PermissionSource } from './authorization/permissions.js'
import type { Clock, IdGenerator, Logger } from './context.js'
import type { Insight } from './insight.js'
import type { RouteCatalogue } from './inventory.js'
import type { RateLimitStore } from './rate-limit/store.js'
import type { ScopedServices } from './routing/handlers.js'
import type { StateStore } from './state/state-store.js'

/**
 * Every service that the SDK uses, by the token that replaces it:
 * `container.register(tokens.rateLimitStore, { useValue: store })`.
 */
export const tokens = Object.freeze({
  /** Verifies bearer tokens, instead of what `bearer` was given. @default none */
  tokenVerifier: token<TokenVerifier>('tokenVerifier'),
  /** Says what an identity may. @default the token's claims and the roles given to `createApi` */
  permissionSource: token<PermissionSource>('permissionSource'),
  /** Keeps what several processes must know together: revocations, codes, sessions, proofs. @default in memory, for one process */
  state: token<StateStore>('state'),
  /** Knows which tokens were revoked. @default kept in `state` */
  revocations: token<Revocations>('revocations'),
  /** Counts calls. @default in memory, for one process */
  rateLimitStore: token<RateLimitStore>('rateLimitStore'),
  /** Takes access and audit records. @default JSON lines to stdout */
  auditLog: token<AuditLog>('auditLog'),
  /** The logger behind `ctx.log`. @default JSON lines to stdout */
  logger: token<Logger>('logger'),
  /** Tells the time. @default the system's */
  clock: token<Clock>('clock'),
  /** Gives all routes of the API, to controllers that describe it: `createApi` registers it. */
  routes: token<RouteCatalogue>('routes'),
  /** Makes request ids. @default 128 random bits, as 32 hexadecimal digits */
  ids: token<IdGenerator>('ids'),
  /** What a controller may know of the API that it is mounted in. Given by `createApi`, to controllers that name it in `inject`; not to be replaced. */
  insight: token<Insight>('insight'),
})

/** A container for one API. Register services in it and hand it to `createApi({ container })`. */
export function createContainer(): DependencyContainer {
  return root.createChildContainer()
}

/** The service registered under `token`; if there is none, `fallback` makes one and registers it. */
export function serviceOf<T>(container: DependencyContainer, wanted: InjectionToken<T>, fallback: () => T): T {
  if (!container.isRegistered(wanted, true)) container.register(wanted, { useValue: fallback() })
  return container.resolve(wanted)
}

/** The container as controllers see it. */
export function servicesIn(container: DependencyContainer): ScopedServices {
  return {
    resolve: (wanted) => container.resolve(wanted as InjectionToken),
    isRegistered: (wanted) => container.isRegistered(wanted as InjectionToken, true),
    createChildContainer: () => servicesIn(container.createChildContainer()),
  }
}

function token<T>(name: string): InjectionToken<T> {
  return Symbol.for(`portcullis.${name}`)
}
