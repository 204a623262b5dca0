import ipaddr from 'ipaddr.js'

/** The address that a client's calls are counted under. */
export type AddressGroup = (address: string) => string

/** How many bits of an address tell one client from another. */
export interface AddressPrefix {
  /** From 1 to 32. @default 32, each address for itself */
  readonly ipv4?: number
  /** From 1 to 128. @default 64, since whoever has one IPv6 address has at least 2^64 of them */
  readonly ipv6?: number
}

/**
 * Makes the function that puts addresses with the same first bits together. IPv4 that is mapped into IPv6 (`::ffff:192.0.2.1`) or
 * translated to it (`64:ff9b::192.0.2.1`, RFC 6052) counts as IPv4. Limits by address do this by themselves; a function of your own that counts by address needs it.
 */
export function addressGroup({ ipv4 = 32, ipv6 = 64 }: AddressPrefix = {}): AddressGroup {
  // Several limits of one request ask for the same address in turn.
  let last = { address: '', group: '' }
  return function groupOf(address) {
    if (ipv4 === 32 && !address.includes(':')) return address
    if (address !== last.address)
      last = { address, group: address.includes(':') ? groupOfIPv6(address, ipv4, ipv6) : groupOfIPv4(address, ipv4) }
    return last.group
  }
}

function groupOfIPv4(address: string, prefix: number): string {
  if (prefix === 32 || !ipaddr.IPv4.isValidFourPartDecimal(address)) return address
  return `${ipaddr.IPv4.networkAddressFromCIDR(`${address}/${prefix}`).toString()}/${prefix}`
}

function groupOfIPv6(address: string, ipv4: number, prefix: number): string {
  const parsed = parse(address)
  if (parsed === undefined) return address
  if (parsed.isIPv4MappedAddress()) return groupOfIPv4(parsed.toIPv4Address().toString(), ipv4)
  if (parsed.match(translated, 96)) return groupOfIPv4(new ipaddr.IPv4(parsed.toByteArray().slice(12)).toString(), ipv4)
  let group = ''
  for (const [index, part] of parsed.parts.entries()) {
    const kept = Math.min(16, Math.max(0, prefix - index * 16))
    if (kept === 0) break
    group += `${(part & (0xffff << (16 - kept))).toString(16)}:`
  }
  return `${group}:/${prefix}`
}

/** Behind a translator all of IPv4 stands in this one network: as one client, anybody could use up everybody's limit. */
const translated = ipaddr.IPv6.parse('64:ff9b::')

function parse(address: string): ipaddr.IPv6 | undefined {
  try {
    return ipaddr.IPv6.parse(address)
  } catch {
    return undefined
  }
}
