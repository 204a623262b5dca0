import { Answer } from '../answer.js'
import type { Exchange } from '../exchange.js'
import type { RouteSetup, Step } from '../protection.js'
import { changesBetween, leavesOf } from './changes.js'
import type { Leaves } from './changes.js'
import { auditKind } from './declaration.js'
import { redactorWith } from './redact.js'
import type { Redactor } from './redact.js'
import type { RedactionOptions } from './secrets.js'

/** What `exchange.changed` holds: sides that were read when they were told. */
interface ReadSides {
  readonly before?: Leaves
  readonly after?: Leaves
}

/** The steps right before and right after a handler, where there are any. */
export interface ChangeReading {
  readonly before: readonly Step[]
  readonly after: readonly Step[]
}

/**
 * Reads what the handler is about to change, and what it has made of it, for the records of an audited route. `sensitive` are the names that
 * the class of its body calls so: what a handler copies out of it is of no class any more.
 */
export function changeReading(
  { policy }: Pick<RouteSetup, 'policy'>,
  redact: RedactionOptions | undefined,
  sensitive: readonly string[],
): ChangeReading {
  const declared = policy.nearest(auditKind)
  if (declared === undefined) return { before: [], after: [] }
  const redactor = redactorWith({ keys: [...(declared.redact ?? []), ...sensitive] }, redact)
  const snapshot = (value: unknown) => leavesOf(value, redactor)

  function allowAudit(exchange: Exchange): void {
    exchange.snapshot = snapshot
  }

  function readBefore(exchange: Exchange): void {
    exchange.snapshot = snapshot
    const resource = exchange.provided('resource')
    if (resource !== undefined) exchange.changed = { before: snapshot(resource) }
  }

  function readAfter(exchange: Exchange): void {
    const { changed, result } = exchange
    if (changed?.before === undefined || changed.after !== undefined) return
    const body = result instanceof Answer ? result.body : result
    const isShown = typeof body === 'object' && body !== null && !('pipe' in body)
    exchange.shown = snapshot(isShown ? body : exchange.provided('resource'))
    exchange.isShownWhole = !isShown
  }

  return declared.diff === true ? { before: [readBefore], after: [readAfter] } : { before: [allowAudit], after: [] }
}

/** What the handler said, and for what it did not say, what was read before and after it. */
export function changesOf({ changed, shown, isShownWhole }: Exchange, redactor: Redactor): string | undefined {
  const { before, after } = (changed ?? {}) as ReadSides
  if (after !== undefined) return changesBetween(before ?? new Map(), after, true, redactor)
  if (before === undefined || shown === undefined) return undefined
  return changesBetween(before, shown as Leaves, isShownWhole, redactor)
}
