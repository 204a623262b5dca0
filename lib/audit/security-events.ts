import type { Clock, Context } from '../context.js'
import type { AuditLog } from './audit-log.js'
import { beginnings, heads, recordFormat } from './record-format.js'
import type { RecordFormatName } from './record-format.js'
import { put, putPiece, putText } from './record-layout.js'
import type { Layout, Piece } from './record-layout.js'
import { Redactor } from './redact.js'
import type { RedactionOptions } from './secrets.js'
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
  const headOf = heads(written)
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
      const parts = layout.begin(headOf(time))
      putPiece(parts, starts[which] as Piece)
      putText(parts, fields.event, event)
      if (level !== undefined) put(parts, fields.level, `"${level}"`)
      if (context !== undefined) putText(parts, fields.request_id, context.requestId)
      if (principalId !== undefined && principalId !== '') put(parts, fields.principal_id, redactor.text(principalId))
      if (address !== undefined && address !== '') putText(parts, fields.address, address)
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
