import type { StandardSchemaV1 } from '@standard-schema/spec'
import { brand } from '../brand.js'
import { propertyRecorder } from '../decorator.js'
import type { Class, PropertyRecorder } from '../decorator.js'
import { declaredMembers, kind, ownMemberDeclarations } from '../policy.js'

/** The types of single values. */
export type ValueType = StringConstructor | NumberConstructor | BooleanConstructor | BigIntConstructor | DateConstructor

/**
 * What may leave: a class with `@Expose` properties, a list of one (`[OrderView]`), an object of them
 * (`{ data: [OrderView], total: Number }`), a single value (`String`), a Standard Schema, or what has no properties to choose from:
 * `unshaped('text/csv')`.
 */
export type View = Class | ValueType | readonly [View] | { readonly [name: string]: View } | StandardSchemaV1 | Unshaped

/** A text, bytes or a stream of one media type, as a view. */
export class Unshaped {
  static {
    brand(this, 'Unshaped')
  }

  constructor(readonly mediaType: string) {}
}

/**
 * The view of an answer that is no JSON: `@Returns(unshaped('text/html'))`. It leaves as `reply` was given it; an answer of another
 * type, or one that holds a value, does not fit.
 */
export function unshaped(mediaType: string): Unshaped {
  return new Unshaped(mediaType.toLowerCase())
}

/** Gives the view of a property; a function, since the class may stand further down. */
export type ViewOf = () => View

const exposeKind = kind<{ readonly view: ViewOf | undefined }>('Expose')
const visibleKind = kind<{ readonly permissions: readonly string[] }>('Visible')

/**
 * The property leaves, where a route `@Returns` its class: a text, number, boolean, bigint, date, null, or a list of those. What holds
 * more says which of it leaves too: `@Expose(() => AddressView)`, `@Expose(() => [ItemView])`.
 */
export function Expose(view?: ViewOf): PropertyRecorder {
  return propertyRecorder({ kind: exposeKind, value: { view } })
}

/** The property leaves for callers with all of these permissions, and for others it is not there. */
export function Visible(...permissions: readonly string[]): PropertyRecorder {
  return propertyRecorder({ kind: visibleKind, value: { permissions } })
}

/** One property of a view. */
export interface ViewProperty {
  readonly name: string
  readonly view: View | undefined
  /** Who sees it: nobody without all of them. Everybody where there are none. */
  readonly permissions: readonly string[]
}

/** What a class exposes, its parents' properties first. */
export function propertiesOf(target: Class): readonly ViewProperty[] {
  return declaredMembers(target).flatMap((name) => {
    const exposed = ownMemberDeclarations(target, name, exposeKind)[0]
    const permissions = ownMemberDeclarations(target, name, visibleKind).flatMap((one) => one.permissions)
    return exposed === undefined && permissions.length === 0 ? [] : [{ name, view: exposed?.view?.(), permissions }]
  })
}

export function isSchema(view: View): view is StandardSchemaV1 {
  return (typeof view === 'object' || typeof view === 'function') && view !== null && '~standard' in view
}
