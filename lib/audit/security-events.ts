import type { Clock, Context } from '../context.js'
import type { AuditLog } from './audit-log.js'
import { quote, Redactor } from './redact.js'
import type { RedactionOptions } from './secrets.js'
import { timestamps } from './timestamps.js'
import { levelOf } from './vocabulary.js'
import type { SecurityEvent } from './vocabulary.js'

/** What is known of an event. */
export interface EventFacts {
  /** The request that it happened in: gives the record its request id, principal and address. */
  readonly context?: Pick<Context, 'requestId' | 'principal' | 'address'>
  /** Who it happened to, where that is not the context's principal: the user name of a failed login. */
  readonly principalId?: string
  readonly address?: string
  readonly reason?: string
  /** Anything else worth keeping; secrets in it are masked. */
  readonly detail?: Readonly<Record<string, unknown>>
}

/** Records what happens outside of requests, or more than once in one. */
export interface SecurityEvents {
  /** Writes one record of kind `event`, at the level that the vocabulary gives it. Never throws. */
  record(event: SecurityEvent, facts?: EventFacts): void
}

/** Writes security events to an audit log: `events.record('authn_token_revoked', { context, detail: { count: 3 } })`. */
export function securityEvents(log: AuditLog, clock: Clock, redaction: RedactionOptions = {}): SecurityEvents {
  const redactor = new Redactor(redaction)
  const timestamp = timestamps()
  return {
    record(event, facts = {}) {
      const { context, detail, reason } = facts
      const principalId = facts.principalId ?? context?.principal.id
      const address = facts.address ?? context?.address
      let line = `{"timestamp":"${timestamp(clock.now())}","kind":"event","event":${quote(event)}`
      const level = levelOf(event)
      if (level !== undefined) line += `,"level":"${level}"`
      if (context !== undefined) line += `,"request_id":${quote(context.requestId)}`
      if (principalId !== undefined && principalId !== '') line += `,"principal_id":${redactor.text(principalId)}`
      if (address !== undefined) line += `,"address":${quote(address)}`
      if (reason !== undefined) line += `,"reason":${redactor.text(reason)}`
      if (detail !== undefined) line += `,"detail":${redactor.json(detail)}`
      log.write(`${line}}`, { kind: 'event', event })
    },
  }
}

/**
 * Says what the request at hand is, for its own record: `noteEvent(context, 'authn_login_success')`. The last word
 * counts; a refusal's own event takes precedence.
 */
export function noteEvent(context: Pick<Context, 'requestId'>, event: SecurityEvent): void {
  if ('event' in context) context.event = event
}
