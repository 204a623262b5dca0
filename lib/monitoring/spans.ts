import { SpanKind, SpanStatusCode, TraceFlags, context, createTraceState, isSpanContextValid, trace } from '@opentelemetry/api'
import type { Attributes, Context, Link, Span, SpanContext, Tracer, TracerProvider } from '@opentelemetry/api'
import { Redactor } from '../audit/redact.js'
import type { RedactionOptions } from '../audit/secrets.js'
import type { RouteInfo } from '../context.js'
import type { MonitoredApi, MonitoredRequest, Settlement, Stage } from '../monitor.js'
import { readTraceparent, readTracestate } from '../traceparent.js'
import type { TraceContext } from '../traceparent.js'
import { methodLabel, routeLabel } from './labels.js'

interface Options {
  readonly tracerProvider?: TracerProvider
  readonly redact?: RedactionOptions
}

interface OpenSpan {
  readonly span: Span
  readonly context: Context
  readonly isUnderHost: boolean
}

/** How much of a method that nobody knows, and of what a client says it is, a span holds. */
const longestMethod = 32
const longestAgent = 512

/** The spans of requests. */
export class Spans {
  readonly #provider: TracerProvider
  readonly #tracer: Tracer
  readonly #redactor: Redactor
  readonly #open = new WeakMap<MonitoredRequest, OpenSpan>()
  readonly #hidesPath = new WeakMap<RouteInfo, boolean>()
  #trustTraceparent = true
  #isHeard = false

  constructor({ tracerProvider = trace.getTracerProvider(), redact }: Options) {
    this.#provider = tracerProvider
    this.#tracer = tracerProvider.getTracer('portcullis')
    this.#redactor = new Redactor(redact)
  }

  opened({ trustTraceparent }: MonitoredApi): void {
    this.#trustTraceparent = trustTraceparent
  }

  /** Whether an SDK is registered; once there is one, there always is. */
  isHeard(): boolean {
    return (this.#isHeard ||= isHeard(this.#provider))
  }

  begin(request: MonitoredRequest): void {
    if (!this.isHeard()) return
    const active = context.active()
    const host = trace.getSpanContext(active)
    const isUnderHost = host !== undefined && isSpanContextValid(host) && host.isRemote !== true
    const parent = isUnderHost ? active : parentOf(request, active)
    const kind = isUnderHost ? SpanKind.INTERNAL : SpanKind.SERVER
    const span = this.#tracer.startSpan(
      nameOf(request),
      { kind, attributes: this.#attributes(request), links: this.#links(request) },
      parent,
    )
    // The host knows its own mount paths at best, and a request by its route is found.
    if (isUnderHost) trace.getSpan(active)?.setAttributes(routeAttributes(request))
    const { traceId, spanId, traceFlags } = span.spanContext()
    const isSampled = (traceFlags & TraceFlags.SAMPLED) !== 0
    if (isSpanContextValid(span.spanContext())) request.trace = { traceId, spanId, isSampled, isRemote: false }
    this.#open.set(request, { span, context: trace.setSpan(parent, span), isUnderHost })
  }

  around<T>(request: MonitoredRequest, work: () => T): T {
    const open = this.#open.get(request)
    return open === undefined ? work() : context.with(open.context, work)
  }

  note(request: MonitoredRequest, phase: Stage, milliseconds: number): void {
    this.#open.get(request)?.span.addEvent(`portcullis.${phase}`, { 'portcullis.phase.duration': milliseconds / 1_000 })
  }

  /** Whether the host's own instrumentation has a span for this request. */
  isUnderHost(request: MonitoredRequest): boolean {
    return this.#open.get(request)?.isUnderHost === true
  }

  end(request: MonitoredRequest, { status, refusal, event }: Settlement): void {
    const { span } = this.#open.get(request) ?? {}
    if (span === undefined) return
    span.setAttribute('http.response.status_code', status)
    if (refusal !== undefined) span.setAttribute('portcullis.refusal.code', refusal.code)
    if (event !== undefined) span.setAttribute('portcullis.event', event)
    // What a client does wrong is no error of the server.
    if (status >= 500) {
      span.setAttribute('error.type', String(status))
      span.setStatus({ code: SpanStatusCode.ERROR })
    }
    span.end()
  }

  /** The query is left out: it is where secrets stand. */
  #attributes(request: MonitoredRequest): Attributes {
    const { client, target, route } = request
    const { method, headers, remoteAddress } = request.request
    const known = methodLabel(method)
    const attributes: Attributes = {
      'http.request.method': known,
      'url.scheme': client.secure ? 'https' : 'http',
      'url.path': this.#isPathSecret(route) ? route.path : this.#masked(target.shown ?? target.path),
      'client.address': client.address,
      ...routeAttributes(request),
    }
    if (known !== method) attributes['http.request.method_original'] = method.slice(0, longestMethod)
    if (remoteAddress !== undefined) attributes['network.peer.address'] = remoteAddress
    const agent = headers['user-agent']
    if (agent !== undefined) attributes['user_agent.original'] = this.#masked(agent.slice(0, longestAgent))
    return attributes
  }

  #isPathSecret(route: RouteInfo): boolean {
    let isSecret = this.#hidesPath.get(route)
    if (isSecret === undefined) {
      isSecret = route.hidesPath === true || [...route.path.matchAll(/:(\w+)/g)].some(([, name = '']) => this.#redactor.isSecret(name))
      this.#hidesPath.set(route, isSecret)
    }
    return isSecret
  }

  #masked(text: string): string {
    return JSON.parse(this.#redactor.text(text)) as string
  }

  /** A trace that is not continued can still be found from the one that begins here. */
  #links(request: MonitoredRequest): Link[] {
    if (this.#trustTraceparent) return []
    const named = readTraceparent(request.request.headers['traceparent'])
    return named === undefined ? [] : [{ context: spanContextOf(named, undefined) }]
  }
}

/** Without an SDK, the global provider makes spans that nobody sees, out of attributes that cost time. */
function isHeard(provider: TracerProvider): boolean {
  return (
    !('getDelegateTracer' in provider) ||
    typeof provider.getDelegateTracer !== 'function' ||
    provider.getDelegateTracer('portcullis') !== undefined
  )
}

function nameOf(request: MonitoredRequest): string {
  const method = methodLabel(request.request.method)
  const name = method === '_OTHER' ? 'HTTP' : method
  const route = routeLabel(request)
  return route === undefined ? name : `${name} ${route}`
}

function routeAttributes(request: MonitoredRequest): Attributes {
  const route = routeLabel(request)
  return route === undefined ? {} : { 'http.route': route, 'code.function.name': request.route.name }
}

function parentOf(request: MonitoredRequest, active: Context): Context {
  if (!request.trace.isRemote) return active
  return trace.setSpanContext(active, spanContextOf(request.trace, readTracestate(request.request.headers['tracestate'])))
}

function spanContextOf({ traceId, spanId = '', isSampled }: TraceContext, state: string | undefined): SpanContext {
  return {
    traceId,
    spanId,
    traceFlags: isSampled ? TraceFlags.SAMPLED : TraceFlags.NONE,
    isRemote: true,
    ...(state === undefined ? {} : { traceState: createTraceState(state) }),
  }
}
