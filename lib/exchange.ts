import { anonymous } from './context.js'
import type {
  ApiRequest,
  AuditedChange,
  AuthenticationMethod,
  Clock,
  Context,
  Identity,
  Input,
  Logger,
  Principal,
  Reply,
  RouteInfo,
} from './context.js'
import type { ApiError } from './errors.js'
import type { Watch } from './monitored.js'
import { requireSendable } from './sendable.js'
import { newTrace, readTraceparent } from './traceparent.js'
import type { TraceContext } from './traceparent.js'

// Looked up once: the global is a getter, and is asked in each request.
const { performance } = globalThis

/** Services that every step may need. */
export interface Runtime {
  readonly logger: Logger
  readonly clock: Clock
  /** Whether a request may say which trace it belongs to. @default true */
  readonly trustTraceparent?: boolean
}

/** Where a request came from, after trusted proxies had their say. */
export interface Client {
  readonly address: string
  /** Whether the client itself spoke TLS. */
  readonly secure: boolean
}

/** The request target, taken apart. */
export interface Target {
  /** Still encoded. */
  readonly path: string
  /** What follows the question mark, still encoded; empty when there is none. */
  readonly query: string
  /** The path's parameters, decoded. */
  readonly params: Readonly<Record<string, string | undefined>>
  /** The methods that a route of the host stands for, where it is bound to one of ours. */
  readonly allowed?: readonly string[]
  /** What is shown in place of the path, where no route took the request and the path holds the secret of one that has it. */
  readonly shown?: string
  /** What is wrong with the target, for the record, where something is. */
  readonly malformed?: string
}

type Part = keyof Input

const none: readonly string[] = Object.freeze([])

/** Stands for a part that was not let through. */
const undeclared = Symbol('undeclared')

/** Told of a refusal; may give another error to answer instead. */
export type RefusalListener = (error: ApiError) => void | ApiError | undefined | Promise<void | ApiError | undefined>

/** Told of the answer, and of the error that it is made of where it is one. It must not reject. */
export type AnswerListener = (reply: Reply, error: ApiError | undefined) => void | Promise<void>

/** One request on its way through the steps of its route. Steps write here what later steps and the record read. */
export class Exchange implements Context {
  principal: Principal = anonymous
  /** What `principal` is made of, where there was something: it may be kept for the caller's next request. */
  identity: Identity | undefined
  /** How the caller was known, once it is. */
  authentication: AuthenticationMethod | undefined
  /** The body as it was parsed, before any rule was asked. For validation alone: handlers read `body`. */
  rawBody: unknown
  /** What the handler returned, until it is made into a reply. */
  result: unknown
  /** The error that ended this request, if one did. */
  refusal: ApiError | undefined
  /** An event of the OWASP logging vocabulary that a step noticed on a request that went on. */
  event: string | undefined
  /** Reads a value for the record, as it is at that moment; there is one on audited routes. */
  snapshot: ((value: unknown) => unknown) | undefined
  /** What snapshots of the two sides of a change gave. */
  changed: AuditedChange | undefined
  /** What a snapshot of the handler's result gave, and whether what is missing in it is gone. */
  shown: unknown
  isShownWhole = false
  /** The controller of this request, where each request has one of its own. */
  controller: object | undefined
  /** Whether the request's body is being waited for. */
  reading = false
  /** Whether the answer is decided; whatever still runs for this request runs for nothing. */
  ended = false
  /** Whether the handler was called. */
  hasBegun = false
  /** Whether `result` is the answer as it is to be sent: neither the handler nor what shapes answers runs. */
  isAnswered = false
  /** Who is told of this request, where somebody is. */
  watch: Watch | undefined
  /** What protections say in the answer, whatever it becomes: names and values in turn. */
  readonly answerHeaders: string[] = []
  readonly receivedAt: number
  readonly startedAt = performance.now()

