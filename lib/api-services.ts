import type { DependencyContainer, InjectionToken } from 'tsyringe'
import type { ServiceName } from './api-facts.js'
import type { ApiOptions } from './api-options.js'
import { auditLogOf } from './audit/audit.js'
import type { AuditLog } from './audit/audit.js'
import { createLogger, maskingLogger } from './audit/logger.js'
import { securityEvents } from './audit/security-events.js'
import { StoredRevocations } from './authentication/revocations.js'
import { claimsAndRoles } from './authorization/permissions.js'
import { serviceOf, tokens } from './container.js'
import { detection, detectionMistakes } from './detection/detection.js'
import type { DetectionServices, RunningDetection } from './detection/detection.js'
import type { ApiInsight } from './insight.js'
import { monitored } from './monitored.js'
import type { PipelineServices } from './pipeline.js'
import { delayMeter } from './rate-limit/overload.js'
import { MemoryRateLimitStore } from './rate-limit/rate-limit.js'
import { MemoryStateStore } from './state/memory-state-store.js'

/** The services that somebody has registered, before the API registers those that it makes itself. */
export function registeredIn(container: DependencyContainer): ReadonlySet<ServiceName> {
  return new Set((Object.keys(tokens) as ServiceName[]).filter((name) => container.isRegistered(tokens[name] as InjectionToken, true)))
}

/** All that an API works with. */
export interface ApiServices extends PipelineServices {
  readonly trustTraceparent: boolean
}

/** The services of an API: those that the container has, and in the place of others its own. */
export function servicesOf(options: ApiOptions, container: DependencyContainer, insight: ApiInsight | undefined): ApiServices {
  const clock = serviceOf(container, tokens.clock, () => ({ now: () => Date.now() }))
  const { redact = {} } = options.audit ?? {}
  const logger = maskingLogger(
    serviceOf(container, tokens.logger, () => options.logger ?? createLogger({ redact })),
    redact,
  )
  // In memory apart: whoever floods the one with logins that they begin, or with idempotency keys, must not keep others from logging out.
  const isShared = container.isRegistered(tokens.state, true)
  const state = serviceOf(container, tokens.state, () => new MemoryStateStore({ clock }))
  const [revocationState, repeats] = isShared ? [state, state] : [new MemoryStateStore({ clock }), new MemoryStateStore({ clock })]
  const ownLog = serviceOf(container, tokens.auditLog, () => auditLogOf(options.audit ?? {}, logger))
  const seenLog = insight?.tap(ownLog) ?? ownLog
  const detecting = detectionOf(options, { clock, logger, detected: (found) => watched.detected(found) }, seenLog)
  const auditLog = detecting?.tap(seenLog) ?? seenLog
  const listeners = [detecting, insight].flatMap((one) => one?.monitor ?? [])
  const watched = monitored([...(options.monitors ?? []), ...listeners], logger)
  // Services that record security events of their own are to be seen too.
  if (auditLog !== ownLog) container.register(tokens.auditLog, { useValue: auditLog })
  if (insight !== undefined) container.register(tokens.insight, { useValue: insight })
  return {
    clock,
    logger,
    trustTraceparent: options.trustTraceparent ?? true,
    monitored: watched,
    tokenVerifier: container.isRegistered(tokens.tokenVerifier, true) ? container.resolve(tokens.tokenVerifier) : undefined,
    permissionSource: serviceOf(container, tokens.permissionSource, () => claimsAndRoles(options.roles)),
    state,
    repeats,
    revocations: serviceOf(container, tokens.revocations, () => new StoredRevocations(revocationState, { clock })),
    delayMeter: options.overload === undefined ? undefined : delayMeter(),
    rateLimitStore: serviceOf(container, tokens.rateLimitStore, () => new MemoryRateLimitStore({ clock })),
    auditLog,
  }
}

function detectionOf(
  options: ApiOptions,
  services: Pick<DetectionServices, 'clock' | 'logger' | 'detected'>,
  log: AuditLog,
): RunningDetection | undefined {
  const { detection: wanted, audit, rateLimit } = options
  // What is wrong with the options is told together with all other mistakes.
  if (wanted === undefined || detectionMistakes(wanted).length > 0) return undefined
  const events = securityEvents(log, services.clock, audit?.redact, audit?.format)
  return detection(wanted, { ...services, events, addressPrefix: rateLimit?.addressPrefix })
}
