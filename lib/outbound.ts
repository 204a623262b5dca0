import { lookup as systemLookup } from 'node:dns'
import { Agent as PlainAgent, request as plainRequest } from 'node:http'
import type { ClientRequest, IncomingMessage, RequestOptions } from 'node:http'
import { Agent as TlsAgent, request as tlsRequest } from 'node:https'
import { isIP } from 'node:net'
import type { LookupFunction } from 'node:net'
import ipaddr from 'ipaddr.js'
import type { Mistake } from './errors.js'

/** What may be asked of other servers, and how much of them is waited for. */
export interface OutboundOptions {
  /**
   * Hosts that may have an address on this machine or in a private network, and (on this machine alone) be asked over plain
   * HTTP: `['idp.internal', '127.0.0.1']`. Names or addresses, without port or wildcard. Link-local addresses, behind which clouds
   * hand out credentials, are never asked. @default none
   */
  readonly privateHosts?: readonly string[]
  /** Milliseconds until the whole answer must be there. @default 5,000 */
  readonly timeout?: number
  /** The largest answer, in bytes. @default 262,144 */
  readonly maxBytes?: number
  /** Looks names up; every address that it answers with is checked. @default the system's */
  readonly lookup?: LookupFunction
}

/**
 * The part of `fetch` that this SDK calls other servers with. Fits `customFetch` of jose, oauth4webapi and openid-client.
 * Redirects come back as they are, whatever `init` says of them.
 */
export type OutboundFetch = (url: string | URL, init?: OutboundInit) => Promise<Response>

/** What is asked, as `fetch` takes it. */
export interface OutboundInit {
  readonly method?: string | undefined
  readonly headers?: ConstructorParameters<typeof Headers>[0] | undefined
  /** What `fetch` takes. It is read to its end before anything is sent. */
  readonly body?: ConstructorParameters<typeof Response>[0] | undefined
  readonly signal?: AbortSignal | null | undefined
}

/**
 * Makes a `fetch` for key sets, metadata and tokens: HTTPS only, no redirects (they come back as they are), no addresses in
 * private networks, whatever a name resolves to (RFC 8725bis, OWASP API7), limited in time and size, one connection for each
 * call. Certificates are verified even where the environment says otherwise. Rejects with an `Error` that says which of these it
 * was, or with the reason of the caller's signal. Throws a `TypeError` that lists what `outboundMistakes` finds.
 */
export function outboundFetch(options: OutboundOptions = {}): OutboundFetch {
  const mistakes = outboundMistakes(options, 'outbound')
  if (mistakes.length > 0) throw new TypeError(mistakes.map(({ place, problem, mend }) => `${place}: ${problem} → ${mend}`).join('\n'))
  const { privateHosts = [], timeout = 5_000, maxBytes = 262_144, lookup = systemLookup } = options
  const trusted = trustedIn(privateHosts)
  // Never the agents of the process: a connection that the application keeps open was made without these checks.
  const plain = { send: plainRequest, agent: new PlainAgent({ keepAlive: false }) }
  const secure = { send: tlsRequest, agent: new TlsAgent({ keepAlive: false, rejectUnauthorized: true }) }

  return async function fetchGuarded(input, init = {}) {
    const url = new URL(input)
    const ranges = rangesFor(url, trusted)
    const { headers, body } = await toMessage(init)
    init.signal?.throwIfAborted()
    const { send, agent } = url.protocol === 'https:' ? secure : plain
    const options = { method: init.method ?? 'GET', headers, agent, lookup: lookupWithin(ranges, lookup) } satisfies RequestOptions
    return exchange(send(url, options), body, { url, timeout, maxBytes, signal: init.signal ?? undefined })
  }
}

