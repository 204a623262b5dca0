import type { MeterProvider, TracerProvider } from '@opentelemetry/api'
import type { RedactionOptions } from '../audit/secrets.js'
import type { Monitor } from '../monitor.js'
import { Measures } from './measures.js'
import { Spans } from './spans.js'

/** How an API is shown to OpenTelemetry. */
export interface OpenTelemetryOptions {
  /** @default the global one, whether it is registered before or after */
  readonly tracerProvider?: TracerProvider
  /** @default the global one, which must be registered before `createApi` */
  readonly meterProvider?: MeterProvider
  /** What is masked in paths besides what always is: the same as for `audit`. */
  readonly redact?: RedactionOptions
}

/**
 * Makes a span of each request, with its phases as events, and keeps the metrics that docs/monitoring.md lists, through
 * `@opentelemetry/api` alone. Handlers run in the context of the span. Under a span that the host's instrumentation has made, it is an
 * internal one. Where no SDK is registered nothing is made.
 */
export function openTelemetry(options: OpenTelemetryOptions = {}): Monitor {
  const spans = new Spans(options)
  const measures = new Measures(options)
  return {
    opened(api) {
      spans.opened(api)
      measures.opened(api)
    },
    isListening: () => measures.isHeard || spans.isHeard(),
    requestBegan: (request) => spans.begin(request),
    around: (request, work) => spans.around(request, work),
    phaseEnded(request, phase, milliseconds) {
      spans.note(request, phase, milliseconds)
      measures.phaseEnded(phase, milliseconds)
    },
    requestSettled(request, settlement) {
      const isMeasuredByHost = spans.isUnderHost(request)
      spans.end(request, settlement)
      measures.settled(request, settlement, isMeasuredByHost)
    },
    detected: ({ rule }) => measures.detected(rule),
  }
}
