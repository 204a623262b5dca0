import type { IncomingHttpHeaders } from 'node:http'
import type { Readable } from 'node:stream'
import { FixedSet } from './fixed-set.js'

/**
 * Takes messages, with what is worth knowing beside them: what the API needs of a logger. Loggers of winston fit as they are; `pinoLogger`
 * makes one of pino's.
 */
export interface Logger {
  debug(message: string, about?: object): unknown
  info(message: string, about?: object): unknown
  warn(message: string, about?: object): unknown
  error(message: string, about?: object): unknown
  /** A logger that adds this to each of its lines. */
  child(about: object): Logger
}

/** One request as an adapter hands it in: the bytes' meaning, and nothing decided yet. */
export interface ApiRequest {
  readonly method: string
  /** The request target as it was sent, relative to where the API is mounted: `/api/v1/orders?page=2`. */
  readonly target: string
  /** The path that the host has taken off the front of the target, where the API is mounted under one: `/api`. */
  readonly mountPath?: string | undefined
  /** Names in lower case, as `node:http` gives them. */
  readonly headers: IncomingHttpHeaders
  /** Names and values as they were sent, in turn: shows headers that were sent twice. */
  readonly rawHeaders: readonly string[]
  /** The address of the socket's other end. */
  readonly remoteAddress: string | undefined
  /** Whether that socket speaks TLS. */
  readonly encrypted: boolean
  /** The body's bytes, as they were sent (still compressed). */
  readonly body: Readable
  /** Whether a body comes where no header announces one: HTTP/2 and Fetch need none. @default what `Content-Length` and `Transfer-Encoding` say */
  readonly hasBody?: boolean
  /** What the host's own body parser made of the body, where one has read the stream before us. */
  readonly parsedBody?: unknown
  /** Whether it came on a connection after a request whose framing cannot be trusted: where it begins is anybody's guess. @default false */
  readonly isUnframed?: boolean
  /** Whether the client has left. */
  readonly gone: boolean
  /** Whether the host takes no new requests and waits for the open ones: an answer that would never end should. @default false */
  readonly closing?: boolean
  /** Calls `listener` once, when the client leaves before it has its answer. */
  onGone(listener: () => void): void
}

/** One answer as an adapter writes it out. */
export interface Reply {
  readonly status: number
  /** Names and values in turn, ready for `writeHead`. */
  readonly headers: readonly string[]
  readonly body: string | Uint8Array | Readable | undefined
  /** Whether `body` is a text of ASCII alone, as most are: the host need not look for more. @default nothing is known of it */
  readonly isAscii?: boolean
  /** Whether the connection ends with this answer, because what follows on it cannot be trusted. */
  readonly closes?: boolean
}

/** The name of a way to know callers: that of its `Authentication`, and `dpop` for a token whose bearer proved to have its key. */
export type AuthenticationMethod = 'bearer' | 'dpop' | 'api-key' | 'session' | (string & {})

/** Who a verified token speaks of. Two callers are the same when `issuer` and `id` are. */
export interface Identity {
  /** The subject of the token; empty for an anonymous caller. */
  readonly id: string
  readonly kind: 'user' | 'client' | 'anonymous'
  readonly issuer: string | undefined
  readonly roles: readonly string[]
  readonly scopes: readonly string[]
  /** All claims of the verified token. */
  readonly claims: Readonly<Record<string, unknown>>
  /** The token's `jti`. */
  readonly tokenId: string | undefined
  /** When the token ends, in milliseconds since 1970. */
  readonly expiresAt: number | undefined
  /** When the token was issued, in milliseconds since 1970. */
  readonly issuedAt?: number | undefined
  /** Permissions that the token itself grants, whatever its roles and scopes are. */
  readonly grants?: readonly string[] | undefined
  /** The `kid` of the key that signed the token. */
  readonly keyId?: string | undefined
  /** The id of the API key that the caller bears, where it is one. */
  readonly apiKeyId?: string | undefined
  /** The login that the token comes from (`sid`): what one log-out ends. */
  readonly sessionId?: string | undefined
  /** The thumbprint of the key that whoever bears the token must prove to have (RFC 9449 §6). */
  readonly proofKey?: string | undefined
}