/** What is wrong with the options. */
export function outboundMistakes({ privateHosts = [], timeout = 5_000, maxBytes = 262_144 }: OutboundOptions, place: string): Mistake[] {
  const mistakes: Mistake[] = []
  for (const host of [privateHosts].flat()) {
    if (hostnameOf(host) !== undefined) continue
    const mend = "write a name or an address alone, such as 'idp.internal' or '127.0.0.1'"
    mistakes.push({ place: `${place}.privateHosts`, problem: `${JSON.stringify(host)} is no host`, mend })
  }
  if (!isWhole(timeout, 600_000)) {
    mistakes.push({ place: `${place}.timeout`, problem: `${timeout} is no time`, mend: 'write milliseconds from 1 to 600,000' })
  }
  if (!isWhole(maxBytes, 67_108_864)) {
    mistakes.push({ place: `${place}.maxBytes`, problem: `${maxBytes} is no size`, mend: 'write bytes from 1 to 67,108,864' })
  }
  return mistakes
}

/** What is wrong with an address, as far as shows without looking its name up; undefined where nothing does. */
export function addressProblem(address: string, { privateHosts = [] }: OutboundOptions = {}): string | undefined {
  try {
    rangesFor(new URL(address), trustedIn(privateHosts))
    return undefined
  } catch (thrown) {
    return URL.canParse(address) ? (thrown as Error).message : `${JSON.stringify(address)} is no URL`
  }
}

function isWhole(value: unknown, most: number): boolean {
  return Number.isSafeInteger(value) && Number(value) >= 1 && Number(value) <= most
}

function trustedIn(privateHosts: readonly string[]): ReadonlySet<string | undefined> {
  return new Set([privateHosts].flat().map(hostnameOf))
}

/** The host as URLs spell it; undefined where it is none. */
function hostnameOf(host: unknown): string | undefined {
  if (typeof host !== 'string' || host.includes('*')) return undefined
  const address = `https://${isIP(host) === 6 ? `[${host}]` : host}`
  if (!URL.canParse(address)) return undefined
  const { href, hostname } = new URL(address)
  return href === `https://${hostname}/` ? hostname : undefined
}

const publicRanges: ReadonlySet<string> = new Set(['unicast'])
const privateRanges: ReadonlySet<string> = new Set(['unicast', 'private', 'uniqueLocal', 'carrierGradeNat', 'loopback'])
const loopbackRange: ReadonlySet<string> = new Set(['loopback'])

/** The ranges in which the addresses of a URL's host must be. Throws where it may not be asked at all. */
function rangesFor(url: URL, trusted: ReadonlySet<string | undefined>): ReadonlySet<string> {
  const { origin, protocol, username, password } = url
  if (username !== '' || password !== '') throw new Error(`${origin} is not asked: the address holds credentials`)
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1')
  const isTrusted = trusted.has(url.hostname)
  const isOnThisMachine = host === 'localhost' || rangeOf(host) === 'loopback'
  if (protocol !== 'https:' && !(protocol === 'http:' && isTrusted && isOnThisMachine)) {
    throw new Error(`${origin} is not asked: HTTPS only (or plain HTTP on this machine, with the host in privateHosts)`)
  }
  const ranges = protocol === 'http:' ? loopbackRange : isTrusted ? privateRanges : publicRanges
  // No name is looked up where there is none.
  if (isIP(host) !== 0) requireWithin(ranges, host, host)
  return ranges
}

/** Looks a name up, and fails where any of its addresses is out of range: which of them is used is not ours to choose. */
function lookupWithin(ranges: ReadonlySet<string>, lookup: LookupFunction): LookupFunction {
  return function lookupGuarded(hostname, options, callback) {
    lookup(hostname, { ...options, all: true }, (error, found, family) => {
      if (error) {
        callback(error, '')
        return
      }
      const addresses = typeof found === 'string' ? [{ address: found, family: family ?? isIP(found) }] : found
      const [first] = addresses
      try {
        if (first === undefined) throw new Error(`${hostname} has no address`)
        for (const { address } of addresses) requireWithin(ranges, address, hostname)
      } catch (refusal) {
        callback(refusal as Error, '')
        return
      }
      if (options.all === true) callback(null, addresses)
      else callback(null, first.address, first.family)
    })
  }
}

function requireWithin(ranges: ReadonlySet<string>, address: string, host: string): void {
  const range = rangeOf(address)
  if (range !== undefined && ranges.has(range)) return
  throw new Error(
    `${host} is not asked: its address is ${range ?? 'none'}${ranges === publicRanges ? ', and it is not in privateHosts' : ''}`,
  )
}

