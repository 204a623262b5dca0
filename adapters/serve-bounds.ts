import type { ServeOptions } from './serve.js'

/** How headers of HTTP/1.1 are read. */
export function parserSettings({ maxHeaderSize }: ServeOptions) {
  // Node would answer a missing Host by itself, without headers: the API refuses it as a problem.
  return { maxHeaderSize: maxHeaderSize ?? 16_384, insecureHTTPParser: false, requireHostHeader: false }
}

/** For how long, and for how many requests, a connection is kept. */
export function timeoutsOf({ headersTimeout, requestTimeout, keepAliveTimeout, maxRequestsPerSocket }: ServeOptions) {
  return {
    headersTimeout: headersTimeout ?? 10_000,
    requestTimeout: requestTimeout ?? 60_000,
    keepAliveTimeout: keepAliveTimeout ?? 5_000,
    maxRequestsPerSocket: maxRequestsPerSocket ?? 10_000,
    connectionsCheckingInterval: 1_000,
  }
}
