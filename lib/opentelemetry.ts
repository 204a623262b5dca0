export { openTelemetry } from './monitoring/opentelemetry.js'
export type { OpenTelemetryOptions } from './monitoring/opentelemetry.js'