/**
 * Whether an identity is kept for the next request of its caller: those are frozen. What is found out about any other is found out anew; of
 * each to keep it would be work for every collection of garbage.
 */
export function isKept(identity: Identity): boolean {
  return Object.isFrozen(identity)
}

/** Who calls, and what they may. */
export interface Principal extends Identity {
  /** Everything the roles, the token and the permission source grant, wildcards expanded. */
  readonly permissions: ReadonlySet<string>
}

/** Nobody in particular: the principal of public routes. */
export const anonymous: Principal = Object.freeze({
  id: '',
  kind: 'anonymous',
  issuer: undefined,
  roles: Object.freeze([]),
  scopes: Object.freeze([]),
  permissions: new FixedSet<string>(),
  claims: Object.freeze({}),
  tokenId: undefined,
  expiresAt: undefined,
})

/** The parts of a request that `@Validate` lets through, the object that `@Authorize` loads, and the filter that `@Scope` makes. */
export interface Input {
  readonly body?: unknown
  readonly query?: unknown
  readonly params?: unknown
  readonly headers?: unknown
  readonly resource?: unknown
  readonly scope?: unknown
}

type Part<I extends Input, Name extends keyof Input> = (I & Input)[Name]

/**
 * What a handler gets. Name the parts that it reads, as `@Validate` and `@Authorize` declare them:
 * `create({ body, principal }: Context<{ body: CreateOrder }>)`. Reading a part that the route does not
 * declare throws: raw input never reaches a handler.
 */
export interface Context<I extends Input = Input> {
  readonly body: Part<I, 'body'>
  readonly query: Part<I, 'query'>
  readonly params: Part<I, 'params'>
  readonly headers: Part<I, 'headers'>
  /** The object that `@Authorize` loaded and allowed. */
  readonly resource: Part<I, 'resource'>
  /** What the caller may see of a list, as `@Scope` made it: for the query to filter by. */
  readonly scope: Part<I, 'scope'>
  readonly principal: Principal
  /** The client's address, behind trusted proxies too. */
  readonly address: string
  /** Answers as `X-Request-Id`, and stands in every record and log line of this request. */
  readonly requestId: string
  /** The trace that this request belongs to, in 32 hexadecimal digits: the caller's where it sent a `traceparent`, else a new one. */
  readonly traceId: string
  /** The request as it came. Its headers and target are unchecked input. */
  readonly request: ApiRequest
  /** What was matched. */
  readonly route: RouteInfo
  /** A logger that adds the request id to each line. Secrets in what it is given are masked, whoever writes the lines. */
  readonly log: Logger
  /** Aborts when the route's time is up or the client has left. */
  readonly signal: AbortSignal
  /**
   * Says what an audited route changes, where that is not the object that `@Authorize` loaded or not what the handler returns:
   * `context.audit({ before: old, after: saved })`. Both are read at once, and stand in the record as `changes`. What is said again
   * replaces what was. Throws on a route without `@Audit`.
   */
  audit(changed: AuditedChange): void
  /**
   * Adds a header to the answer, whatever the answer will be. Lists grow by it (`Set-Cookie`, `Vary`, `Link`, `Cache-Control`, …); of all others the
   * last counts, and what `reply` names comes last. What the API says itself stays: `X-Request-Id`, CORS, rate limits. Throws on characters that no
   * header may hold, those beyond ASCII among them.
   */
  setHeader(name: string, value: string): void
}

/** What an action changes; a side that is left out keeps what is known of it. */
export interface AuditedChange {
  readonly before?: unknown
  readonly after?: unknown
}

/** A route, as records and inventories name it. */
export interface RouteInfo {
  /** `OrdersController.create` */
  readonly name: string
  readonly method: string
  /** `/api/v1/orders/:id`; empty where nothing matched. */
  readonly path: string
  /** `true` where a parameter of the path is secret, by its name or `@Sensitive()`: what is shown of a request then is `path`, and not what was sent. */
  readonly hidesPath?: true
}

/** Tells the time. Replace it in tests. */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number
}

/** Makes ids that are unique, of characters that headers and logs can hold. */
export interface IdGenerator {
  next(): string
}
