import type { HeaderSets } from '../answer.js'
import type { RouteDecorator } from '../decorator.js'
import { kind } from '../policy.js'
import { HeaderBlock } from '../header-block.js'
import type { RouteSetup } from '../protection.js'
import { requireSendable } from '../sendable.js'

const hsts = 'Strict-Transport-Security'

const api = {
  [hsts]: 'max-age=63072000; includeSubDomains',
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
  'Content-Security-Policy': "default-src 'none'; base-uri 'none'; frame-ancestors 'none'",
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Origin-Agent-Cluster': '?1',
  'X-DNS-Prefetch-Control': 'off',
  'X-Download-Options': 'noopen',
  'X-Permitted-Cross-Domain-Policies': 'none',
  'X-XSS-Protection': '0',
  'Cache-Control': 'no-store',
} as const

/** A header of the API set, by its name. */
export type SecurityHeader = keyof typeof api

/** Security headers to replace, to add, or (with `false`) to remove; names as they are sent. */
export type SecurityHeaderOptions = { readonly [Name in SecurityHeader | (string & Record<never, never>)]?: string | false }

/** Sets of headers to spread into `headers`. */
export const headerPresets = Object.freeze({
  /** `X-XSS-Protection: 1; mode=block`, for clients so old that they know no other protection. */
  classic: Object.freeze({ 'X-XSS-Protection': '1; mode=block' }),
})

/** Headers that follow from the answer or the request: set once for all, they would be wrong for some or sent twice. */
const decidedElsewhere =
  /^(?:access-control-.*|connection|content-(?:encoding|length|type)|date|expect|keep-alive|set-cookie|trailer|transfer-encoding|upgrade|x-request-id)$/i

const securityHeadersKind = kind<SecurityHeaderOptions>('SecurityHeaders')

/** Replaces headers of the API's set for a route; `false` removes one. Nearest wins, for each header. */
export function SecurityHeaders(headers: SecurityHeaderOptions): RouteDecorator {
  return securityHeadersKind.declare(headers)
}

/** What an API answers over plain HTTP when nothing is configured: names and values in turn. */
export const defaultHeaders: readonly string[] = Object.freeze(flat(new Map(Object.entries(api).filter(([name]) => name !== hsts))))

/** Makes the function that freezes the headers of a route. HSTS (RFC 6797 §7.2) goes out over TLS only. */
export function securityHeaders(options: SecurityHeaderOptions): (route: RouteSetup) => HeaderSets {
  const general = new Map<string, string>(Object.entries(api))
  const mistakes: Array<readonly [problem: string, mend: string]> = []
  apply(general, options, (problem, mend) => void mistakes.push([problem, mend]))
  // Most routes say nothing of their own, and have the same ones.
  const usual = setsOf(general)
  return function headersOf(route) {
    for (const [problem, mend] of mistakes) route.mistake(problem, mend)
    const declared = route.policy.all(securityHeadersKind)
    if (declared.length === 0) return usual
    if (new Set(declared.map(({ level, place }) => `${level} ${place}`)).size < declared.length) {
      route.mistake('it has @SecurityHeaders twice in one place', 'write all of its headers in one')
    }
    const own = new Map(general)
    for (const { value } of declared) apply(own, value, route.mistake)
    route.describe('securityHeaders', Object.assign({}, ...declared.map(({ value }) => value)))
    return setsOf(own)
  }
}

function setsOf(headers: ReadonlyMap<string, string>): HeaderSets {
  const plain = new Map(headers)
  plain.delete(hsts)
  return Object.freeze({ secure: blockOf(headers), plain: blockOf(plain) })
}

function blockOf(headers: ReadonlyMap<string, string>): HeaderBlock {
  return new HeaderBlock(Object.freeze(flat(headers)))
}

function apply(headers: Map<string, string>, options: SecurityHeaderOptions, mistake: RouteSetup['mistake']): void {
  for (const [given, value] of Object.entries(options)) {
    if (value === undefined) continue
    const name = [...headers.keys()].find((own) => own.toLowerCase() === given.toLowerCase()) ?? given
    if (decidedElsewhere.test(given)) {
      mistake(`the header ${JSON.stringify(given)} is not the same for every answer`, 'set it in the handler, or leave it to the API')
    } else if (value === false) headers.delete(name)
    else if (isSendable(name, value)) headers.set(name, value)
    else mistake(`the header ${JSON.stringify(given)} cannot be sent`, 'use a plain header name, and a value of ASCII without line breaks')
  }
}

function isSendable(name: string, value: unknown): boolean {
  try {
    requireSendable(name, value as string)
    return typeof value === 'string'
  } catch {
    return false
  }
}

function flat(headers: ReadonlyMap<string, string>): string[] {
  return [...headers].flat()
}
