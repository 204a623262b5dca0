import ipaddr from 'ipaddr.js'
import type { ApiRequest } from '../context.js'
import type { Mistake } from '../errors.js'
import type { Client } from '../exchange.js'

/** Whose forwarding headers are believed: nobody's, those of the last so many hops, or those of addresses in these CIDRs. */
export type TrustProxy = false | number | readonly string[]

/** Where a request comes from, and the id that a trusted proxy gave it. */
export interface Origin {
  readonly client: Client
  readonly requestId: string | undefined
}

type Address = ipaddr.IPv4 | ipaddr.IPv6
/** Whether the forwarding of a hop is believed; `distance` is 0 for the socket's peer, 1 for whom it names, … */
type Trusts = (address: Address | undefined, distance: number) => boolean

/** More hops than any real chain of proxies has: what stands further left is not looked at. */
const mostHops = 32
const cleanId = /^[A-Za-z0-9._-]{8,128}$/

/**
 * Makes the one resolver of client addresses, for every host. `X-Forwarded-For` is read from the right, through trusted
 * hops only: the first address that is not trusted is the client, and whatever that client wrote further left is ignored.
 */
export function clientResolver(trustProxy: TrustProxy, report: (mistake: Mistake) => void): (request: ApiRequest) => Origin {
  const trusts = trustOf(trustProxy, report)
  if (trusts === undefined) return direct
  return function forwarded(request) {
    const peer = plain(request.remoteAddress)
    if (!trusts(parse(peer), 0)) return direct(request)
    const { headers } = request
    const { address, hops } = walk(peer, listOf(headers['x-forwarded-for']), trusts)
    const protocols = listOf(headers['x-forwarded-proto'])
    // Each proxy appends: the entry of the hop that spoke with the client stands as far from the right as that hop.
    const protocol = protocols.at(-Math.max(1, Math.min(hops, protocols.length)))
    const id = headers['x-request-id']
    return {
      client: { address, secure: protocol === undefined ? request.encrypted : protocol.toLowerCase() === 'https' },
      requestId: typeof id === 'string' && cleanId.test(id) ? id : undefined,
    }
  }
}

/** The addresses that count as one caller: IPv4 whole, IPv6 unwrapped where it maps IPv4. */
function direct(request: ApiRequest): Origin {
  return { client: { address: plain(request.remoteAddress), secure: request.encrypted }, requestId: undefined }
}

function plain(address: string | undefined): string {
  if (address === undefined) return 'unknown'
  if (address.startsWith('::ffff:') && address.includes('.')) return address.slice(7)
  const zone = address.indexOf('%')
  return zone < 0 ? address : address.slice(0, zone)
}

function walk(peer: string, named: readonly string[], trusts: Trusts): { address: string; hops: number } {
  let address = peer
  let hops = 0
  for (let index = named.length - 1; index >= 0 && hops < mostHops; index--) {
    const next = parseForwarded(named[index] ?? '')
    // A trusted hop that names no address: it is the last one we know.
    if (next === undefined) break
    address = next.toString()
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
    mistaken(report, `${JSON.stringify(trustProxy)} would believe what anybody sends`)
    return undefined
  }
  const ranges = trustProxy.flatMap((text: string) => rangeOf(text, report))
  return (address) => address !== undefined && ranges.some(([range, bits]) => address.kind() === range.kind() && address.match(range, bits))
}

function rangeOf(text: string, report: (mistake: Mistake) => void): ReadonlyArray<[Address, number]> {
  try {
    if (text.includes('/')) return [ipaddr.parseCIDR(text)]
    const address = ipaddr.process(text)
    return [[address, address.kind() === 'ipv4' ? 32 : 128]]
  } catch {
    mistaken(report, `"${text}" is neither an address nor a CIDR`)
    return []
  }
}

function mistaken(report: (mistake: Mistake) => void, problem: string): void {
  report({ place: 'trustProxy', problem, mend: "write a number of hops (1), or the proxies' CIDRs (['10.0.0.0/8'])" })
}

function listOf(header: string | string[] | undefined): readonly string[] {
  if (header === undefined) return []
  const text = typeof header === 'string' ? header : header.join(',')
  return text.split(',').map((entry) => entry.trim())
}

function parse(text: string): Address | undefined {
  // Only the usual notations: ipaddr.js also reads 0x7f.1 and 2130706433, and what reads an address twice reads it differently.
  if (!/^(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*)$/.test(text) || !ipaddr.isValid(text)) return undefined
  return ipaddr.process(text)
}

/** `192.0.2.1`, `192.0.2.1:443`, `2001:db8::1`, `[2001:db8::1]`, `[2001:db8::1]:443`; undefined for `unknown` and the like. */
function parseForwarded(text: string): Address | undefined {
  const bracketed = /^\[([^\]]+)\](?::\d{1,5})?$/.exec(text)
  if (bracketed !== null) return parse(bracketed[1] ?? '')
  const withPort = /^(\d{1,3}(?:\.\d{1,3}){3}):\d{1,5}$/.exec(text)
  return parse(withPort === null ? text : (withPort[1] ?? ''))
}
