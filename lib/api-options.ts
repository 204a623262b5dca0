import type { DependencyContainer } from 'tsyringe'
import type { AuditOptions } from './audit/audit.js'
import type { Authentication } from './authentication/ways.js'
import type { PermissionCatalogue, Roles } from './authorization/permissions.js'
import type { TenantOf } from './authorization/tenant.js'
import type { BodyOptions } from './body/body.js'
import type { Logger } from './context.js'
import type { Class } from './decorator.js'
import type { DetectionOptions } from './detection/detection.js'
import type { Duration } from './duration.js'
import type { Monitor } from './monitor.js'
import type { OverloadOptions } from './rate-limit/overload.js'
import type { RateLimitOptions } from './rate-limit/rate-limit.js'
import type { TrustProxy } from './transport/client.js'
import type { CorsOptions } from './transport/cors.js'
import type { HttpsMode } from './transport/https.js'
import type { SecurityHeaderOptions } from './transport/security-headers.js'

/** What an API is made of. Only `controllers` must be given; every default is the closed one. */
export interface ApiOptions {
  readonly controllers: readonly Class[]
  /** Where controllers and services come from; `createContainer()` makes one. @default an empty container */
  readonly container?: DependencyContainer
  /** How callers are known: `bearer({ issuer, audience, keys })`, or several ways in a list. Without it, only public routes start. */
  readonly authentication?: Authentication | readonly Authentication[]
  /** The permissions that exist, from `definePermissions`. A route that requires another one does not start. */
  readonly permissions?: PermissionCatalogue
  /** What each role may, from `defineRoles`. */
  readonly roles?: Roles
  /** Which tenant a caller belongs to, for routes with `@Tenant`. @default the claim `tenant` */
  readonly tenantOf?: TenantOf
  /** The limits of all routes. @default none but those declared by `@RateLimit` */
  readonly rateLimit?: RateLimitOptions
  /** When new requests are turned away with 503, so that those at work can end. @default never */
  readonly overload?: OverloadOptions
  /**
   * `require` refuses plain HTTP with 403, `redirect` sends browsers to HTTPS and refuses the rest, `off` trusts the network.
   * `terminated` takes all that comes for HTTPS, unless a trusted proxy says otherwise: for where TLS ends at something that adds no
   * `X-Forwarded-Proto`, such as a network load balancer, and nothing else can reach the port.
   * @default 'require'
   */
  readonly https?: HttpsMode
  /** The host that `https: 'redirect'` sends browsers to. */
  readonly httpsHost?: string
  /** Whose `X-Forwarded-*` is believed: nobody's, that of so many hops, or that of these CIDRs. @default false */
  readonly trustProxy?: TrustProxy
  /** Security headers by name, to replace or (with `false`) to remove. @default the API set */
  readonly headers?: SecurityHeaderOptions
  /** Which origins' pages may read answers. @default none */
  readonly cors?: CorsOptions
  /** How large and deep a body may be. @default 100,000 bytes, 32 levels */
  readonly body?: BodyOptions
  /** Whether every route must say what it `@Returns`: one that does not is a mistake. @default false */
  readonly requireReturns?: boolean
  /** How long a request may take. @default '30 s' */
  readonly timeout?: Duration
  /** Where records go, and what is masked in them. @default JSON lines to stdout */
  readonly audit?: AuditOptions
  /** Are told what happens: `openTelemetry()` of `portcullis/opentelemetry`, `prometheus().monitor` of `portcullis/prometheus`, your own. @default none */
  readonly monitors?: readonly Monitor[]
  /** Notices floods of failures, enumeration and the like, and tells of them. `{}` switches it on. @default off */
  readonly detection?: DetectionOptions
  /**
   * Whether a request's `traceparent` is believed (W3C Trace Context). `false`, for an API that strangers call, begins a new trace for
   * each request. @default true
   */
  readonly trustTraceparent?: boolean
  /**
   * Takes the API's own messages and those of `ctx.log`: any logger of winston, `pinoLogger(pino())`, `consoleLogger()`. Secrets are masked
   * before it sees them. @default JSON lines to stdout
   */
  readonly logger?: Logger
}
