import { brand } from './brand.js'
import { requireAllSendable } from './sendable.js'

/** One thing that is wrong with the input. */
export interface InputError {
  readonly in: 'body' | 'query' | 'params' | 'headers'
  /** JSON Pointer (RFC 6901) into that part: `/address/zip`. */
  readonly path: string
  /** The rule that failed, such as `isInt`. */
  readonly code: string
  readonly message: string
}

/** What an error says besides its message. */
export interface ApiErrorOptions {
  /** For the log only; the client never sees it. */
  readonly cause?: unknown
  /** Why, in a word or two, for the access record; the client never sees it. @default the error's code */
  readonly reason?: string
  /** The event of the OWASP logging vocabulary that this is, such as `authz_fail`. */
  readonly event?: string
  /** Response headers, names and values in turn. */
  readonly headers?: readonly string[]
  readonly errors?: readonly InputError[]
  /** Whether the connection must end with this answer, because what follows on it cannot be trusted. */
  readonly closes?: boolean
  /** Sent instead of problem+json, where a protocol or a browser wants something else. */
  readonly document?: ErrorDocument
}

/** What an error is answered with where it is not problem+json. */
export interface ErrorDocument {
  /** The media type. */
  readonly type: string
  readonly text: string
}

const none: readonly string[] = Object.freeze([])

/**
 * A failure that the client may know of. It is answered as problem+json (RFC 9457): `title` is the same for all of a
 * kind, the message becomes `detail`. Throw one of the subclasses from a handler, or your own:
 * `new ApiError(409, 'order-closed', 'Order closed', 'The order was closed yesterday.')`. Anything else that is
 * thrown becomes an `InternalError` that says nothing. Making one throws a `RangeError` for a `status` outside 200 to 599, and a
 * `TypeError` for `headers` that no answer can bear.
 */
export class ApiError extends Error {
  readonly reason: string
  readonly event: string | undefined
  readonly headers: readonly string[]
  readonly errors: readonly InputError[] | undefined
  readonly closes: boolean
  readonly document: ErrorDocument | undefined

  static {
    brand(this, 'ApiError')
  }

  constructor(
    readonly status: number,
    /** Stable: clients may decide by it. */
    readonly code: string,
    readonly title: string,
    detail: string,
    options: ApiErrorOptions = {},
  ) {
    super(detail, 'cause' in options ? { cause: options.cause } : undefined)
    requireStatus(status)
    if (options.headers !== undefined) requireAllSendable(options.headers)
    this.name = new.target.name
    this.reason = options.reason ?? code
    this.event = options.event
    this.headers = options.headers ?? none
    this.errors = options.errors
    this.closes = options.closes ?? false
    this.document = options.document
  }
}

/** Throws a `RangeError` for what no answer can have as its status: it may come from another server, and is written as it is. */
export function requireStatus(status: number): void {
  if (!Number.isInteger(status) || status < 200 || status > 599) throw new RangeError(`${String(status)} is no status of an answer`)
}

/** 400: not well-formed, before any rule of the route is asked. */
export class MalformedRequest extends ApiError {
  constructor(detail = 'The request is not well-formed.', options: ApiErrorOptions = {}) {
    super(400, 'malformed-request', 'Malformed request', detail, options)
  }
}

/** 401: the route needs a caller, and the request names none. */
export class Unauthenticated extends ApiError {
  constructor(detail = 'This needs an access token.', options: ApiErrorOptions = {}) {
    super(401, 'unauthenticated', 'Authentication required', detail, options)
  }
}

/** 401: a token came and is worth nothing; why is for the log alone. */
export class InvalidToken extends ApiError {
  constructor(detail = 'The access token is not valid.', options: ApiErrorOptions = {}) {
    super(401, 'invalid-token', 'Invalid access token', detail, { event: 'authn_login_fail', ...options })
  }
}

/** 401: the token may be good, and the proof that its bearer has the token's key is not (RFC 9449). */
export class InvalidProof extends ApiError {
  constructor(detail = 'The DPoP proof is not valid.', options: ApiErrorOptions = {}) {
    super(401, 'invalid-proof', 'Invalid proof', detail, { event: 'authn_login_fail', ...options })
  }
}

/** 401: the token is good, and the login behind it is too old or too weak for this (RFC 9470). */
export class InsufficientUserAuthentication extends ApiError {
  constructor(detail = 'This needs another login.', options: ApiErrorOptions = {}) {
    super(401, 'insufficient-user-authentication', 'Insufficient user authentication', detail, { event: 'authn_login_fail', ...options })
  }
}

/** 403: the caller is known and may not. */
export class PermissionDenied extends ApiError {
  constructor(detail = 'You may not do this.', options: ApiErrorOptions = {}) {
    super(403, 'permission-denied', 'Permission denied', detail, { event: 'authz_fail', ...options })
  }
}

/** 403: the request came over plain HTTP. */
export class HttpsRequired extends ApiError {
  constructor(detail = 'This API answers over HTTPS only.', options: ApiErrorOptions = {}) {
    super(403, 'https-required', 'HTTPS required', detail, options)
  }
}

/** 403: a browser asks on behalf of an origin that may not. */
export class OriginDenied extends ApiError {
  constructor(detail = 'This origin may not use this API.', options: ApiErrorOptions = {}) {
    super(403, 'origin-denied', 'Origin denied', detail, { event: 'malicious_cors', ...options })
  }
}

