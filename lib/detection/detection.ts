import type { AuditLog } from '../audit/audit-log.js'
import type { SecurityEvents } from '../audit/security-events.js'
import { levelOf } from '../audit/vocabulary.js'
import type { Clock, Logger } from '../context.js'
import { millisecondsOf } from '../duration.js'
import type { Duration } from '../duration.js'
import type { Mistake } from '../errors.js'
import type { Monitor } from '../monitor.js'
import { addressGroup } from '../rate-limit/address-group.js'
import type { AddressPrefix } from '../rate-limit/address-group.js'
import { parseLimits } from '../rate-limit/limit.js'
import { Detector } from './detector.js'
import type { Detection } from './detector.js'
import { usualRules } from './rules.js'
import type { DetectionRule } from './rules.js'
import { claimedUsername, sightingOf, tapped } from './sighting.js'
import type { AccountOf, Sighting } from './sighting.js'

/** What is noticed in the stream of requests and security events. `{}` switches it on. */
export interface DetectionOptions {
  /** @default usualRules() */
  readonly rules?: readonly DetectionRule[]
  /** Told of each detection, after the reply; never more than 16 at a time: what comes while so many are not done is only recorded. */
  readonly onDetection?: (detection: Detection) => void | Promise<void>
  /** How long a rule is silent about an address or account that it has told of: up to 30 days. @default '15 min' */
  readonly coolDown?: Duration
  /** Whom a request claims to be, where nobody is known. @default the property `username` of its validated body, in lower case */
  readonly accountOf?: AccountOf
  /** How many counters are kept, 1,000 or more; each takes 110 to 170 bytes. @default 20,000 */
  readonly capacity?: number
}

/** What detection needs of the rest of the API. */
export interface DetectionServices {
  readonly clock: Clock
  readonly logger: Pick<Logger, 'error'>
  /** Where detections are recorded; not what `tap` gave, or they would be detected themselves. */
  readonly events: SecurityEvents
  readonly addressPrefix: AddressPrefix | undefined
  /** Tells monitors. */
  readonly detected: (detection: Detection) => void
}

/** Detection, ready for one API. */
export interface RunningDetection {
  readonly monitor: Monitor
  /** The log, with an eye on the security events in it. */
  tap(log: AuditLog): AuditLog
}

const mostHooks = 16
const longestCoolDown = 30 * 86_400_000
const usualCoolDown = 900_000

/** Counts what requests come to, and tells where a rule's limit is passed. Nothing of it can fail or delay a request. */
export function detection(options: DetectionOptions, services: DetectionServices): RunningDetection {
  const { clock, logger, events } = services
  const { rules = usualRules(), coolDown = usualCoolDown, accountOf = claimedUsername, capacity = 20_000 } = options
  const tell = hook(options.onDetection, logger)
  const groupOf = addressGroup(services.addressPrefix)
  const wholeSeconds = Math.ceil((millisecondsOf(coolDown, longestCoolDown) ?? usualCoolDown) / 1_000) * 1_000
  const detector = new Detector({ rules, coolDown: wholeSeconds, capacity, clock, raise })
  let isReported = false

  function raise(found: Detection): void {
    const { rule, event, limit, subject, route } = found
    events.record(event, { ...who(found), reason: rule, detail: { limit, subject, route } })
    services.detected(found)
    tell(found)
  }

  /** A rule of the application's own may throw. */
  function see(sighting: () => Sighting): void {
    try {
      detector.see(sighting())
    } catch (error) {
      if (!isReported) logger.error('a rule of detection failed; further failures are not logged', { error })
      isReported = true
    }
  }

  return {
    monitor: {
      requestSettled: (request, settlement) => see(() => sightingOf(request, settlement, { groupOf, accountOf })),
    },
    tap: (log) => tapped(log, groupOf, see),
  }
}

function who({ address, account }: Detection): { address?: string; principalId?: string } {
  return { ...(address === undefined ? {} : { address }), ...(account === undefined ? {} : { principalId: account }) }
}

/** Calls the application's hook after the request, and leaves it alone while it has too much to do. */
function hook(onDetection: DetectionOptions['onDetection'], logger: Pick<Logger, 'error'>): (detection: Detection) => void {
  let running = 0
  return function tell(found) {
    if (onDetection === undefined) return
    if (running >= mostHooks) {
      logger.error('onDetection is still busy: a detection is only recorded', { rule: found.rule })
      return
    }
    running += 1
    setImmediate(() => void call(onDetection, found))
  }

  async function call(listener: NonNullable<DetectionOptions['onDetection']>, found: Detection): Promise<void> {
    try {
      await listener(found)
    } catch (error) {
      logger.error('onDetection failed', { rule: found.rule, error })
    } finally {
      running -= 1
    }
  }
}

/** What is wrong with the options. */
export function detectionMistakes(options: DetectionOptions): readonly Mistake[] {
  const { rules = [], coolDown = usualCoolDown, capacity = 20_000, onDetection } = options
  const mistakes: Mistake[] = []
  const say = (name: string, problem: string, mend: string) => mistakes.push({ place: `detection.${name}`, problem, mend })
  if (millisecondsOf(coolDown, longestCoolDown) === undefined) {
    say('coolDown', `${JSON.stringify(coolDown)} is no time up to 30 days`, "write such as '15 min'")
  }
  if (!Number.isSafeInteger(capacity) || capacity < 1_000 || capacity > 10_000_000) {
    say('capacity', `${capacity} is no number of counters`, 'write one from 1,000 to 10,000,000')
  }
  if (!['undefined', 'function'].includes(typeof onDetection)) say('onDetection', 'this is no function', 'write (detection) => { … }')
  const names = rules.map(({ name }) => name)
  for (const [index, rule] of rules.entries()) {
    const problem = problemOf(rule)
    if (problem !== undefined) say(`rules[${index}]`, ...problem)
    else if (names.indexOf(rule.name) !== index)
      say(`rules[${index}]`, `another rule is called ${rule.name}`, 'give one of them another name')
  }
  return mistakes
}

function problemOf({ name, event, limit, by, counts }: DetectionRule): [problem: string, mend: string] | undefined {
  if (typeof name !== 'string' || name === '') return ['it has no name', "give it one, such as 'orders-scraped'"]
  if (levelOf(event) === undefined)
    return [`${JSON.stringify(event)} is no event of the vocabulary`, "name one, such as 'malicious_excess_404'"]
  if (typeof by !== 'function' || typeof counts !== 'function') return ['by or counts is no function', 'say whom it counts, and what']
  try {
    parseLimits(limit)
    return undefined
  } catch (error) {
    return [(error as Error).message, "write a limit, such as '50 per minute'"]
  }
}
