import { isPoisonous, refuseDepth, refusePoison, requireClean } from '../poison.js'
import { make } from './convert.js'
import type { Issues, Place } from './issues.js'
import type { ClassPlan, NestedPlan, PropertyPlan } from './plan.js'

/** What happens to properties without rules. */
export type UnknownProperties = 'refuse' | 'drop'

/** How objects are copied. */
export interface CopyOptions {
  readonly unknown: UnknownProperties
  /** The longest list that a property may hold. */
  readonly maxItems: number
}

/** An object as it was sent. */
export type Source = Readonly<Record<string, unknown>>

/** How many objects may stand in one another. */
export const deepest = 32

/**
 * Copies what a DTO declares, and nothing else, into instances of its classes: what is not declared cannot reach a
 * handler, however deep it stands. Values of the wrong shape are left as they are, for `check` to refuse.
 */
export class Copier {
  constructor(
    private readonly options: CopyOptions,
    private readonly issues: Issues,
  ) {}

  object(source: Source, { target: Target, inputs }: ClassPlan, place?: Place, depth = 0): object {
    if (depth > deepest) refuseDepth()
    const copy = new Target() as Record<string, unknown>
    for (const name of Object.keys(source)) {
      const property = inputs.get(name)
      if (property === undefined) this.#leave(name, place)
      else copy[name] = this.#value(source[name], property, { within: place, name }, depth)
      if (this.issues.isFull) break
    }
    return copy
  }

  #leave(name: string, place: Place | undefined): void {
    if (isPoisonous(name)) refusePoison()
    if (this.options.unknown === 'refuse') this.issues.add({ within: place, name }, 'unknown', 'this property is not known here')
  }

  #value(value: unknown, { name, nested, made }: PropertyPlan, place: Place, depth: number): unknown {
    if (typeof value !== 'object' || value === null) return make(value, made)
    if (Array.isArray(value) && value.length > this.options.maxItems) return this.#refuseLength(name, place)
    if (nested !== undefined) return this.#nested(value, nested, place, depth)
    requireClean(value)
    return made !== undefined && Array.isArray(value) ? value.map((element) => make(element, made)) : value
  }

  #nested(value: object, nested: NestedPlan, place: Place, depth: number): unknown {
    if (depth > deepest) refuseDepth()
    if (isObject(value)) return nested.form === 'list' ? value : this.object(value, nested.plan, place, depth + 1)
    if (nested.form === 'one') return value
    const copies: unknown[] = []
    for (const [name, element] of (value as readonly unknown[]).entries()) {
      if (this.issues.isFull) break
      copies.push(this.#element(element, nested, { within: place, name }, depth + 1))
    }
    return copies
  }

  /** A list in a list is one more list to class-validator, and to nobody else. */
  #element(element: unknown, nested: NestedPlan, place: Place, depth: number): unknown {
    if (isObject(element)) return this.object(element, nested.plan, place, depth)
    return Array.isArray(element) && nested.form === 'either' ? this.#nested(element, nested, place, depth) : element
  }

  #refuseLength(name: string, place: Place): undefined {
    this.issues.addLast(place, 'arrayMaxSize', `${name} must contain no more than ${this.options.maxItems} elements`)
  }
}

/** Whether a value is an object, lists apart. */
export function isObject(value: unknown): value is Source {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
