/**
 * Metrics for Prometheus.
 *
 * @module portcullis/prometheus
 */

export { prometheus } from './monitoring/prometheus.js'
export type { Prometheus, PrometheusOptions } from './monitoring/prometheus.js'
