import type { IncomingHttpHeaders } from 'node:http'
import type { ApiRequest } from '../context.js'
import type { RouteDecorator } from '../decorator.js'
import { OriginDenied } from '../errors.js'
import type { Mistake } from '../errors.js'
import { kind } from '../policy.js'
import type { Protection } from '../protection.js'

/** Which pages of other origins may use the API from a browser (Fetch §3.3). */
export interface CorsOptions {
  /** Exact origins, such as `https://shop.example.com`; or `['*']` for an API that is public and takes no credentials. */
  readonly origins: readonly string[]
  /** Methods that pages may use, of those that a path answers to. @default all of them */
  readonly methods?: readonly string[]
  /** Request headers that pages may send. @default Authorization and Content-Type */
  readonly headers?: readonly string[]
  /** Response headers that pages may read. @default X-Request-Id, Location, Retry-After and the RateLimit fields */
  readonly exposes?: readonly string[]
  /** Whether browsers may send cookies. @default false */
  readonly credentials?: boolean
  /** Seconds for which a browser may remember a preflight. @default 600 */
  readonly maxAge?: number
}

/** CORS, prepared. */
export interface Cors {
  /** Tells browsers that the page may read the answer. */
  readonly protection: Protection
  /** Whether a browser asks before it asks. */
  readonly isPreflight: (request: ApiRequest) => boolean
  /** The headers that allow what a preflight asks for; throws `OriginDenied`. `methods` are those of the path. */
  readonly preflight: (headers: IncomingHttpHeaders, methods: readonly string[]) => Readonly<Record<string, string>>
}

const allowOriginHeader = { description: 'The origin whose page may read this.', schema: { type: 'string' } }

const token = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/

/** Prepares CORS; without options no page of another origin may read anything, and no preflight is answered. */
export function cors(options: CorsOptions | undefined, report: (mistake: Mistake) => void): Cors {
  if (options === undefined) return { protection: none, isPreflight: () => false, preflight: () => ({}) }
  checkOptions(options, report)
  const origins = new Set(options.origins)
  const anyone = origins.has('*')
  const headers = (options.headers ?? ['Authorization', 'Content-Type']).map((name) => name.toLowerCase())
  const exposed = options.exposes ?? ['X-Request-Id', 'Location', 'Retry-After', 'RateLimit', 'RateLimit-Policy']
  const credentials = options.credentials === true ? ['Access-Control-Allow-Credentials', 'true'] : []
  const readable = [...credentials, ...(exposed.length === 0 ? [] : ['Access-Control-Expose-Headers', exposed.join(', ')])]
  const isAllowed = (origin: string) => anyone || origins.has(origin)
  const allowed = (origin: string) => (anyone ? '*' : origin)

  return {
    protection: {
      name: 'cors',
      phase: 'transport',
      compile: (route) => {
        if (route.policy.nearest(withoutKind) !== undefined) return undefined
        return function crossOrigin(exchange) {
          const { origin } = exchange.request.headers
          // A cache must not give one origin the answer for another, whoever asked first.
          if (!anyone) exchange.answerHeaders.push('Vary', 'Origin')
          if (origin === undefined) return
          if (isAllowed(origin)) exchange.answerHeaders.push('Access-Control-Allow-Origin', allowed(origin), ...readable)
          // It goes on: without cookies, another origin can do nothing here that its server could not. The record says so.
          else if (!isOwn(origin, exchange.request.headers.host)) exchange.event ??= 'malicious_cors'
        }
      },
      document({ policy }, operation) {
        if (policy.nearest(withoutKind) === undefined) operation.header('Access-Control-Allow-Origin', allowOriginHeader)
      },
    },
    isPreflight: ({ method, headers: sent }) =>
      method === 'OPTIONS' && sent.origin !== undefined && sent['access-control-request-method'] !== undefined,
    preflight: (sent, answered) => {
      const methods = options.methods === undefined ? answered : answered.filter((method) => options.methods?.includes(method))
      const { origin = '', 'access-control-request-method': method = '', 'access-control-request-headers': names = '' } = sent
      if (!isAllowed(origin)) throw new OriginDenied('This origin may not use this API.', { reason: 'cors-origin' })
      if (!methods.includes(method)) throw new OriginDenied('This method may not be used from another origin.', { reason: 'cors-method' })
      if (!areAllowed(names, headers))
        throw new OriginDenied('These headers may not be sent from another origin.', { reason: 'cors-headers' })
      return {
        'Access-Control-Allow-Methods': methods.join(', '),
        'Access-Control-Allow-Headers': headers.join(', '),
        'Access-Control-Max-Age': String(options.maxAge ?? 600),
      }
    },
  }
}

/** A page of the API's own host: browsers name its origin too, on every POST. */
function isOwn(origin: string, host: string | undefined): boolean {
  return host !== undefined && (origin === `https://${host}` || origin === `http://${host}`)
}

const withoutKind = kind<true>('WithoutCors')

/** Lets no page of another origin read the answers of a route, whatever `cors` says: for pages and forms of this server's own. */
export function WithoutCors(): RouteDecorator {
  return withoutKind.declare(true)
}

const none: Protection = { name: 'cors', phase: 'transport', compile: () => undefined }

function areAllowed(names: string, allowed: readonly string[]): boolean {
  if (names.trim() === '') return true
  return names.split(',').every((name) => token.test(name.trim()) && allowed.includes(name.trim().toLowerCase()))
}

function checkOptions(options: CorsOptions, report: (mistake: Mistake) => void): void {
  const { origins, maxAge = 600 } = options
  if (origins.length === 0) {
    report({ place: 'cors.origins', problem: 'it names no origin', mend: 'list the exact origins, or leave `cors` out' })
  }
  for (const origin of origins) checkOrigin(origin, options, report)
  for (const name of ['methods', 'headers', 'exposes'] as const) {
    for (const item of options[name] ?? []) {
      // Browsers read "*" as everything, or with credentials as a header of that name.
      if (item !== '*' && token.test(item)) continue
      report({ place: `cors.${name}`, problem: `${JSON.stringify(item)} is no name`, mend: 'list each by its name' })
    }
  }
  if (!Number.isInteger(maxAge) || maxAge < 0) {
    report({ place: 'cors.maxAge', problem: `${maxAge} is no number of seconds`, mend: 'write a whole number, such as 600' })
  }
}

function checkOrigin(origin: string, { credentials, origins }: CorsOptions, report: (mistake: Mistake) => void): void {
  const place = 'cors.origins'
  if (origin === '*') {
    if (credentials === true) {
      report({ place, problem: '"*" with credentials lets every page act as its visitor', mend: 'list the exact origins' })
    }
    if (origins.length > 1) report({ place, problem: '"*" stands beside exact origins', mend: 'leave one or the other' })
    return
  }
  if (origin === originOf(origin)) return
  report({
    place,
    problem: `${JSON.stringify(origin)} is no origin`,
    mend: "write scheme, host and port as browsers send them: 'https://shop.example.com'",
  })
}

/** The origin as a browser writes it: `null`, paths, wildcards, capitals and default ports are not that. */
function originOf(text: string): string | undefined {
  try {
    const { origin, protocol, hostname } = new URL(text)
    return (protocol === 'https:' || protocol === 'http:') && !hostname.includes('*') ? origin : undefined
  } catch {
    return undefined
  }
}
