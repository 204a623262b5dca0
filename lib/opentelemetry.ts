/**
 * Traces and metrics by OpenTelemetry.
 *
 * @module portcullis/opentelemetry
 */

export { openTelemetry } from './monitoring/opentelemetry.js'
export type { OpenTelemetryOptions } from './monitoring/opentelemetry.js'
