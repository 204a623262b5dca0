/**
 * The table of contents: every public name, by the folder it comes from.
 *
 * @module portcullis
 */

export { createApi } from './api.js'
export type { Api } from './api.js'
export type { ApiOptions } from './api-options.js'
export type { ApiWatcher, Insight, InsightRow, InsightStore } from './insight.js'
export type { DescribedRoute, InventoryRow, ProtectionFacts } from './inventory.js'
export type { JsonSchema, SchemaComponents } from './json-schema.js'
export type { BodyDraft, CallerScheme, HeaderDraft, OperationDraft, ParameterDraft, RefusalDraft } from './operation.js'
export { Answer, created, noContent, reply } from './answer.js'
export { createContainer, tokens } from './container.js'
export { anonymous } from './context.js'
export type {
  ApiRequest,
  AuditedChange,
  AuthenticationMethod,
  Clock,
  Context,
  IdGenerator,
  Identity,
  Input,
  Logger,
  Principal,
  Reply,
  RouteInfo,
} from './context.js'
export type { Class, ClassDecorator, MethodDecorator, RouteDecorator } from './decorator.js'
export {
  ApiError,
  BootError,
  Conflict,
  HandlerTimeout,
  HttpsRequired,
  IdempotencyAnswerNotKept,
  IdempotencyKeyInUse,
  IdempotencyKeyMissing,
  IdempotencyKeyReused,
  InsufficientUserAuthentication,
  InternalError,
  InvalidProof,
  InvalidToken,
  MalformedRequest,
  MethodNotAllowed,
  NotFound,
  OriginDenied,
  PayloadTooLarge,
  PermissionDenied,
  RequestTimeout,
  TooManyRequests,
  Unauthenticated,
  Unavailable,
  UnsupportedMediaType,
  ValidationFailed,
} from './errors.js'
export type { CacheUse, Monitor, MonitoredApi, MonitoredRequest, MonitoredStoreChange, Settlement, Stage, StoreRole } from './monitor.js'
export type { TraceContext } from './traceparent.js'
export type { ApiErrorOptions, InputError, Mistake } from './errors.js'
export type { ExplainCaller, ExplainRequest, ExplainedDecision, Explanation } from './explain.js'
export type { LoginChallenge } from './login-challenge.js'
export type { Declared, Policy } from './policy.js'
export { outboundFetch } from './outbound.js'
export type { OutboundFetch, OutboundInit, OutboundOptions } from './outbound.js'
export { Sensitive } from './sensitive.js'
export { phases, protection } from './protection.js'
export type { AnswerContext, Phase, ProtectionDefinition, RouteSetup } from './protection.js'

export { Controller, Delete, Get, Head, Options, Patch, Post, Put } from './routing/routing.js'
export type { Method } from './routing/routing.js'
export type { ControllerOptions, ServiceToken, Services } from './routing/controller.js'

export type { TrustProxy } from './transport/client.js'
export { WithoutCors } from './transport/cors.js'
export type { CorsOptions } from './transport/cors.js'
export type { HttpsMode } from './transport/https.js'
export { SecurityHeaders, headerPresets } from './transport/security-headers.js'
export type { SecurityHeader, SecurityHeaderOptions } from './transport/security-headers.js'

export { Idempotent } from './idempotency/idempotency.js'
export type { IdempotentOptions } from './idempotency/idempotency.js'

export { Concurrency } from './rate-limit/concurrency.js'
export type { ConcurrencyOptions } from './rate-limit/concurrency.js'
export type { OverloadOptions } from './rate-limit/overload.js'
export type { LimitAdministration, LimitSelection, LimitSubject, LimitUse } from './rate-limit/administration.js'
export { LimitSyntaxError, MemoryRateLimitStore, RateLimit, addressGroup, formatLimit, parseLimits } from './rate-limit/rate-limit.js'
export type {
  AddressGroup,
  AddressPrefix,
  Charge,
  HeaderStyle,
  Limit,
  LimitAlgorithm,
  LimitOptions,
  LimitString,
  MemoryRateLimitStoreOptions,
  Penalty,
  PenaltyOptions,
  RateLimitOptions,
  RateLimitStore,
  Verdict,
  WindowUse,
} from './rate-limit/rate-limit.js'

export type { Algorithm } from './authentication/algorithms.js'
export { createApiKey } from './authentication/api-key.js'
export type { ApiKeyOptions, ApiKeyRecord, CreatedApiKey } from './authentication/api-key.js'
export { StoredApiKeys, apiKeysOf } from './authentication/api-key-store.js'
export type { ApiKeyStore } from './authentication/api-key-store.js'
export { apiKeys } from './authentication/api-keys.js'
export type { ApiKeysOptions } from './authentication/api-keys.js'
export { bearer } from './authentication/bearer.js'
export type { BearerAuthentication, BearerOptions, DpopOptions, TokenOptions } from './authentication/bearer.js'
export { auth0Claims, entraClaims, keycloakClaims, oktaClaims, standardClaims } from './authentication/claims-reader.js'
export type { CallerFacts, ClaimNames, ClaimsReader } from './authentication/claims-reader.js'
export type { NonceOptions } from './authentication/dpop-nonce.js'
export type { ProofOptions } from './authentication/dpop-options.js'
export type { IntrospectionCacheOptions } from './authentication/introspection.js'
export type { IssuerOptions } from './authentication/issuer.js'
export type { AsymmetricKey, Jwk } from './authentication/key-material.js'
export type { KeyOptions } from './authentication/keys.js'
export { keysOfSet } from './authentication/own-keys.js'
export { StoredRevocations } from './authentication/revocations.js'
export type {
  Revocations,
  RevocableKey,
  RevocableSession,
  RevocableSubject,
  RevocableToken,
  StoredRevocationsOptions,
} from './authentication/revocations.js'
export { tokenIssuer } from './authentication/token-issuer.js'
export type { IssuedToken, TokenClaims, TokenIssuer, TokenIssuerOptions, TokenOverrides } from './authentication/token-issuer.js'
export { TokenRefused } from './authentication/verifier.js'
export type { TokenRefusal, TokenVerifier } from './authentication/verifier.js'
export type { Authentication, CallerIdentification, WayServices } from './authentication/ways.js'