/** What kind of address this is; undefined where it is none. IPv6 that carries IPv4 is what it carries. */
function rangeOf(address: string): string | undefined {
  if (isIP(address) === 0) return undefined
  const parsed = ipaddr.process(address)
  const range = parsed.range()
  if (parsed instanceof ipaddr.IPv4) return range
  // The networks that translate this prefix reach all of IPv4 through it (RFC 6052 §2.1).
  if (parsed.match(translated)) return new ipaddr.IPv4(parsed.toByteArray().slice(12)).range()
  // The rest is not assigned to anybody (RFC 4291 §2.4), old spellings of 127.0.0.1 included.
  return range === 'unicast' && !parsed.match(globalUnicast) ? 'unassigned' : range
}

const translated = ipaddr.IPv6.parseCIDR('64:ff9b::/96')
const globalUnicast = ipaddr.IPv6.parseCIDR('2000::/3')

/** They say where a message ends, or whom it is for: not the caller's to choose. */
const ownHeaders = ['connection', 'content-length', 'expect', 'host', 'keep-alive', 'te', 'trailer', 'transfer-encoding', 'upgrade']

async function toMessage(init: OutboundInit): Promise<{ headers: Record<string, string>; body: Buffer | undefined }> {
  const headers = new Headers(init.headers)
  for (const name of ownHeaders) headers.delete(name)
  const content = new Response(init.body)
  const type = content.headers.get('content-type')
  if (type !== null && !headers.has('content-type')) headers.set('content-type', type)
  if (!headers.has('accept')) headers.set('accept', 'application/json')
  // What is unpacked here could be a thousand times as large as what came.
  headers.set('accept-encoding', 'identity')
  return { headers: Object.fromEntries(headers), body: content.body === null ? undefined : Buffer.from(await content.arrayBuffer()) }
}

interface Limits {
  readonly url: URL
  readonly timeout: number
  readonly maxBytes: number
  readonly signal: AbortSignal | undefined
}

function exchange(request: ClientRequest, body: Buffer | undefined, { url, timeout, maxBytes, signal }: Limits): Promise<Response> {
  return new Promise<Response>((answer, refuse) => {
    const release = () => {
      clearTimeout(late)
      signal?.removeEventListener('abort', abort)
    }
    const fail = (reason: unknown) => {
      release()
      refuse(reason)
      request.destroy()
    }
    const late = setTimeout(() => fail(new Error(`${url.origin} did not answer within ${timeout} ms`)), timeout)
    const abort = () => fail(signal?.reason)
    let isAnswered = false
    request.on('response', (response) => {
      isAnswered = true
      collect(response, url, maxBytes).finally(release).then(answer, fail)
    })
    request.on('error', (error) => fail(toFailure(error, url)))
    // A server that switches protocols leaves no other trace.
    request.on('close', () => isAnswered || fail(new Error(`${url.origin} did not answer`)))
    signal?.addEventListener('abort', abort)
    if (signal?.aborted === true) abort()
    request.end(body)
  })
}

function toFailure(error: Error, { origin }: URL): Error {
  return 'code' in error ? new Error(`${origin} cannot be asked: ${String(error.code)}`, { cause: error }) : error
}

async function collect(response: IncomingMessage, url: URL, maxBytes: number): Promise<Response> {
  const tooLarge = () => new Error(`the answer of ${url.origin} has more than ${maxBytes} bytes`)
  if (Number(response.headers['content-length'] ?? 0) > maxBytes) throw tooLarge()
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of response as AsyncIterable<Buffer>) {
    length += chunk.length
    if (length > maxBytes) throw tooLarge()
    chunks.push(chunk)
  }
  const headers = new Headers()
  for (let index = 0; index < response.rawHeaders.length; index += 2) {
    headers.append(response.rawHeaders[index] ?? '', response.rawHeaders[index + 1] ?? '')
  }
  const status = response.statusCode ?? 0
  // Said here, since a host may have put a Response of its own in the place of Node's, which takes any.
  if (status < 200 || status > 599) throw new RangeError(`${url.origin} answered with the status ${status}`)
  const isEmpty = status === 204 || status === 205 || status === 304
  return new Response(isEmpty ? null : Buffer.concat(chunks), { status, headers })
}
