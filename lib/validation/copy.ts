import { isPoisonous, refuseDepth, refusePoison, requireClean } from '../poison.js'
import { make } from './convert.js'
import { Issues } from './issues.js'
import type { Place } from './issues.js'
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

/** What was found out about properties of a copy, for whoever asks their conditions. */
export type HeldIssues = Map<object, Map<string, Issues>>

/** How many objects may stand in one another. */
export const deepest = 32

/**
 * Copies what a DTO declares, and nothing else, into instances of its classes: what is not declared cannot reach a
 * handler, however deep it stands. Values of the wrong shape are left as they are, for `check` to refuse.
 */
export class Copier {
  #held: HeldIssues | undefined

  constructor(
    private readonly options: CopyOptions,
    private readonly issues: Issues,
    /** Those of the whole part. Conditions are asked of whole copies: no copy is given up before these are full, as a list that is too long makes them. */
    private readonly whole: Issues = issues,
  ) {}

  /** What is wrong with the names in objects that count only under a condition, which can be asked when the copy is whole. */
  get held(): HeldIssues | undefined {
    return this.#held
  }

  object(source: Source, { target: Target, inputs }: ClassPlan, place?: Place, depth = 0): object {
    if (depth > deepest) refuseDepth()
    const copy = new Target() as Record<string, unknown>
    for (const name of Object.keys(source)) {
      const property = inputs.get(name)
      const value = source[name]
      if (property === undefined) this.#leave(name, place)
      else if (typeof value !== 'object' || value === null) copy[name] = make(value, property.made)
      else if (isConditional(property)) copy[name] = this.#holding(copy, value, property, { within: place, name }, depth)
      else copy[name] = this.#object(value, property, { within: place, name }, depth)
      if (this.whole.isFull) break
    }
    return copy
  }

  #holding(copy: object, value: object, property: PropertyPlan, place: Place, depth: number): unknown {
    const own = new Issues(this.issues.part)
    const held = (this.#held ??= new Map())
    // No plain object: a property may have the name of a member that all objects have.
    const ofCopy = held.get(copy) ?? new Map<string, Issues>()
    held.set(copy, ofCopy.set(property.name, own))
    const copier = new Copier(this.options, own, this.whole)
    copier.#held = held
    return copier.#object(value, property, place, depth)
  }

  #leave(name: string, place: Place | undefined): void {
    if (isPoisonous(name)) refusePoison()
    if (this.options.unknown === 'refuse') this.issues.add({ within: place, name }, 'unknown', 'this property is not known here')
  }

  #object(value: object, { name, nested, made }: PropertyPlan, place: Place, depth: number): unknown {
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
    const elements = value as readonly unknown[]
    for (let name = 0; name < elements.length && !this.whole.isFull; name += 1) {
      copies.push(this.#element(elements[name], nested, { within: place, name }, depth + 1))
    }
    return copies
  }

  /** A list in a list is one more list to class-validator, and to nobody else. */
  #element(element: unknown, nested: NestedPlan, place: Place, depth: number): unknown {
    if (isObject(element)) return this.object(element, nested.plan, place, depth)
    return Array.isArray(element) && nested.form === 'either' ? this.#nested(element, nested, place, depth) : element
  }

  #refuseLength(name: string, place: Place): undefined {
    this.whole.addLast(place, 'arrayMaxSize', `${name} must contain no more than ${this.options.maxItems} elements`)
  }
}

function isConditional({ nested, ownConditions }: PropertyPlan): boolean {
  return nested !== undefined && ownConditions.length > 0
}

/** Whether a value is an object, lists apart. */
export function isObject(value: unknown): value is Source {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
