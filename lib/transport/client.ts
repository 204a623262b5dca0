import { isIP, isIPv4 } from 'node:net'
import ipaddr from 'ipaddr.js'
import type { ApiRequest } from '../context.js'
import type { Mistake } from '../errors.js'
import type { Client } from '../exchange.js'

/**
 * Whose forwarding headers are believed: nobody's, those of the last so many hops, or those of addresses in these CIDRs.
 * A number believes whoever connects: use it where only the proxies can reach the port (or a Unix socket, which has no address).
 */
export type TrustProxy = false | number | readonly string[]

/** Where a request comes from, and the id that a trusted proxy gave it. */
export interface Origin {
  readonly client: Client
  readonly requestId: string | undefined
}

type Address = ipaddr.IPv4 | ipaddr.IPv6
/** Whether the forwarding of a hop is believed; `distance` is 0 for the socket's peer, 1 for whom it names, … */
type Trusts = (address: string, distance: number) => boolean

/** What is known of the way that requests come. */
export interface ClientOptions {
  readonly trustProxy?: TrustProxy | undefined
  /** Whether what comes without TLS came over it as far as to whoever ended it. @default false */
  readonly isTerminated?: boolean
}

/** More hops than any real chain of proxies has: what stands further left is not looked at. */
const mostHops = 32
const longestAddress = 45
const cleanId = /^[A-Za-z0-9._-]{8,128}$/

/**
 * Makes the one resolver of client addresses, for every host. `X-Forwarded-For` is read from the right, through trusted
 * hops only: the first address that is not trusted is the client, and whatever that client wrote further left is ignored.
 * Where a trusted hop names no address, that hop is the client, for what is known. `X-Forwarded-Proto` and `X-Request-Id`
 * are read from trusted peers alone; a peer that names no protocol is taken to pass on its own.
 */
export function clientResolver(options: ClientOptions, report: (mistake: Mistake) => void): (request: ApiRequest) => Origin {
  const { isTerminated = false } = options
  const trusts = trustOf(options.trustProxy ?? false, report)
  function direct(request: ApiRequest): Origin {
    return { client: { address: plain(request.remoteAddress), secure: isTerminated || request.encrypted }, requestId: undefined }
  }
  if (trusts === undefined) return direct
  return function forwarded(request) {
    const peer = plain(request.remoteAddress)
    if (!trusts(peer, 0)) return direct(request)
    const { headers } = request
    const { address, hops } = walk(peer, lastEntries(headers['x-forwarded-for']), trusts)
    const protocols = lastEntries(headers['x-forwarded-proto'])
    // Each proxy appends: the entry of the hop that spoke with the client stands as far from the right as that hop.
    const protocol = protocols[Math.max(1, Math.min(hops, protocols.length)) - 1]
    const id = headers['x-request-id']
    return {
      client: { address, secure: protocol === undefined ? isTerminated || request.encrypted : protocol.toLowerCase() === 'https' },
      requestId: typeof id === 'string' && cleanId.test(id) ? id : undefined,
    }
  }
}

/** One text for each address: IPv6 that maps IPv4 is unwrapped, a zone is left out. */
function plain(address: string | undefined): string {
  if (address === undefined || address === '') return 'unknown'
  if (address.startsWith('::ffff:') && address.includes('.')) return address.slice(7)
  const zone = address.indexOf('%')
  return zone < 0 ? address : address.slice(0, zone)
}

function walk(peer: string, named: readonly string[], trusts: Trusts): { address: string; hops: number } {
  let address = peer
  let hops = 0
  for (const entry of named) {
    const next = readForwarded(entry)
    // A trusted hop that names no address: it is the last one we know.
    if (next === undefined) break
    address = next
    hops++
    if (!trusts(next, hops)) break
  }
  return { address, hops }
}

function trustOf(trustProxy: TrustProxy, report: (mistake: Mistake) => void): Trusts | undefined {
  if (trustProxy === false || trustProxy === 0) return undefined
  if (typeof trustProxy === 'number') {
    if (Number.isInteger(trustProxy) && trustProxy > 0) return (_, distance) => distance < trustProxy
    mistaken(report, `${trustProxy} is no number of hops`)
    return undefined
  }
  if (!Array.isArray(trustProxy)) {
    mistaken(report, `${JSON.stringify(trustProxy)} does not say which proxies`)
    return undefined
  }
  const ranges = trustProxy.flatMap((text: string) => rangeOf(text, report))
  return function isInRange(text) {
    const address = parse(text)
    return address !== undefined && ranges.some(([range, bits]) => address.kind() === range.kind() && address.match(range, bits))
  }
}

function rangeOf(text: string, report: (mistake: Mistake) => void): ReadonlyArray<[Address, number]> {
  const [, written = '', length] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(text) ?? []
  // ipaddr.js reads 10/8 as 0.0.0.10/8.
  const given = isIP(written) === 0 ? undefined : ipaddr.parse(written)
  const address = given === undefined ? undefined : unwrapped(given)
  if (given === undefined || address === undefined) return neither(text, report)
  const bits = Number(length ?? widthOf(given)) - (widthOf(given) - widthOf(address))
  if (bits < 0 || bits > widthOf(address)) return neither(text, report)
  if (bits === 0) {
    mistaken(report, `"${text}" would believe what anybody sends`)
    return []
  }
  return [[address, bits]]
}

function neither(text: string, report: (mistake: Mistake) => void): [] {
  mistaken(report, `"${text}" is neither an address nor a CIDR`)
  return []
}

function widthOf(address: Address): number {
  return address.kind() === 'ipv4' ? 32 : 128
}

function unwrapped(address: Address): Address {
  return address instanceof ipaddr.IPv6 && address.isIPv4MappedAddress() ? address.toIPv4Address() : address
}

function mistaken(report: (mistake: Mistake) => void, problem: string): void {
  report({ place: 'trustProxy', problem, mend: "write a number of hops (1), or the proxies' CIDRs (['10.0.0.0/8'])" })
}

/** The entries of a list from the right: not all, because a client can send thousands for its proxy to append to. */
function lastEntries(header: string | string[] | undefined): readonly string[] {
  const entries: string[] = []
  if (header === undefined) return entries
  const text = typeof header === 'string' ? header : header.join(',')
  for (let end = text.length; end >= 0 && entries.length < mostHops;) {
    const comma = end === 0 ? -1 : text.lastIndexOf(',', end - 1)
    entries.push(text.slice(comma + 1, end).trim())
    end = comma
  }
  return entries
}

function parse(text: string): Address | undefined {
  // Node reads the usual notations alone. ipaddr.js also reads 010.0.0.1 (as 8.0.0.1), 0x7f.1, 2130706433 and zones of any text.
  if (text.length > longestAddress || text.includes('%') || isIP(text) === 0) return undefined
  return unwrapped(ipaddr.parse(text))
}

/** `192.0.2.1`, `192.0.2.1:443`, `2001:db8::1`, `[2001:db8::1]`, `[2001:db8::1]:443`; undefined for `unknown` and the like. */
function readForwarded(text: string): string | undefined {
  // Node takes IPv4 without leading zeros alone: such a text is the only one of its address.
  if (isIPv4(text)) return text
  const withPort = /^(?:\[([0-9A-Fa-f:.]+)\](?::\d{1,5})?|([0-9.]+):\d{1,5})$/.exec(text)
  return parse(withPort?.[1] ?? withPort?.[2] ?? text)?.toString()
}
