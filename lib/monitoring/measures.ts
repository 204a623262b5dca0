import { createNoopMeter, metrics } from '@opentelemetry/api'
import type { Attributes, Counter, Histogram, Meter, MeterProvider } from '@opentelemetry/api'
import type { MonitoredApi, MonitoredRequest, Settlement, Stage } from '../monitor.js'
import { boundedLabel, methodLabel, phaseSeconds, requestSeconds, routeLabel } from './labels.js'
import { Readings } from './readings.js'

interface Instruments {
  readonly requests: Counter
  readonly refusals: Counter
  readonly detections: Counter
  readonly phases: Histogram
  readonly durations: Histogram
}

/** The metrics of requests. Their attributes come out of small sets: templates, codes, known methods. */
export class Measures {
  readonly #given: MeterProvider | undefined
  readonly #readings = new Readings()
  readonly #codeOf = boundedLabel()
  #instruments: Instruments | undefined

  constructor({ meterProvider }: { readonly meterProvider?: MeterProvider }) {
    this.#given = meterProvider
  }

  get isHeard(): boolean {
    return this.#instruments !== undefined
  }

  opened(api: MonitoredApi): void {
    this.#readings.add(api)
    if (this.#instruments !== undefined) return
    const meter = (this.#given ?? metrics.getMeterProvider()).getMeter('portcullis')
    // What is measured for nobody costs time all the same.
    if (meter === createNoopMeter()) return
    this.#instruments = instrumentsOf(meter)
    observe(meter, this.#readings)
  }

  phaseEnded(phase: Stage, milliseconds: number): void {
    this.#instruments?.phases.record(milliseconds / 1_000, { 'portcullis.phase': phase })
  }

  detected(rule: string): void {
    this.#instruments?.detections.add(1, { 'portcullis.rule': rule })
  }

  settled(request: MonitoredRequest, { status, refusal, milliseconds }: Settlement, isMeasuredByHost: boolean): void {
    if (this.#instruments === undefined) return
    const { requests, refusals, durations } = this.#instruments
    const attributes: Attributes = { 'http.request.method': methodLabel(request.request.method), 'http.response.status_code': status }
    const route = routeLabel(request)
    if (route !== undefined) attributes['http.route'] = route
    requests.add(1, attributes)
    if (refusal !== undefined) refusals.add(1, { ...attributes, 'portcullis.refusal.code': this.#codeOf(refusal.code) })
    if (isMeasuredByHost) return
    const failure = status >= 500 ? { 'error.type': String(status) } : {}
    durations.record(milliseconds / 1_000, { ...attributes, 'url.scheme': request.client.secure ? 'https' : 'http', ...failure })
  }
}

function instrumentsOf(meter: Meter): Instruments {
  return {
    requests: meter.createCounter('portcullis.requests', { unit: '{request}', description: 'Requests that were answered.' }),
    refusals: meter.createCounter('portcullis.refusals', {
      unit: '{request}',
      description: 'Requests that were refused, or failed, by the code of their answer.',
    }),
    detections: meter.createCounter('portcullis.detections', { unit: '{detection}', description: 'What rules of detection noticed.' }),
    phases: meter.createHistogram('portcullis.phase.duration', {
      unit: 's',
      description: 'Duration of each phase of checks, and of handlers.',
      advice: { explicitBucketBoundaries: [...phaseSeconds] },
    }),
    durations: meter.createHistogram('http.server.request.duration', {
      unit: 's',
      description: 'Duration of HTTP server requests.',
      advice: { explicitBucketBoundaries: [...requestSeconds] },
    }),
  }
}

function observe(meter: Meter, readings: Readings): void {
  meter
    .createObservableGauge('portcullis.store.up', { description: 'Whether a store behind a network answers: 1 or 0.' })
    .addCallback((result) => {
      for (const [role, up] of readings.stores()) result.observe(up, { 'portcullis.store': role })
    })
  meter
    .createObservableCounter('portcullis.token_cache.hits', { description: 'Verified tokens that were known.' })
    .addCallback((result) => result.observe(readings.tokenCache().hits))
  meter
    .createObservableCounter('portcullis.token_cache.misses', { description: 'Tokens that had to be verified.' })
    .addCallback((result) => result.observe(readings.tokenCache().misses))
  meter
    .createObservableCounter('portcullis.audit.lost', { unit: '{record}', description: 'Records that had no more room.' })
    .addCallback((result) => result.observe(readings.lostRecords()))
}
