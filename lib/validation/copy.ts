import { isPoisonous, refuseDepth, refusePoison, requireClean } from '../poison.js'
import { make } from './convert.js'
import { Issues, segment } from './issues.js'
import type { Place } from './issues.js'
import type { ClassPlan, PropertyPlan } from './plan.js'
import type { QuickClass, QuickProperty, QuickReader } from './quick-read.js'
import { deepest, isObject } from './source.js'
import type { CopyOptions, Source, UnknownProperties } from './source.js'
import { Stop, unsure } from './stop.js'
import { unknownProperty } from './unknown-property.js'

/** What was found out about properties of a copy, for whoever asks their conditions. */
export type HeldIssues = Map<object, Map<string, Issues>>

/** What a copy and all copies that it holds have in common. */
interface Findings {
  /** The properties that were sent and are not plainly right, by the copy that they belong to. */
  readonly doubts: Map<object, readonly PropertyPlan[]>
  held: HeldIssues | undefined
  /** Whether there are so many doubts that looking for what is right costs more than it saves. */
  isLost: boolean
}

/**
 * Of so many copies it is kept what is doubtful in them; of what comes then, everything is asked. Mistakes of a client are few, and of an
 * attacker no more are told than there is room for: then asking ends.
 */
const mostDoubts = 32

const none: readonly never[] = Object.freeze([])

/**
 * Goes on where quick reading stopped. Copies what a DTO declares, and nothing else, into instances of its classes: what is not declared
 * cannot reach a handler, however deep it stands. Values of the wrong shape are left as they are, for `check` to refuse.
 */
export class Copier {
  constructor(
    private readonly reader: QuickReader,
    private readonly options: CopyOptions,
    private readonly issues: Issues,
    /** Those of the whole part. Conditions are asked of whole copies: no copy is given up before these are full, as a list that is too long makes them. */
    private readonly whole: Issues = issues,
    private readonly findings: Findings = { doubts: new Map(), held: undefined, isLost: false },
  ) {}

  /** What is wrong with the names in objects that count only under a condition, which can be asked when the copy is whole. */
  get held(): HeldIssues | undefined {
    return this.findings.held
  }

  get unknown(): UnknownProperties {
    return this.options.unknown
  }

  /** The properties of a copy that remain to be asked about; what was read at once is right. */
  remaining(copy: object, plan: ClassPlan): readonly PropertyPlan[] {
    const own = this.findings.doubts.get(copy)
    const later = this.reader.later.get(plan) ?? none
    if (own === undefined) return this.findings.isLost ? plan.properties : later
    const remaining: PropertyPlan[] = []
    for (const one of plan.properties) {
      if (own.includes(one) || later.includes(one) || this.#isMissing(copy as Source, one)) remaining.push(one)
    }
    return remaining
  }

  #isMissing(copy: Source, property: PropertyPlan): boolean {
    return copy[property.name] === undefined && this.reader.required.has(property)
  }

  /** Copies the rest of an object, or all of it where nothing was begun. */
  resume(source: Source, of: QuickClass, stop: Stop, place?: Place, depth = 0): object {
    if (depth > deepest) refuseDepth()
    const copy = (stop.copy ?? new of.target()) as Record<string, unknown>
    const doubts = this.#doubtsOf(copy)
    let isAhead = stop.copy !== undefined
    if (isAhead && stop.name === undefined) return copy
    for (const name of Object.keys(source)) {
      if (isAhead && name !== stop.name) continue
      const property = of.byName.get(name)
      if (property === undefined) this.#leave(name, place)
      else {
        const value = source[name]
        const found = isAhead ? stop.inner : this.#value(value, property, depth)
        if (found instanceof Stop) {
          doubts?.push(property.plan)
          copy[name] = isScalar(value) ? make(value, property.made) : this.#doubtful(copy, value, property, found, place, depth)
        } else copy[name] = found
      }
      isAhead = false
      if (this.whole.isFull) break
    }
    return copy
  }

