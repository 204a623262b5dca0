import type { Context } from '../context.js'
import type { RouteDecorator } from '../decorator.js'
import { kind } from '../policy.js'
import type { RouteSetup } from '../protection.js'

/** What an audit record holds besides what every record does. */
export interface AuditDetails {
  /** Whether the validated body is recorded, its secrets masked. @default true */
  readonly body?: boolean
  /** What sort of thing is acted on, such as `order`. */
  readonly resource?: string
  /**
   * Which one is acted on. Called as `detail` is. @default the last parameter of the path; without parameters, the `id` of the object
   * that `@Authorize` loaded
   */
  id?(context: Context, status: number): string | number | undefined
  /**
   * Whether the record of a success says what changed, as `changes`: between the object that `@Authorize` loaded, as it was before the
   * handler ran, and what the handler returned, or else the object as it is then. What the handler says with `context.audit` counts
   * instead, and needs no `diff`. @default false
   */
  readonly diff?: boolean
  /** Names whose values are masked on this route, besides those that always are. */
  readonly redact?: readonly string[]
  /**
   * Whether nothing may happen that is not recorded. Before the handler runs, a record of the intent is on the disk, and before the answer
   * leaves, that of the outcome; both bear the same request id. Where the first cannot be written in time, nothing happens and the answer
   * is 503; where the second cannot, the answer is 503 and the intent stands. @default false
   */
  readonly critical?: boolean
  /**
   * More to record; synchronous. It is called on refusals too, where parts of the input may be missing: when it
   * throws, the record goes without.
   */
  detail?(context: Context, status: number): object
}

/** What one `@Audit` says. */
export interface AuditDeclaration extends AuditDetails {
  readonly action: string
}

export const auditKind = kind<AuditDeclaration>('Audit')

/**
 * Records every request of this route as `action`, with its validated body: `@Audit('order.create')`. On a class it
 * is the default of its methods; the nearest wins. Requests of other routes are recorded too, more shortly, as access.
 */
export function Audit(action: string, details: AuditDetails = {}): RouteDecorator {
  return auditKind.declare({ ...details, action })
}

/** What a route declares, if that can be; reports what cannot. */
export function auditOf(route: RouteSetup): AuditDeclaration | undefined {
  const declared = route.policy.nearest(auditKind)
  if (declared === undefined) return undefined
  const { action, redact = [] } = declared
  if (typeof action !== 'string' || action.trim() === '') {
    route.mistake('@Audit names no action', "say what is done: @Audit('order.create')")
    return undefined
  }
  if (!redact.every((name) => typeof name === 'string' && /[\p{L}\p{N}]/u.test(name))) {
    route.mistake("a name in @Audit's redact names nothing", "list names of members: redact: ['email']")
    return undefined
  }
  for (const name of ['detail', 'id'] as const) {
    if (!['undefined', 'function'].includes(typeof declared[name]))
      route.mistake(`@Audit's ${name} is no function`, `write ${name}: (context, status) => …`)
  }
  if (!['undefined', 'boolean'].includes(typeof declared.critical)) {
    route.mistake("@Audit's critical is neither true nor false", 'write critical: true')
  }
  route.describe('audit', declared.critical === true ? `${action} (critical)` : action)
  return declared
}