  #namedHeaders: string[] | undefined
  #log: Logger | undefined
  #trace: TraceContext | undefined
  #abort: AbortController | undefined
  #abortReason: unknown
  readonly #input: Record<Part, unknown> = {
    body: undeclared,
    query: undeclared,
    params: undeclared,
    headers: undeclared,
    resource: undeclared,
    scope: undeclared,
  }
  #decisions: string[] | undefined
  #made: Map<unknown, unknown> | undefined
  #isScopeRead = false
  #endListeners: Array<(status: number) => void> | undefined
  #refusalListeners: RefusalListener[] | undefined
  #answerListeners: AnswerListener[] | undefined

  constructor(
    readonly request: ApiRequest,
    readonly route: RouteInfo,
    readonly target: Target,
    readonly client: Client,
    readonly requestId: string,
    private readonly runtime: Runtime,
  ) {
    this.receivedAt = runtime.clock.now()
  }

  /** What named policies decided about this request, for the record. */
  get decisions(): string[] {
    return (this.#decisions ??= [])
  }

  get hasDecisions(): boolean {
    return this.#decisions !== undefined
  }

  /** Whether the handler has looked at the filter that `@Scope` made for it. */
  get isScopeRead(): boolean {
    return this.#isScopeRead
  }

  /** What `make` gives, made once for this request however often it is asked for under the same `key`. */
  once<T>(key: object, make: () => T): T {
    this.#made ??= new Map()
    if (!this.#made.has(key)) this.#made.set(key, make())
    return this.#made.get(key) as T
  }

  get address(): string {
    return this.client.address
  }

  get body(): unknown {
    return this.#read('body')
  }

  get query(): unknown {
    return this.#read('query')
  }

  get params(): unknown {
    return this.#read('params')
  }

  get headers(): unknown {
    return this.#read('headers')
  }

  get resource(): unknown {
    return this.#read('resource')
  }

  get scope(): unknown {
    this.#isScopeRead = true
    return this.#read('scope')
  }

  /** Lets a part through to the handler. */
  provide(part: Part, value: unknown): void {
    this.#input[part] = value
  }

  /** A part that was let through, or undefined: for records, which take what there is. */
  provided(part: Part): unknown {
    const value = this.#input[part]
    return value === undeclared ? undefined : value
  }

  get log(): Logger {
    return (this.#log ??= this.#ownLog())
  }

  /** The place in a trace that the caller names, or a new trace. */
  get trace(): TraceContext {
    return (this.#trace ??=
      (this.runtime.trustTraceparent === false ? undefined : readTraceparent(this.request.headers['traceparent'])) ?? newTrace())
  }

  set trace(trace: TraceContext) {
    this.#trace = trace
  }

  /** The same, where there is one: the caller has sent something, or somebody has asked. Most requests of most APIs belong to none. */
  get knownTrace(): TraceContext | undefined {
    return this.#trace === undefined && this.request.headers['traceparent'] === undefined ? undefined : this.trace
  }

  get traceId(): string {
    return this.trace.traceId
  }

  get signal(): AbortSignal {
    if (this.#abort === undefined) {
      const controller = (this.#abort = new AbortController())
      if (this.#abortReason !== undefined) controller.abort(this.#abortReason)
      else this.request.onGone(() => controller.abort(new Error('the client has left')))
    }
    return this.#abort.signal
  }

  /** Aborts `signal`, whether or not someone looks at it yet. */
  abort(reason: Error): void {
    this.#abortReason = reason
    this.#abort?.abort(reason)
  }

  audit(changed: AuditedChange): void {
    const { snapshot } = this
    if (snapshot === undefined) throw new TypeError(`${this.route.name} calls ctx.audit, and is not audited: add @Audit('…')`)
    const sides = Object.entries(changed).filter(([side, value]) => (side === 'before' || side === 'after') && value !== undefined)
    this.changed = { ...this.changed, ...Object.fromEntries(sides.map(([side, value]) => [side, snapshot(value)])) }
  }

  setHeader(name: string, value: string): void {
    requireSendable(name, value)
    ;(this.#namedHeaders ??= []).push(name, value)
  }

  /** What `setHeader` was given, in the form of `answerHeaders`. */
  get namedHeaders(): readonly string[] {
    return this.#namedHeaders ?? none
  }

  /** Calls `listener` when this request is refused or fails, and waits for it before answering. An error that it gives is answered instead. */
  onRefusal(listener: RefusalListener): void {
    ;(this.#refusalListeners ??= []).push(listener)
  }

  get refusalListeners(): readonly RefusalListener[] {
    return this.#refusalListeners ?? []
  }

  /** Answers in the handler's place. */
  replaceResult(result: unknown): void {
    this.result = result
    this.isAnswered = true
  }

  /**
   * Calls `listener` with the answer before it is sent, and waits for it. Where the time was up, whatever runs goes on to its end, and
   * `listener` is told of the answer that would have been.
   */
  onAnswer(listener: AnswerListener): void {
    ;(this.#answerListeners ??= []).push(listener)
  }

  /** Undefined where nobody listens. */
  get answerListeners(): readonly AnswerListener[] | undefined {
    return this.#answerListeners
  }

  /** Calls `listener` once, when nothing runs for this request any more: after its time was up, when its handler has ended all the same. */
  onEnd(listener: (status: number) => void): void {
    ;(this.#endListeners ??= []).push(listener)
  }

  /** Tells those who wait for the end. `status` is that of the answer, or would have been where the time was up before. */
  finish(status: number): void {
    const listeners = this.#endListeners
    if (listeners === undefined) return
    this.#endListeners = undefined
    for (const listener of listeners) listener(status)
  }

  #ownLog(): Logger {
    const { traceId, spanId } = this.trace
    const span = spanId === undefined ? {} : { span_id: spanId }
    return this.runtime.logger.child({ request_id: this.requestId, trace_id: traceId, ...span })
  }

  #read(part: Part): unknown {
    const value = this.#input[part]
    if (value === undeclared) throw new TypeError(undeclaredPart(this.route.name, part))
    return value
  }
}

function undeclaredPart(name: string, part: Part): string {
  const declared = { resource: '@Authorize(load, rule)', scope: '@Scope(filter)' } as Readonly<Record<string, string>>
  return `${name} reads ctx.${part}, which it does not declare: add ${declared[part] ?? `@Validate({ ${part}: … })`}`
}
