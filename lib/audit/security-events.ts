import type { Clock, Context } from '../context.js'
import type { AuditLog } from './audit-log.js'
import { beginnings, recordFormat } from './record-format.js'
import type { RecordFormatName } from './record-format.js'
import { put } from './record-layout.js'
import type { Layout } from './record-layout.js'
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

/**
 * Writes security events to an audit log: `events.record('authn_token_revoked', { context, detail: { count: 3 } })`. Give it what
 * `createApi({ audit })` is given as `redact` and `format`, for all records to be alike.
 */
export function securityEvents(log: AuditLog, clock: Clock, redaction: RedactionOptions = {}, format?: RecordFormatName): SecurityEvents {
  const redactor = new Redactor(redaction)
  const written = recordFormat(format)
  const starts = beginnings(written, { kind: 'event', action: undefined, resource: undefined, path: undefined, name: 'event' })
  const timestamp = timestamps()
  return {
    record(event, facts = {}) {
      const { context, detail, reason } = facts
      const principalId = facts.principalId ?? context?.principal.id
      const address = facts.address ?? context?.address
      const level = levelOf(event)
      const time = clock.now()
      const which = written.choose('event', event)
      const layout = written.layouts[which] as Layout
      const { fields } = layout
      const parts = [...(starts[which] ?? [])]
      parts[0] = `{"${written.time}":"${timestamp(time)}"${parts[0]}`
      put(parts, fields.event, quote(event))
      if (level !== undefined) put(parts, fields.level, `"${level}"`)
      if (context !== undefined) put(parts, fields.request_id, quote(context.requestId))
      if (principalId !== undefined && principalId !== '') put(parts, fields.principal_id, redactor.text(principalId))
      if (address !== undefined && address !== '') put(parts, fields.address, quote(address))
      if (reason !== undefined) put(parts, fields.reason, redactor.text(reason))
      if (detail !== undefined) put(parts, fields.detail, redactor.json(detail))
      const principalKind = principalId === undefined || principalId === '' ? 'anonymous' : (context?.principal.kind ?? 'user')
      written.derive?.(which, parts, { kind: 'event', event, level, outcome: undefined, method: '', principalKind, time })
      log.write(layout.close(parts), { kind: 'event', event, address, principalId, requestId: context?.requestId })
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
