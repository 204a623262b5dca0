import type { Awaitable } from '../../state/state-store.js'
import type { StatedCaller } from '../../stated-caller.js'
import type { TestIssuer } from '../test-issuer.js'

/** Input that a route takes. */
export interface SampleInput {
  readonly params?: Readonly<Record<string, string>>
  readonly query?: Readonly<Record<string, string>>
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: unknown
}

/** A request about one object, by somebody. */
export interface ObjectCall extends SampleInput {
  readonly as: StatedCaller
}

/** Makes what a case is about, and says how to ask for it. */
export interface ObjectCalls {
  /** About an object that is the caller's. */
  readonly own: () => Awaitable<ObjectCall>
  /** About an object of somebody else, or of another tenant. */
  readonly foreign: () => Awaitable<ObjectCall>
}

/** What the tests of an API cannot know by themselves. */
export interface SecurityTestOptions {
  /** Signs what the API takes, so that forged and expired tokens can be tried. */
  readonly issuer?: TestIssuer
  /** Input by handler, `'OrdersController.create'`, where rules do not tell what is valid. @default made of the rules of DTO classes */
  readonly samples?: Readonly<Record<string, SampleInput>>
  /** Objects by handler, for routes with `@Authorize`. */
  readonly objects?: Readonly<Record<string, ObjectCalls>>
  /** Typical callers by name; with them, each closed route must stand in `mayUse`. */
  readonly callers?: Readonly<Record<string, StatedCaller>>
  /** Which of the callers may use a route, by handler: what was decided, apart from what decorators say. */
  readonly mayUse?: Readonly<Record<string, readonly string[]>>
  /** The most calls that one case makes to reach a limit. @default 1000 */
  readonly mostCalls?: number
  /** Cases that are not to be run, by name, and the reason of each. A name that no case has fails. */
  readonly accepted?: Readonly<Record<string, string>>
}
