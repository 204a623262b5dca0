import { SpanKind, SpanStatusCode, context, createNoopMeter, metrics, trace } from '@opentelemetry/api'
import type { Attributes } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { AggregationTemporality, InMemoryMetricExporter, MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics'
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base'
import { expect } from 'chai'
import { IsString } from 'class-validator'
import {
  Controller,
  Get,
  NotFound,
  PermissionDenied,
  Public,
  Sensitive,
  Validate,
  bearer,
  createApi,
  createLogger,
  recentRecords,
} from '../../lib/index.js'
import type { Api, ApiOptions, Context, Monitor } from '../../lib/index.js'
import { openTelemetry } from '../../lib/opentelemetry.js'
import { exchangeOf } from '../exchange.js'

const key = { algorithm: 'HS256', secret: 'kX2s8fQz0pWv7LdYb4Ne1RtGh6Jm9Ca3' } as const
const traceId = '0af7651916cd43dd8448eb211c80319c'
const parentId = 'b7ad6b7169203331'
const traceparent = `00-${traceId}-${parentId}-01`

const spans = new InMemorySpanExporter()
const tracerProvider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spans)] })
const numbers = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE)
const reader = new PeriodicExportingMetricReader({ exporter: numbers, exportIntervalMillis: 1_000_000 })
const meterProvider = new MeterProvider({ readers: [reader] })
const contexts = new AsyncLocalStorageContextManager().enable()
const tracer = tracerProvider.getTracer('test')
const records = recentRecords(10)

class Patient {
  @Sensitive()
  @IsString()
  patient!: string
}

@Controller('/things')
@Public()
class Things {
  @Get('/')
  async list() {
    await Promise.resolve()
    tracer.startSpan('query').end()
    return []
  }

  @Get('/:id')
  one(): void {
    throw new NotFound()
  }

  @Get('/by-token/:token')
  byToken() {
    return {}
  }

  @Get('/of-patient/:patient')
  @Validate({ params: Patient })
  ofPatient() {
    return {}
  }

  @Get('/broken/one')
  broken(): void {
    throw new Error('SELECT secret FROM users')
  }

  @Get('/forbidden/one')
  forbidden(context: Context): void {
    throw new PermissionDenied(context.traceId)
  }
}

const apiOf = (monitor: Monitor, options: Partial<ApiOptions> = {}): Api =>
  createApi({
    controllers: [Things],
    https: 'off',
    logger: createLogger({ silent: true }),
    audit: { sinks: [records] },
    authentication: bearer({ issuer: 'https://auth.test', audience: 'https://api.test', keys: [key] }),
    monitors: [monitor],
    ...options,
  })

const get = (api: Api, target: string, headers: Record<string, string> = {}, method = 'GET') =>
  api.answer(exchangeOf({ request: { method, target, headers: { host: 'api.test', ...headers } } }).request)

const newest = () => spans.getFinishedSpans().at(-1)!

async function points(name: string): Promise<Array<{ attributes: Attributes; value: unknown; unit: string }>> {
  await reader.forceFlush()
  const all = numbers
    .getMetrics()
    .at(-1)!
    .scopeMetrics.flatMap((scope) => scope.metrics)
  return all
    .filter(({ descriptor }) => descriptor.name === name)
    .flatMap(({ descriptor, dataPoints }) => dataPoints.map(({ attributes, value }) => ({ attributes, value, unit: descriptor.unit })))
}

