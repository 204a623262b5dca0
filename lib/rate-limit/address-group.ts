import ipaddr from 'ipaddr.js'

/** The address that a client's calls are counted under. */
export type AddressGroup = (address: string) => string

/**
 * Makes the function that puts IPv6 addresses with the same first `prefix` bits together: whoever has one has at least 2^64
 * of them, and would otherwise have as many counters. IPv4 stands for itself, mapped into IPv6 (`::ffff:192.0.2.1`) too.
 * Limits by address do this by themselves; a function of your own that counts by address needs it.
 */
export function addressGroup(prefix = 64): AddressGroup {
  // Several limits of one request ask for the same address in turn.
  let last = { address: '', group: '' }
  return function groupOf(address) {
    if (!address.includes(':')) return address
    if (address !== last.address) last = { address, group: groupOfIPv6(address, prefix) }
    return last.group
  }
}

function groupOfIPv6(address: string, prefix: number): string {
  const parsed = parse(address)
  if (parsed === undefined) return address
  if (parsed.isIPv4MappedAddress()) return parsed.toIPv4Address().toString()
  let group = ''
  for (const [index, part] of parsed.parts.entries()) {
    const kept = Math.min(16, Math.max(0, prefix - index * 16))
    if (kept === 0) break
    group += `${(part & (0xffff << (16 - kept))).toString(16)}:`
  }
  return `${group}:/${prefix}`
}

function parse(address: string): ipaddr.IPv6 | undefined {
  try {
    return ipaddr.IPv6.parse(address)
  } catch {
    return undefined
  }
}
