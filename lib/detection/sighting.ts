import type { AuditLog, RecordFacts } from '../audit/audit-log.js'
import { seenLog } from '../audit/seen-log.js'
import type { MonitoredRequest, Settlement } from '../monitor.js'
import type { AddressGroup } from '../rate-limit/address-group.js'

/** One request or security event, as rules of detection see it. */
export interface Sighting {
  /** Of the answer; undefined for an event that is no request. */
  readonly status: number | undefined
  /** An event of the OWASP logging vocabulary, where it is one. */
  readonly event: string | undefined
  /** The route's template; empty where none was found. */
  readonly route: string
  /** As it is. */
  readonly address: string | undefined
  /** As it is counted: IPv6 by its first 64 bits. */
  readonly network: string | undefined
  /** Who calls, or whom a login claims to be. */
  readonly account: string | undefined
  /** Whether the account has proved who it is. */
  readonly isVerified: boolean
}

/** Whom a request claims to be, where nobody has proved anything: the user name of a login. */
export type AccountOf = (request: MonitoredRequest) => string | undefined

/** How much of a name is kept: a client decides how long it is. */
const longestAccount = 200

/** The property `username` of a validated body, in lower case. */
export function claimedUsername(request: MonitoredRequest): string | undefined {
  const body = request.provided('body')
  const name = typeof body === 'object' && body !== null && 'username' in body ? body.username : undefined
  return typeof name === 'string' ? name.trim().toLowerCase() : undefined
}

export function sightingOf(
  request: MonitoredRequest,
  { status, event }: Settlement,
  how: { readonly groupOf: AddressGroup; readonly accountOf: AccountOf },
): Sighting {
  const { client, principal, route } = request
  const isVerified = principal.kind !== 'anonymous'
  const account = isVerified ? verified(principal) : how.accountOf(request)?.slice(0, longestAccount)
  const network = how.groupOf(client.address)
  return { status, event, route: route.path, address: client.address, network, account, isVerified }
}

/** Two callers are the same when issuer and id are. */
function verified({ id, issuer }: MonitoredRequest['principal']): string {
  return issuer === undefined ? id : `${id} of ${issuer}`
}

/** The log itself, and a look at the security events that are written to it. `see` must not throw. */
export function tapped(log: AuditLog, groupOf: AddressGroup, see: (sighting: () => Sighting) => void): AuditLog {
  // Records of requests are passed over: a request is seen by itself.
  return seenLog(log, (_line, facts) => {
    if (facts.kind === 'event') see(() => sightingIn(facts, groupOf))
  })
}

function sightingIn({ event, requestId, principalId, ...about }: RecordFacts, groupOf: AddressGroup): Sighting {
  // The request that it happened in is seen by itself, with its address.
  const address = requestId === undefined ? about.address : undefined
  const network = address === undefined ? undefined : groupOf(address)
  return { status: undefined, event, route: '', address, network, account: principalId, isVerified: false }
}