describe('an API under OpenTelemetry', () => {
  let api: Api

  before(() => {
    context.setGlobalContextManager(contexts)
    api = apiOf(openTelemetry({ tracerProvider, meterProvider }))
  })

  beforeEach(() => spans.reset())

  after(async () => {
    context.disable()
    await meterProvider.shutdown()
    await tracerProvider.shutdown()
  })

  it('makes one server span of a request, with its phases as events', async () => {
    await get(api, '/things/7?token=t0ps3cret', { 'user-agent': 'curl/8' })
    expect(spans.getFinishedSpans()).to.have.length(1)
    const { name, kind, attributes, status, events } = newest()
    expect(name).to.equal('GET /things/:id')
    expect(kind).to.equal(SpanKind.SERVER)
    expect(attributes).to.deep.equal({
      'http.request.method': 'GET',
      'http.response.status_code': 404,
      'http.route': '/things/:id',
      'url.scheme': 'http',
      'url.path': '/things/7',
      'client.address': '192.0.2.1',
      'network.peer.address': '192.0.2.1',
      'user_agent.original': 'curl/8',
      'code.function.name': 'Things.one',
      'portcullis.refusal.code': 'not-found',
    })
    expect(status.code).to.equal(SpanStatusCode.UNSET)
    expect(events.map((event) => event.name)).to.deep.equal(['portcullis.transport', 'portcullis.input', 'portcullis.handler'])
    for (const event of events) expect(event.attributes?.['portcullis.phase.duration']).to.be.a('number').within(0, 5)
  })

  it('calls a failure of the server an error, and says nothing of its cause', async () => {
    await get(api, '/things/broken/one')
    expect(newest().status.code).to.equal(SpanStatusCode.ERROR)
    expect(newest().attributes).to.include({ 'error.type': '500', 'portcullis.event': 'sys_crash' })
    expect(JSON.stringify([newest().attributes, newest().events, newest().status])).not.to.contain('SELECT')
    await get(api, '/things/forbidden/one')
    expect(newest().status.code).to.equal(SpanStatusCode.UNSET)
    expect(newest().attributes).not.to.have.property('error.type')
  })

  it('keeps secrets in paths to itself', async () => {
    await get(api, '/things/by-token/abcdefgh')
    expect(newest().attributes['url.path']).to.equal('/things/by-token/:token')
    // What a class calls sensitive has no name that tells.
    await get(api, '/things/of-patient/ann')
    expect(newest().attributes['url.path']).to.equal('/things/of-patient/:patient')
    for (const path of ['/things/by-token/abcdefgh', '/things/of-patient/ann']) {
      await get(api, path, {}, 'DELETE')
      expect(JSON.stringify(newest().attributes)).not.to.match(/abcdefgh|ann/)
    }
  })

  it('masks what looks like a secret in a path and in what a client says it is, and keeps little of the latter', async () => {
    await get(api, '/nothing/password=hunter22', { 'user-agent': `bot password=hunter22 ${'x'.repeat(2_000)}` })
    expect(JSON.stringify(newest().attributes)).not.to.contain('hunter22')
    expect(String(newest().attributes['user_agent.original'])).to.have.length.below(600)
  })

  it('keeps little of a method that nobody knows', async () => {
    await get(api, '/things', {}, 'M'.repeat(1_000))
    expect(newest().attributes['http.request.method_original']).to.equal('M'.repeat(32))
  })

  it('names a span without a route or a known method by neither path nor method', async () => {
    await get(api, '/wp-admin/setup.php', {}, 'BREW')
    expect(newest().name).to.equal('HTTP')
    expect(newest().attributes).to.include({ 'http.request.method': '_OTHER', 'http.request.method_original': 'BREW' })
    expect(newest().attributes).not.to.have.property('http.route')
  })

  it('runs handlers in the context of the span', async () => {
    await get(api, '/things')
    const [query, request] = spans.getFinishedSpans()
    expect(query?.name).to.equal('query')
    expect(query?.parentSpanContext?.spanId).to.equal(request?.spanContext().spanId)
  })

  it('continues the trace that the caller names, and its own span stands in the record', async () => {
    await get(api, '/things/7', { traceparent, tracestate: 'vendor=1, , other=2' })
    expect(newest().parentSpanContext).to.include({ traceId, spanId: parentId, isRemote: true })
    const own = newest().spanContext()
    expect(own.traceId).to.equal(traceId)
    expect(own.traceState?.serialize()).to.equal('vendor=1,other=2')
    expect(records.newest(1)[0]).to.include({ trace_id: traceId, span_id: own.spanId })
  })

  it('begins a trace where that is none, with its own ids in the record', async () => {
    await get(api, '/things/7', { traceparent: `${traceparent}, ${traceparent}`, tracestate: 'vendor=1' })
    const own = newest().spanContext()
    expect(newest().parentSpanContext).to.equal(undefined)
    expect(own.traceId).not.to.equal(traceId)
    expect(own.traceState).to.equal(undefined)
    expect(records.newest(1)[0]).to.include({ trace_id: own.traceId, span_id: own.spanId })
  })

  it('begins a trace and links to the caller’s where callers are not believed', async () => {
    await get(apiOf(openTelemetry({ tracerProvider, meterProvider }), { trustTraceparent: false }), '/things/7', { traceparent })
    expect(newest().parentSpanContext).to.equal(undefined)
    expect(newest().spanContext().traceId).not.to.equal(traceId)
    expect(newest().links.map(({ context: linked }) => linked.traceId)).to.deep.equal([traceId])
  })

  it('takes a trace that the host has read from elsewhere for the caller’s, not for a span of its own', async () => {
    const remote = { traceId, spanId: parentId, traceFlags: 1, isRemote: true }
    await context.with(trace.setSpanContext(context.active(), remote), () => get(api, '/things/7'))
    expect(newest().kind).to.equal(SpanKind.SERVER)
    expect(newest().parentSpanContext).to.include({ traceId, spanId: parentId })
  })

  it('makes an internal span under the one of the host, and tells that its route', async () => {
    const host = tracer.startSpan('GET', { kind: SpanKind.SERVER })
    await context.with(trace.setSpan(context.active(), host), () => get(api, '/things/7', { traceparent }))
    host.end()
    const [own, outer] = spans.getFinishedSpans()
    expect(own?.kind).to.equal(SpanKind.INTERNAL)
    expect(own?.parentSpanContext?.spanId).to.equal(host.spanContext().spanId)
    expect(outer?.attributes['http.route']).to.equal('/things/:id')
  })

  it('keeps numbers by template, known method and code, whatever strangers ask for', async () => {
    for (let id = 0; id < 30; id += 1) {
      await get(api, `/things/${id}`)
      await get(api, `/nothing-${id}`, {}, `M${id}`)
    }
    const requests = await points('portcullis.requests')
    const refused = requests.filter(({ attributes }) => attributes['http.response.status_code'] === 404)
    expect(refused.map(({ attributes }) => attributes)).to.deep.include.members([
      { 'http.request.method': 'GET', 'http.route': '/things/:id', 'http.response.status_code': 404 },
      { 'http.request.method': '_OTHER', 'http.response.status_code': 404 },
    ])
    expect(requests.length).to.be.below(15)
    const refusals = await points('portcullis.refusals')
    expect(refusals.map(({ attributes }) => attributes['portcullis.refusal.code'])).to.include('not-found')
  })

  it('measures requests as the conventions say, in seconds, and phases', async () => {
    const [duration] = await points('http.server.request.duration')
    expect(duration!.unit).to.equal('s')
    expect((duration!.value as { buckets: { boundaries: number[] } }).buckets.boundaries).to.deep.equal([
      0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10,
    ])
    const failed = (await points('http.server.request.duration')).find(({ attributes }) => attributes['http.response.status_code'] === 500)
    expect(failed?.attributes).to.include({ 'error.type': '500', 'url.scheme': 'http' })
    const phases = (await points('portcullis.phase.duration')).map(({ attributes }) => attributes['portcullis.phase'])
    expect(phases).to.include.members(['transport', 'handler'])
  })

  it('leaves the duration of a request to the host that measures it', async () => {
    const count = async () =>
      (await points('http.server.request.duration')).reduce((sum, { value }) => sum + (value as { count: number }).count, 0)
    const before = await count()
    await context.with(trace.setSpan(context.active(), tracer.startSpan('GET')), () => get(api, '/things/7'))
    expect(await count()).to.equal(before)
  })

  it('tells of token caches and lost records', async () => {
    for (const name of ['portcullis.token_cache.hits', 'portcullis.token_cache.misses', 'portcullis.audit.lost']) {
      expect((await points(name)).map(({ value }) => value)).to.deep.equal([0])
    }
  })

  it('is not told of any request without an SDK, and of each once there is one', async () => {
    const monitor = openTelemetry()
    expect(metrics.getMeter('any')).to.equal(createNoopMeter())
    const own = apiOf(monitor)
    expect(monitor.isListening?.()).to.equal(false)
    await get(own, '/things/7', { traceparent })
    expect(records.newest(1)[0]).to.include({ trace_id: traceId, span_id: parentId })
    trace.setGlobalTracerProvider(tracerProvider)
    expect(monitor.isListening?.()).to.equal(true)
    await get(own, '/things/7', { traceparent })
    expect(newest().name).to.equal('GET /things/:id')
    trace.disable()
  })
})
