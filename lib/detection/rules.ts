import type { SecurityEvent } from '../audit/vocabulary.js'
import type { LimitString } from '../rate-limit/limit.js'
import type { Sighting } from './sighting.js'

/** What is worth noticing: too many sightings of one kind, of one address or account. */
export interface DetectionRule {
  /** Stands in detections and records; no other rule may have it. */
  readonly name: string
  /** What it is called in the OWASP logging vocabulary. */
  readonly event: SecurityEvent
  /** More than this is detected: `'50 per minute'`. */
  readonly limit: LimitString
  /** Whom a sighting is counted for; undefined leaves it out. */
  readonly by: (sighting: Sighting) => string | undefined
  /** Whether a sighting is counted. */
  readonly counts: (sighting: Sighting) => boolean
  /** Of sightings for which this is the same, one is counted in each window. @default each counts */
  readonly distinct?: (sighting: Sighting) => string | undefined
  /** Detects only when this comes after as many as the limit: the success after failures. @default one more than the limit */
  readonly raisedBy?: (sighting: Sighting) => boolean
}

const limits = {
  'refusals-by-address': '100 per minute',
  'failed-logins-by-address': '20 per 5 minutes',
  'failed-logins-on-account': '10 per 15 minutes',
  'denials-by-account': '20 per 5 minutes',
  'enumeration-by-address': '50 per minute',
  'enumeration-by-account': '50 per minute',
  'account-from-many-addresses': '10 per hour',
  'success-after-failures-on-account': '5 per 10 minutes',
  'success-after-failures-by-address': '20 per 10 minutes',
} as const satisfies Readonly<Record<string, LimitString>>

/** A rule that the SDK brings along. */
export type UsualRule = keyof typeof limits

/**
 * The rules that the SDK brings along, with limits of your own or without some of them:
 * `usualRules({ 'enumeration-by-address': '20 per minute', 'denials-by-account': false })`.
 */
export function usualRules(changed: Readonly<Partial<Record<UsualRule, LimitString | false>>> = {}): readonly DetectionRule[] {
  const names = Object.keys(limits) as UsualRule[]
  return names.flatMap((name) => {
    const limit = changed[name] ?? limits[name]
    return limit === false ? [] : [{ ...kinds[name], name, limit }]
  })
}

const byNetwork = ({ network }: Sighting) => network
const byAccount = ({ account }: Sighting) => account
const byVerified = ({ account, isVerified }: Sighting) => (isVerified ? account : undefined)

const isFailedLogin = ({ event }: Sighting) => event === 'authn_login_fail'
const isLogin = ({ event }: Sighting) => event === 'authn_login_success'
const isMissing = ({ status }: Sighting) => status === 404
const isRefused = ({ status = 0 }: Sighting) => status >= 400 && status < 500 && status !== 404
const isServed = ({ status = 500 }: Sighting) => status < 400

const kinds: Readonly<Record<UsualRule, Omit<DetectionRule, 'name' | 'limit'>>> = {
  'refusals-by-address': { event: 'excess_rate_limit_exceeded', by: byNetwork, counts: isRefused },
  'failed-logins-by-address': { event: 'authn_login_fail_max', by: byNetwork, counts: isFailedLogin },
  'failed-logins-on-account': { event: 'authn_login_fail_max', by: byAccount, counts: isFailedLogin },
  'denials-by-account': { event: 'authz_fail', by: byVerified, counts: ({ status }) => status === 403 },
  'enumeration-by-address': { event: 'malicious_excess_404', by: byNetwork, counts: isMissing },
  'enumeration-by-account': { event: 'malicious_excess_404', by: byVerified, counts: isMissing },
  // The vocabulary has nothing nearer to an account that is in many places at once.
  'account-from-many-addresses': { event: 'authn_impossible_travel', by: byVerified, counts: isServed, distinct: byNetwork },
  'success-after-failures-on-account': {
    event: 'authn_login_successafterfail',
    by: byAccount,
    counts: isFailedLogin,
    raisedBy: isLogin,
  },
  'success-after-failures-by-address': {
    event: 'authn_login_successafterfail',
    by: byNetwork,
    counts: isFailedLogin,
    raisedBy: isLogin,
  },
}
