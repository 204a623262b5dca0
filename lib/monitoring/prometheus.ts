import { Counter, Gauge, Histogram, Registry } from 'prom-client'
import { reply } from '../answer.js'
import type { Answer } from '../answer.js'
import { Public, RequirePermission } from '../authorization/requirements.js'
import type { Class, RouteDecorator } from '../decorator.js'
import type { Monitor } from '../monitor.js'
import { Controller, Get } from '../routing/routing.js'
import { boundedLabel, methodLabel, phaseSeconds, requestSeconds, routeLabel } from './labels.js'
import { Readings } from './readings.js'

/** Where numbers are kept, and who may read them. */
export interface PrometheusOptions {
  /** Keeps the numbers; one in which yours stand already is fine. @default a new one */
  readonly register?: Registry
  /** @default '/metrics' */
  readonly path?: string
  /** What a caller needs to read them. It must be in the API's permissions. @default 'metrics:read' */
  readonly permission?: string
  /** Lets everybody read them: routes, loads and failures tell an attacker where to look. For ports that only the scraper reaches. @default false */
  readonly dangerouslyPublic?: boolean
}

/** What to give to `createApi`. */
export interface Prometheus {
  /** For `monitors`. */
  readonly monitor: Monitor
  /** For `controllers`: answers `GET /metrics` in the text format of Prometheus. */
  readonly controller: Class
  readonly register: Registry
}

/**
 * Keeps the metrics that docs/monitoring.md lists with `prom-client`, and serves them:
 * `const metrics = prometheus()`, then `createApi({ controllers: [metrics.controller, …], monitors: [metrics.monitor] })`. Throws where
 * metrics of these names stand in `register` already.
 */
export function prometheus(options: PrometheusOptions = {}): Prometheus {
  const { register = new Registry() } = options
  return { register, monitor: monitorOf(register), controller: controllerOf(register, options) }
}

function controllerOf(register: Registry, options: PrometheusOptions): Class {
  const { path = '/metrics', permission = 'metrics:read', dangerouslyPublic = false } = options
  const access: RouteDecorator = dangerouslyPublic ? Public() : RequirePermission(permission)

  @Controller('/')
  class Metrics {
    @Get(path)
    @access
    async metrics(): Promise<Answer> {
      return reply(200, await register.metrics(), { 'Content-Type': register.contentType })
    }
  }
  return Metrics
}

function monitorOf(register: Registry): Monitor {
  const registers = [register]
  const codeOf = boundedLabel()
  const of = ['method', 'route', 'status'] as const
  const requests = new Counter({ name: 'portcullis_requests_total', help: 'Requests that were answered.', labelNames: of, registers })
  const refusals = new Counter({
    name: 'portcullis_refusals_total',
    help: 'Requests that were refused, or failed, by the code of their answer.',
    labelNames: [...of, 'code'],
    registers,
  })
  const durations = new Histogram({
    name: 'http_server_request_duration_seconds',
    help: 'Duration of HTTP server requests.',
    labelNames: of,
    buckets: [...requestSeconds],
    registers,
  })
  const phases = new Histogram({
    name: 'portcullis_phase_duration_seconds',
    help: 'Duration of each phase of checks, and of handlers.',
    labelNames: ['phase'],
    buckets: [...phaseSeconds],
    registers,
  })
  const detections = new Counter({
    name: 'portcullis_detections_total',
    help: 'What rules of detection noticed.',
    labelNames: ['rule'],
    registers,
  })
  const readings = new Readings()
  read(readings, register)

  return {
    opened: (api) => readings.add(api),
    phaseEnded: (_, phase, milliseconds) => phases.observe({ phase }, milliseconds / 1_000),
    detected: ({ rule }) => detections.inc({ rule }),
    requestSettled(request, { status, refusal, milliseconds }) {
      const labels = { method: methodLabel(request.request.method), route: routeLabel(request) ?? '', status }
      requests.inc(labels)
      durations.observe(labels, milliseconds / 1_000)
      if (refusal !== undefined) refusals.inc({ ...labels, code: codeOf(refusal.code) })
    },
  }
}

/** Numbers that are asked for when they are read. */
function read(readings: Readings, register: Registry): void {
  const up = new Gauge({
    name: 'portcullis_store_up',
    help: 'Whether a store behind a network answers: 1 or 0.',
    labelNames: ['store'],
    registers: [],
    collect() {
      for (const [store, value] of readings.stores()) this.set({ store }, value)
    },
  })
  register.registerMetric(up)
  const counters = [
    ['portcullis_token_cache_hits_total', 'Verified tokens that were known.', () => readings.tokenCache().hits],
    ['portcullis_token_cache_misses_total', 'Tokens that had to be verified.', () => readings.tokenCache().misses],
    ['portcullis_audit_lost_total', 'Records that had no more room.', () => readings.lostRecords()],
  ] as const
  for (const [name, help, value] of counters) register.registerMetric(readCounter(name, help, value))
}

function readCounter(name: string, help: string, value: () => number): Counter {
  return new Counter({
    name,
    help,
    registers: [],
    collect() {
      this.reset()
      this.inc(value())
    },
  })
}