  #doubtsOf(copy: object): PropertyPlan[] | undefined {
    if (this.findings.isLost) return undefined
    const { doubts } = this.findings
    const own: PropertyPlan[] = []
    this.findings.isLost = doubts.set(copy, own).size >= mostDoubts
    return own
  }

  #value(value: unknown, property: QuickProperty, depth: number): unknown {
    return this.findings.isLost ? unsure : this.reader.value(value, property, depth)
  }

  #doubtful(copy: object, value: object, property: QuickProperty, stop: Stop, within: Place | undefined, depth: number): unknown {
    const place = { within, name: property.plan.segment }
    if (isConditional(property.plan)) return this.#holding(copy, property).#object(value, property, stop, place, depth)
    return this.#object(value, property, stop, place, depth)
  }

  /** Keeps what is wrong in a conditional object apart: nobody knows yet whether it counts. */
  #holding(copy: object, { name }: QuickProperty): Copier {
    const own = new Issues(this.issues.part)
    const held = (this.findings.held ??= new Map())
    // No plain object: a property may have the name of a member that all objects have.
    const ofCopy = held.get(copy) ?? new Map<string, Issues>()
    held.set(copy, ofCopy.set(name, own))
    return new Copier(this.reader, this.options, own, this.whole, this.findings)
  }

  #leave(name: string, place: Place | undefined): void {
    if (isPoisonous(name)) refusePoison()
    if (this.unknown === 'drop') return
    this.issues.add({ within: place, name: segment(name) }, unknownProperty.code, unknownProperty.message)
  }

  #object(value: object, property: QuickProperty, stop: Stop, place: Place, depth: number): unknown {
    const { name, nested, made } = property
    if (Array.isArray(value) && value.length > this.options.maxItems) return this.#refuseLength(name, place)
    if (nested !== undefined) return this.#nested(value, property, nested, stop, place, depth)
    if (requireClean(value) > this.options.maxItems) return this.#refuseLength(name, place)
    return made !== undefined && Array.isArray(value) ? value.map((element) => make(element, made)) : value
  }

  #nested(value: object, property: QuickProperty, of: QuickClass, stop: Stop, place: Place, depth: number): unknown {
    if (depth > deepest) refuseDepth()
    const form = property.plan.nested?.form
    if (isObject(value)) {
      if (form === 'list') return value
      const found = this.#read(value, property, of, stop, depth + 1)
      return found instanceof Stop ? this.resume(value, of, found, place, depth + 1) : found
    }
    if (form === 'one') return value
    const elements = value as readonly unknown[]
    // Lists in lists are as long as others.
    if (elements.length > this.options.maxItems) return this.#refuseLength(property.name, place)
    const copies = (stop.copy ?? []) as unknown[]
    let begun = stop.inner ?? unsure
    for (let name = copies.length; name < elements.length && !this.whole.isFull; name += 1) {
      const element = elements[name]
      const found = this.#read(element, property, of, begun, depth + 1)
      copies.push(found instanceof Stop ? this.#element(element, property, of, found, { within: place, name }, depth + 1) : found)
      begun = unsure
    }
    return copies
  }

  /** What can be had of a value at once. A list in a list is one more list to class-validator, and to nobody else. */
  #read(value: unknown, { plan }: QuickProperty, of: QuickClass, stop: Stop, depth: number): unknown {
    if (isObject(value)) return stop === unsure && !this.findings.isLost ? this.reader.object(value, of, depth) : stop
    return Array.isArray(value) && plan.nested?.form === 'either' ? unsure : value
  }

  #element(value: unknown, property: QuickProperty, of: QuickClass, stop: Stop, place: Place, depth: number): unknown {
    return isObject(value) ? this.resume(value, of, stop, place, depth) : this.#nested(value as object, property, of, stop, place, depth)
  }

  #refuseLength(name: string, place: Place): undefined {
    this.whole.addLast(place, 'arrayMaxSize', `${name} must contain no more than ${this.options.maxItems} elements`)
  }
}

function isConditional({ nested, ownConditions }: PropertyPlan): boolean {
  return nested !== undefined && ownConditions.length > 0
}

function isScalar(value: unknown): value is string | number | boolean | null | undefined {
  return typeof value !== 'object' || value === null
}
