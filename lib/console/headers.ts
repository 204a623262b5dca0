import type { SecurityHeaderOptions } from '../transport/security-headers.js'

const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  // Everything that the page shows was written by strangers: no text can become script or markup, by mistake either.
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
]

/** What the console's answers say besides the API's own headers. */
export const consoleHeaders: SecurityHeaderOptions = Object.freeze({
  'Content-Security-Policy': policy.join('; '),
  'Permissions-Policy': 'camera=(), geolocation=(), microphone=()',
  // A proxy or middleware that compresses would keep events back.
  'Cache-Control': 'no-store, no-transform',
})
