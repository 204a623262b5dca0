import type { ReplyDefaults } from './answer.js'
import { auditRoom, auditing, changeReading } from './audit/audit.js'
import type { AuditLog, AuditOptions } from './audit/audit.js'
import type { CriticalRecords } from './audit/critical.js'
import { authentication } from './authentication/authentication.js'
import type { CallerAuthentication } from './authentication/authentication.js'
import type { Revocations } from './authentication/revocations.js'
import type { TokenVerifier } from './authentication/verifier.js'
import type { Authentication } from './authentication/ways.js'
import { access, isPublic } from './authorization/authorization.js'
import { elementAccess } from './authorization/each.js'
import { objectAccess } from './authorization/object-access.js'
import { scopeUse, scoping } from './authorization/scope.js'
import { principalBuilder } from './authorization/permissions.js'
import { tenancy } from './authorization/tenant.js'
import type { TenantOf } from './authorization/tenant.js'
import type { PermissionCatalogue, PermissionSource } from './authorization/permissions.js'
import { bodyReading, readsForms } from './body/body.js'
import type { BodyOptions } from './body/body.js'
import type { Clock, RouteInfo } from './context.js'
import { deadlineOf } from './deadline/deadline.js'
import type { Exchange, Runtime } from './exchange.js'
import type { Monitored } from './monitored.js'
import type { OperationDraft } from './operation.js'
import { declaredProtections, phases } from './protection.js'
import type { Phase, Protection, RouteSetup, Step } from './protection.js'
import { idempotency } from './idempotency/idempotency.js'
import { concurrencyLimits } from './rate-limit/concurrency.js'
import { loadShedding } from './rate-limit/overload.js'
import type { DelayMeter, OverloadOptions } from './rate-limit/overload.js'
import { addressGroup, rateLimits } from './rate-limit/rate-limit.js'
import type { RateLimitOptions, RateLimitStore } from './rate-limit/rate-limit.js'
import type { RuleReader } from './rate-limit/rules.js'
import { returning } from './returns/returns.js'
import type { StateStore } from './state/state-store.js'
import type { Cors } from './transport/cors.js'
import { https } from './transport/https.js'
import type { HttpsMode } from './transport/https.js'
import { Tracer } from './trace.js'
import type { Trace } from './trace.js'
import { securityHeaders } from './transport/security-headers.js'
import type { SecurityHeaderOptions } from './transport/security-headers.js'
import { wellFormed } from './transport/well-formed.js'
import { bodyValidation, inputValidation, sensitiveNames, validatesBody } from './validation/validation.js'

/** What the protections need to know of the API. */
export interface PipelineOptions {
  readonly authentication: Authentication | readonly Authentication[] | undefined
  readonly permissions: PermissionCatalogue | undefined
  readonly tenantOf: TenantOf
  readonly rateLimit: RateLimitOptions
  readonly limitsOf: RuleReader
  readonly overload: OverloadOptions | undefined
  readonly https: HttpsMode
  readonly httpsHost: string | undefined
  readonly headers: SecurityHeaderOptions
  readonly body: BodyOptions
  readonly audit: AuditOptions
  readonly requireReturns: boolean
  /** Milliseconds. */
  readonly timeout: number
}

/** The replaceable services behind the protections. */
export interface PipelineServices extends Runtime {
  readonly tokenVerifier: TokenVerifier | undefined
  readonly permissionSource: PermissionSource
  readonly revocations: Revocations
  readonly state: StateStore
  /** Keeps what was answered under idempotency keys. */
  readonly repeats: StateStore
  readonly rateLimitStore: RateLimitStore
  /** Undefined where nothing is turned away. */
  readonly delayMeter: DelayMeter | undefined
  readonly auditLog: AuditLog
  readonly clock: Clock
  readonly monitored: Monitored
}

/** A route with everything decided that can be decided before the first request. */
export interface CompiledRoute {
  readonly info: RouteInfo
  readonly steps: readonly Step[]
  readonly defaults: ReplyDefaults
  /** Milliseconds. */
  readonly timeout: number
  readonly record: (exchange: Exchange, status: number) => void
  /** Records the outcome of a critical action before its answer leaves, and tells those who watch. */
  readonly critical?: (Pick<CriticalRecords, 'conclude'> & { readonly tell: (exchange: Exchange, status: number) => void }) | undefined
  /** What each protection made of the route, in their order. */
  readonly traces: readonly Trace[]
  /** Has each protection write down what it means for clients. */
  readonly document: (operation: OperationDraft) => void
}

/** Makes routes. `handle` is the step that calls the handler; phases after `last` are left out. */
export type RouteCompiler = (route: RouteSetup, handle: Step, last?: Phase) => CompiledRoute