/** 404: not here, or not for this caller. */
export class NotFound extends ApiError {
  constructor(detail = 'There is nothing here.', options: ApiErrorOptions = {}) {
    super(404, 'not-found', 'Not found', detail, options)
  }
}

/** 405: the path exists, with other methods. */
export class MethodNotAllowed extends ApiError {
  constructor(allowed: readonly string[], options: ApiErrorOptions = {}) {
    super(405, 'method-not-allowed', 'Method not allowed', 'This path does not answer to this method.', {
      ...options,
      headers: ['Allow', allowed.join(', ')],
    })
  }
}

/** 408: the body did not come in time. */
export class RequestTimeout extends ApiError {
  constructor(detail = 'The request took too long to arrive.', options: ApiErrorOptions = {}) {
    super(408, 'request-timeout', 'Request timeout', detail, { closes: true, ...options })
  }
}

/** 409: the request does not fit the state of things. */
export class Conflict extends ApiError {
  constructor(detail = 'This does not fit the current state.', options: ApiErrorOptions = {}) {
    super(409, 'conflict', 'Conflict', detail, options)
  }
}

/** 400: the route needs an `Idempotency-Key`, and the request has none. */
export class IdempotencyKeyMissing extends ApiError {
  constructor(detail = 'This operation needs an Idempotency-Key header, with a key of your choice.', options: ApiErrorOptions = {}) {
    super(400, 'idempotency-key-missing', 'Idempotency-Key is missing', detail, options)
  }
}

/** 409: another request with this `Idempotency-Key` is at work. */
export class IdempotencyKeyInUse extends ApiError {
  constructor(detail = 'The first request with this Idempotency-Key is still at work.', options: ApiErrorOptions = {}) {
    super(409, 'idempotency-key-in-use', 'A request is outstanding for this Idempotency-Key', detail, {
      ...options,
      headers: ['Retry-After', '1', ...(options.headers ?? [])],
    })
  }
}

/** 409: this was done under this `Idempotency-Key`, and its answer could not be kept. */
export class IdempotencyAnswerNotKept extends ApiError {
  constructor(detail = 'This was done before; its answer was not kept.', options: ApiErrorOptions = {}) {
    super(409, 'idempotency-answer-not-kept', 'Answer not kept', detail, options)
  }
}

/** 422: this `Idempotency-Key` was used for another request. */
export class IdempotencyKeyReused extends ApiError {
  constructor(detail = 'This Idempotency-Key was used for another request.', options: ApiErrorOptions = {}) {
    super(422, 'idempotency-key-reused', 'Idempotency-Key is already used', detail, options)
  }
}

/** 413: the body is larger than the route takes. */
export class PayloadTooLarge extends ApiError {
  constructor(limit: number, options: ApiErrorOptions = {}) {
    super(413, 'payload-too-large', 'Payload too large', `The body may have at most ${limit} bytes.`, {
      event: 'input_validation_fail',
      closes: true,
      ...options,
    })
  }
}

/** 415: the body is in a format that the route does not read. */
export class UnsupportedMediaType extends ApiError {
  constructor(detail: string, options: ApiErrorOptions = {}) {
    super(415, 'unsupported-media-type', 'Unsupported media type', detail, { event: 'input_validation_fail', ...options })
  }
}

/** 422: well-formed, and against the rules of the route. */
export class ValidationFailed extends ApiError {
  constructor(errors: readonly InputError[], options: ApiErrorOptions = {}) {
    super(422, 'validation-failed', 'Validation failed', 'The input breaks the rules listed in "errors".', {
      event: 'input_validation_fail',
      ...options,
      errors,
    })
  }
}

/** 429: a rate limit is used up. `retryAfter` is in whole seconds. */
export class TooManyRequests extends ApiError {
  constructor(retryAfter: number, options: ApiErrorOptions = {}) {
    super(429, 'too-many-requests', 'Too many requests', `Try again in ${retryAfter} s.`, {
      event: 'excess_rate_limit_exceeded',
      ...options,
      headers: ['Retry-After', String(retryAfter), ...(options.headers ?? [])],
    })
  }
}

/** 500: says nothing; the cause is in the log. */
export class InternalError extends ApiError {
  constructor(cause: unknown, options: ApiErrorOptions = {}) {
    super(500, 'internal-error', 'Internal error', 'Something went wrong on our side.', {
      event: 'sys_crash',
      ...options,
      cause,
    })
  }
}

/** 503: something this answer depends on does not answer. */
export class Unavailable extends ApiError {
  constructor(detail = 'This is not available at the moment.', options: ApiErrorOptions = {}) {
    super(503, 'unavailable', 'Unavailable', detail, options)
  }
}

/** 503: the handler did not end in time. */
export class HandlerTimeout extends ApiError {
  constructor(detail = 'The answer took too long.', options: ApiErrorOptions = {}) {
    super(503, 'timeout', 'Timeout', detail, options)
  }
}

/** Every mistake that `createApi` found, in one error. */
export class BootError extends TypeError {
  constructor(readonly mistakes: readonly Mistake[]) {
    const lines = mistakes.map(({ place, problem, mend }) => `  ${place}: ${problem}\n      → ${mend}`)
    super(`the API cannot start: ${mistakes.length} ${mistakes.length === 1 ? 'mistake' : 'mistakes'}\n${lines.join('\n')}`)
    this.name = 'BootError'
  }
}

/** One mistake in what was declared or configured. */
export interface Mistake {
  /** `OrdersController.create`, or the option: `authentication.keys[0]`. */
  readonly place: string
  readonly problem: string
  readonly mend: string
}
