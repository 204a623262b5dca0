import ipaddr from 'ipaddr.js'
import type { TrustProxy } from '../../transport/client.js'
import type { Noticed } from './finding.js'

/** The shortest prefixes that one operator's proxies need. */
const widest = { ipv4: 12, ipv6: 29 } as const

/** Whole ranges from which every machine of a data centre or a carrier may come: where they begin, and how long their prefixes are. */
const inner: ReadonlyArray<readonly [from: string, prefix: number]> = [
  // RFC 1918, RFC 6598, RFC 4193
  ...([
    ['10.0.0.0', 8],
    ['172.16.0.0', 12],
    ['192.168.0.0', 16],
    ['100.64.0.0', 10],
    ['fc00::', 7],
  ] as const),
]

/** How many bits of a prefix fewer than the whole range's still are most of it: `fd00::/8` is half of `fc00::/7`. */
const nearly = 1

type Width = 'narrow' | 'inner' | 'wide'

function widthOf(net: string): Width {
  const [written = '', length] = net.split('/')
  if (length === undefined) return 'narrow'
  const address = ipaddr.parse(written)
  const isMapped = address instanceof ipaddr.IPv6 && address.isIPv4MappedAddress()
  const plain = isMapped ? address.toIPv4Address() : address
  const prefix = Number(length) - (isMapped ? 96 : 0)
  for (const [from, whole] of inner) {
    const start = ipaddr.parse(from)
    if (start.kind() !== plain.kind() || prefix < whole || !plain.match(start, whole)) continue
    return prefix <= whole + nearly ? 'inner' : 'narrow'
  }
  return prefix >= widest[plain.kind()] ? 'narrow' : 'wide'
}

/** Whose forwarding headers are believed that need not be. */
export function proxyFindings(trustProxy: TrustProxy): readonly Noticed[] {
  const place = 'trustProxy'
  if (trustProxy === false) return []
  if (typeof trustProxy === 'number') {
    const problem = `whoever reaches the port says where a request comes from: the last ${trustProxy} are believed, whoever they are`
    return [
      {
        rule: 'proxies-wide',
        severity: 'info',
        place,
        problem,
        mend: 'list the addresses of the proxies, unless nobody else can reach the port',
      },
    ]
  }
  return trustProxy.flatMap((net): readonly Noticed[] => {
    const width = widthOf(net)
    if (width === 'narrow') return []
    if (width === 'inner') {
      const problem = `${net} is a whole private range: every machine in it says where a request comes from`
      return [{ rule: 'proxies-wide', severity: 'low', place, problem, mend: 'list the net of the proxies alone' }]
    }
    const problem = `${net} is believed: a large part of the internet says where its requests come from`
    return [{ rule: 'proxies-wide', place, problem, mend: 'list the net of the proxies alone' }]
  })
}
