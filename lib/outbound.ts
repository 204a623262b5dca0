import { lookup as resolve } from 'node:dns'
import { request as plainRequest } from 'node:http'
import type { IncomingMessage } from 'node:http'
import { request as tlsRequest } from 'node:https'
import { isIP } from 'node:net'
import type { LookupFunction } from 'node:net'
import ipaddr from 'ipaddr.js'

/** What may be asked of other servers, and how much of them is waited for. */
export interface OutboundOptions {
  /**
   * Hosts that may have an address on this machine or in a private network, and (on this machine alone) be asked over plain
   * HTTP: `['idp.internal', '127.0.0.1']`. @default none
   */
  readonly privateHosts?: readonly string[]
  /** Milliseconds until the whole answer must be there. @default 5,000 */
  readonly timeout?: number
  /** The largest answer, in bytes. @default 262,144 */
  readonly maxBytes?: number
}

/** The part of `fetch` that this SDK calls other servers with. */
export type OutboundFetch = (url: string | URL, init?: OutboundInit) => Promise<Response>

export interface OutboundInit {
  readonly method?: string | undefined
  readonly headers?: ConstructorParameters<typeof Headers>[0] | undefined
  /** Text, or what makes one as a form. */
  readonly body?: string | URLSearchParams | Uint8Array | null | undefined
  readonly signal?: AbortSignal | null | undefined
}

/**
 * Makes a `fetch` for key sets, metadata and tokens: HTTPS only, no redirects (they come back as they are), no addresses in
 * private networks, whatever a name resolves to (RFC 8725bis, OWASP API7), limited in time and size. Rejects with an `Error`
 * that says which of these it was.
 */
export function outboundFetch({ privateHosts = [], timeout = 5_000, maxBytes = 262_144 }: OutboundOptions = {}): OutboundFetch {
  const trusted = new Set(privateHosts.map((host) => host.toLowerCase()))

  return async function fetchGuarded(input, init = {}) {
    const url = new URL(input)
    const host = url.hostname.replace(/^\[(.*)\]$/, '$1').toLowerCase()
    const mayBePrivate = trusted.has(host) || trusted.has(url.hostname)
    requireSafe(url, host, mayBePrivate)
    const headers = new Headers(init.headers)
    const body = init.body instanceof URLSearchParams ? init.body.toString() : (init.body ?? undefined)
    if (init.body instanceof URLSearchParams && !headers.has('content-type')) {
      headers.set('content-type', 'application/x-www-form-urlencoded;charset=UTF-8')
    }
    if (!headers.has('accept')) headers.set('accept', 'application/json')
    const limit = AbortSignal.timeout(timeout)
    const signal = init.signal ? AbortSignal.any([init.signal, limit]) : limit
    const send = url.protocol === 'https:' ? tlsRequest : plainRequest
    return await new Promise<Response>((answer, refuse) => {
      const request = send(url, {
        method: init.method ?? 'GET',
        headers: { ...Object.fromEntries(headers), 'accept-encoding': 'identity' },
        signal,
        lookup: mayBePrivate ? resolve : publicLookup,
      })
      request.once('error', (error) => refuse(limit.aborted ? new Error(`${url.origin} did not answer within ${timeout} ms`) : error))
      request.once('response', (response) => {
        collect(response, url, maxBytes).then(answer, (error: unknown) => {
          request.destroy()
          refuse(limit.aborted ? new Error(`${url.origin} did not answer within ${timeout} ms`) : (error as Error))
        })
      })
      request.end(body)
    })
  }
}

function requireSafe(url: URL, host: string, mayBePrivate: boolean): void {
  if (url.username !== '' || url.password !== '') throw new Error(`the address of ${url.origin} holds credentials`)
  const isOnThisMachine = host === 'localhost' || (isIP(host) !== 0 && ipaddr.parse(host).range() === 'loopback')
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && mayBePrivate && isOnThisMachine)) {
    throw new Error(`${url.origin} is not asked: HTTPS only (or plain HTTP on this machine, with the host in privateHosts)`)
  }
  // Of a literal address no name is looked up.
  if (!mayBePrivate && isIP(host) !== 0) requirePublic(host, host)
}

/** Looks a name up, and fails where any of its addresses is not a public one: which one is used is not ours to choose. */
const publicLookup: LookupFunction = (hostname, options, callback) => {
  resolve(hostname, { ...options, all: true }, (error, addresses) => {
    if (error !== null) {
      callback(error, '')
      return
    }
    try {
      for (const { address } of addresses) requirePublic(address, hostname)
    } catch (refusal) {
      callback(refusal as Error, '')
      return
    }
    const [first] = addresses
    if (options.all === true) callback(null, addresses)
    else callback(null, first?.address ?? '', first?.family)
  })
}

function requirePublic(address: string, host: string): void {
  const range = ipaddr.process(address).range()
  if (range !== 'unicast') {
    throw new Error(`${host} is not asked: its address is ${range}, and it is not in privateHosts`)
  }
}

async function collect(response: IncomingMessage, url: URL, maxBytes: number): Promise<Response> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of response as AsyncIterable<Buffer>) {
    length += chunk.length
    if (length > maxBytes) throw new Error(`the answer of ${url.origin} has more than ${maxBytes} bytes`)
    chunks.push(chunk)
  }
  const headers = new Headers()
  for (let index = 0; index < response.rawHeaders.length; index += 2) {
    headers.append(response.rawHeaders[index] ?? '', response.rawHeaders[index + 1] ?? '')
  }
  const status = response.statusCode ?? 0
  const isEmpty = status === 204 || status === 205 || status === 304
  return new Response(isEmpty ? null : Buffer.concat(chunks), { status, headers })
}