/** Gives the controller that serves a request. */
type InstanceOf = (route: RouteSetup) => (exchange: Exchange) => object

/**
 * The order of checks, for every route of the API. This list is that order: a protection runs after those above it, and
 * one that a user declares runs after those of its phase.
 */
function gate(
  options: PipelineOptions,
  services: PipelineServices,
  callers: CallerAuthentication,
  cors: Cors,
  instanceOf: InstanceOf,
): readonly Protection[] {
  const { tenantOf } = options
  const [limitsByAddress, limitsByPrincipal, limitsByFunction] = rateLimits(options.rateLimit, services.rateLimitStore, options.limitsOf)
  const groupOf = addressGroup(options.rateLimit.addressPrefix)
  const [concurrencyByAddress, concurrencyByPrincipal, concurrencyByFunction] = concurrencyLimits({ groupOf, tenantOf })
  return [
    loadShedding(options.overload, services.delayMeter),
    auditRoom(options.audit, services.auditLog),
    wellFormed(),
    https(options.https, { host: options.httpsHost }),
    cors.protection,
    limitsByAddress,
    concurrencyByAddress,
    callers,
    limitsByPrincipal,
    concurrencyByPrincipal,
    access({
      permissions: options.permissions,
      authentication: callers.isPossible,
      insufficientScope: callers.insufficientScope,
      insufficientAuthentication: callers.insufficientAuthentication,
    }),
    tenancy({ tenantOf, isPublic }),
    inputValidation(),
    bodyReading({ ...options.body, wanted: validatesBody }),
    bodyValidation({ isForm: readsForms }),
    limitsByFunction,
    concurrencyByFunction,
    objectAccess({ instanceOf }),
    scoping(),
    scopeUse(),
    idempotency({ state: services.repeats, clock: services.clock, isPublic, tenantOf, groupOf }),
    elementAccess(),
    returning({ permissions: options.permissions, required: options.requireReturns }),
  ]
}

/** Prepares the protections of one API. */
export function routeCompiler(options: PipelineOptions, services: PipelineServices, cors: Cors, instanceOf: InstanceOf): RouteCompiler {
  const principalOf = principalBuilder(services.permissionSource)
  const callers = authentication(options.authentication, { ...services, principalOf, isPublic })
  const builtIn = gate(options, services, callers, cors, instanceOf)
  const records = auditing(options.audit, services.auditLog, { tenantOf: options.tenantOf, sensitiveNames })
  const { monitored: watched } = services
  const headersOf = securityHeaders(options.headers)
  return function compile(route, handle, last = 'answer') {
    const tracer = new Tracer(route)
    const own = declaredProtections(route)
    const stepsOf = (phase: Phase) =>
      watched.steps(
        phase,
        // What leaves, now or from what was kept, is judged after everybody had their say.
        (phase === 'answer' || phase === 'repeat' ? [...own, ...builtIn] : [...builtIn, ...own])
          .filter((protection) => protection.phase === phase)
          .map((protection) => tracer.compile(protection))
          .filter((step) => step !== undefined),
      )
    const record = records.compile(route)
    const critical = last === 'answer' ? record.critical : undefined
    // After all checks: what is refused was never going to happen.
    const intend = critical === undefined ? [] : [critical.intend]
    const changes = changeReading(route, options.audit.redact, sensitiveNames(route.policy, 'body'))
    const wanted = phases.slice(0, phases.indexOf(last) + 1).filter((phase) => phase !== 'answer')
    return {
      info: infoOf(route, record.hidesPath),
      steps: [
        ...wanted.flatMap(stepsOf),
        ...watched.steps('handler', [...intend, ...changes.before, handle, ...changes.after]),
        ...(last === 'answer' ? stepsOf('answer') : []),
      ],
      defaults: { ...headersOf(route), challenge: callers.challenge },
      timeout: deadlineOf(route, options.timeout),
      record: watched.recorder(record),
      critical: critical && { conclude: critical.conclude, tell: watched.recorder(() => undefined) },
      traces: tracer.traces,
      document(operation) {
        for (const protection of [...builtIn, ...own]) protection.document?.(settled(route), operation)
      },
    }
  }
}

/** The route as it is read after start-up: the inventory is written, and what was wrong was said. */
export function settled(route: RouteSetup): RouteSetup {
  return { ...route, describe: () => undefined, mistake: () => undefined }
}

function infoOf({ name, method, path }: RouteSetup, hidesPath: boolean): RouteInfo {
  return { name, method, path, ...(hidesPath ? { hidesPath } : {}) }
}