export { MemoryStateStore } from './state/memory-state-store.js'
export type { MemoryStateStoreOptions } from './state/memory-state-store.js'
export type { PostgresPool } from './state/postgres-pool.js'
export type { Awaitable, StateStore, StoreChange } from './state/state-store.js'

export { Authenticated, Public, RequirePermission, RequireRole, RequireScope } from './authorization/requirements.js'
export type { LoginRequirement, Mode, Names, RequirementOptions } from './authorization/requirements.js'
export { allOf, anyOf, not, policy } from './authorization/access-policy.js'
export type { AccessPolicy, Decision, Rule } from './authorization/access-policy.js'
export { caslPolicies } from './authorization/casl.js'
export type { CaslAbility, CaslOptions } from './authorization/casl.js'
export { casbinPolicies } from './authorization/casbin.js'
export type { CasbinEnforcer } from './authorization/casbin.js'
export { AuthorizeEach } from './authorization/each.js'
export type { AuthorizeEachDecorator, AuthorizeEachOptions } from './authorization/each.js'
export { Authorize } from './authorization/object-access.js'
export type { AuthorizeDecorator, AuthorizeOptions, Load } from './authorization/object-access.js'
export type { PermissionUse } from './authorization/permission-use.js'
export { Scope } from './authorization/scope.js'
export type { ScopeDecorator, ScopeOf } from './authorization/scope.js'
export { Tenant } from './authorization/tenant.js'
export type { TenantOf, TenantPlace } from './authorization/tenant.js'
export { claimsAndRoles, definePermissions, defineRoles } from './authorization/permissions.js'
export type {
  DefinedPermissions,
  PermissionCatalogue,
  PermissionDefinition,
  PermissionName,
  PermissionSource,
  RoleDefinition,
  Roles,
} from './authorization/permissions.js'

export { BodyLimit, Consumes } from './body/body.js'
export type { BodyOptions } from './body/body.js'
export type { BodyFormat } from './body/media-type.js'
export type { ByteSize } from './byte-size.js'

export { Validate } from './validation/decorator.js'
export type { ValidateDecorator, ValidateOptions, ValidatedParts } from './validation/decorator.js'
export { Nested } from './validation/nested.js'
export type { NestedOptions } from './validation/nested.js'

export { Expose, Returns, unshaped, Visible } from './returns/returns.js'
export type { ReturnsDecorator, Unshaped, ValueType, View, ViewOf } from './returns/returns.js'

export { Timeout } from './deadline/deadline.js'
export type { Duration } from './duration.js'

export type { DetectionOptions } from './detection/detection.js'
export type { Detection } from './detection/detector.js'
export { usualRules } from './detection/rules.js'
export type { DetectionRule, UsualRule } from './detection/rules.js'
export type { AccountOf, Sighting } from './detection/sighting.js'

export { Audit } from './audit/audit.js'
export type { AuditDetails, AuditLog, AuditOptions, Sink } from './audit/audit.js'
export type { RecordFacts, RecordKind, SinkWatch } from './audit/audit-log.js'
export type { ChainOptions, SecretChainOptions, SignedChainOptions } from './audit/chain/chain.js'
export type { ChainFault, FaultKind } from './audit/chain/fault.js'
export type { UnprovenRange, Verification } from './audit/chain/verifier.js'
export { verifyAuditLog } from './audit/chain/verify.js'
export type { LogSource, VerifyOptions } from './audit/chain/verify.js'
export { fileSink } from './audit/file-sink.js'
export type { ChainCheck, FileSink, FileSinkOptions, HeadOptions } from './audit/file-sink.js'
export { postgresAuditLines, postgresAuditMigration, postgresSink } from './audit/postgres-sink.js'
export type { PostgresSinkOptions } from './audit/postgres-sink.js'
export type { RotationOptions } from './audit/rotation.js'
export { BufferedAuditLog } from './audit/buffered-audit-log.js'
export type { BufferOptions } from './audit/buffered-audit-log.js'
export { consoleLogger, createLogger, pinoLogger } from './audit/logger.js'
export type { ConsoleLoggerOptions, LogLevel, LoggerOptions, PinoLogger } from './audit/logger.js'
export type { RecordFormatName } from './audit/record-format.js'
export { Redactor } from './audit/redact.js'
export type { RedactionOptions } from './audit/secrets.js'
export { noteEvent, securityEvents } from './audit/security-events.js'
export type { EventFacts, SecurityEvents } from './audit/security-events.js'
export { pinoSink, recentRecords, stdoutSink, winstonSink } from './audit/sinks.js'
export type { RecentRecord, RecentRecords } from './audit/sinks.js'
export type { EventLevel, SecurityEvent } from './audit/vocabulary.js'
