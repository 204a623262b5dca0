import type { TrustProxy } from '../../transport/client.js'
import type { Noticed } from './finding.js'

/** Whole nets that no address of the internet is in (RFC 1918, RFC 4193), and that every machine of a data centre may be in. */
const privateNets: ReadonlySet<string> = new Set(['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', 'fc00::/7', 'fd00::/8'])

/** The shortest prefixes that one operator's proxies need. */
const widest = { ipv4: 12, ipv6: 29 } as const

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
    if (privateNets.has(net.toLowerCase())) {
      const problem = `${net} is a whole private range: every machine in it says where a request comes from`
      return [{ rule: 'proxies-wide', severity: 'low', place, problem, mend: 'list the net of the proxies alone' }]
    }
    const [, length] = net.split('/')
    if (length === undefined || Number(length) >= (net.includes(':') ? widest.ipv6 : widest.ipv4)) return []
    const problem = `${net} is believed: a large part of the internet says where its requests come from`
    return [{ rule: 'proxies-wide', place, problem, mend: 'list the net of the proxies alone' }]
  })
}
