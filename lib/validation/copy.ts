import { isPoisonous, refuseDepth, refusePoison, requireClean } from '../poison.js'
import { toDate } from './convert.js'
import type { Issues, Place } from './issues.js'
import type { ClassPlan, PropertyPlan } from './plan.js'

/** What happens to properties without rules. */
export type UnknownProperties = 'refuse' | 'drop'

/** An object as it was sent. */
export type Source = Readonly<Record<string, unknown>>

const deepest = 32

/**
 * Copies what a DTO declares, and nothing else, into instances of its classes: what is not declared cannot reach a
 * handler, however deep it stands. Values of the wrong shape are left as they are, for `check` to refuse.
 */
export class Copier {
  constructor(
    private readonly unknown: UnknownProperties,
    private readonly issues: Issues,
  ) {}

  object(source: Source, { target: Target, inputs }: ClassPlan, place?: Place, depth = 0): object {
    if (depth > deepest) refuseDepth()
    const copy = new Target() as Record<string, unknown>
    for (const name of Object.keys(source)) {
      const property = inputs.get(name)
      if (property === undefined) this.#leave(name, place)
      else copy[name] = this.#value(source[name], property, place, depth)
    }
    return copy
  }

  #leave(name: string, place: Place | undefined): void {
    if (isPoisonous(name)) refusePoison()
    if (this.unknown === 'refuse') this.issues.add({ within: place, name }, 'unknown', 'this property is not known here')
  }

  #value(value: unknown, property: PropertyPlan, place: Place | undefined, depth: number): unknown {
    const { name, nested } = property
    if (typeof value !== 'object' || value === null) return property.isDate ? toDate(value) : value
    if (nested === undefined) {
      requireClean(value)
      return property.isDate && Array.isArray(value) ? value.map(toDate) : value
    }
    if (property.isList !== Array.isArray(value)) return value
    const own = { within: place, name }
    if (!property.isList) return this.object(value as Source, nested, own, depth + 1)
    return this.#list(value as readonly unknown[], nested, own, depth + 1)
  }

  #list(values: readonly unknown[], nested: ClassPlan, place: Place, depth: number): unknown[] {
    const copies: unknown[] = []
    for (const [name, value] of values.entries()) {
      if (this.issues.isFull) break
      copies.push(isObject(value) ? this.object(value, nested, { within: place, name }, depth) : value)
    }
    return copies
  }
}

/** Whether a value is an object, lists apart. */
export function isObject(value: unknown): value is Source {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
