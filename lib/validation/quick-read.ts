import { isPoisonous, requireClean } from '../poison.js'
import { make } from './convert.js'
import type { Made } from './convert.js'
import type { ClassPlan, NestedPlan, PropertyPlan } from './plan.js'
import { fits } from './shape.js'
import type { Shape } from './shape.js'
import { deepest, isObject } from './source.js'
import type { CopyOptions, Source } from './source.js'
import { Stop, unsure } from './stop.js'

/** A property as one look at its value can judge it. */
export interface QuickProperty {
  readonly plan: PropertyPlan
  readonly name: string
  readonly isOptional: boolean
  readonly made: Made | undefined
  /** Without it, nobody can say yes at once. */
  readonly isRequired: boolean
  /** A single value, a list of values, one object, a list of objects, or one object or a list as it comes. */
  readonly form: 'value' | 'values' | 'object' | 'objects' | 'either'
  /** All that is asked, where that is about a single value. */
  readonly plain: Shape | undefined
  /** Of the value as a whole. */
  readonly whole: Shape | undefined
  /** Of each element, where it is a list. */
  readonly each: Shape | undefined
  readonly nested: QuickClass | undefined
}

/** A class as its properties are read. */
export interface QuickClass {
  readonly target: new () => object
  readonly byName: ReadonlyMap<string, QuickProperty>
  /** The properties as they were sent last: clients send them in the same order, which saves looking them up. */
  readonly order: QuickProperty[]
  required: number
}

/** Reads what is plainly right in one go. What it gives is right, or the place where it stopped: from there on, each rule must be asked by itself. */
export interface QuickReader {
  readonly root: QuickClass
  /** A copy of what is declared, in an instance of its class, where the quick rules say yes to all of it; or a `Stop`. */
  object(source: Source, of: QuickClass, depth: number): object
  /** The value of one property, copied; or a `Stop`. */
  value(value: unknown, property: QuickProperty, depth: number): unknown
  /** The properties of which something remains to be asked when they were read, by their class. */
  readonly later: ReadonlyMap<ClassPlan, readonly PropertyPlan[]>
  /** Those that must have come. */
  readonly required: ReadonlySet<PropertyPlan>
}

/** Prepares quick reading. */
export function quickReader(plan: ClassPlan, options: CopyOptions): QuickReader {
  const known = new Map<ClassPlan, QuickClass>()
  const root = quickClass(plan, known)
  const properties = [...known.values()].flatMap(({ byName }) => [...byName.values()])
  const reading: Reading = { ...options, stop: undefined }
  return {
    root,
    object: (source, of, depth) => found(readObject(source, of, reading, depth), reading),
    value: (value, property, depth) => {
      if (property.plain === undefined || typeof value === 'object') return found(readValue(value, property, reading, depth), reading)
      return fits(property.plain, value) ? value : unsure
    },
    later: laterOf(reachable(plan)),
    required: new Set(properties.filter(({ isRequired }) => isRequired).map((property) => property.plan)),
  }
}

function laterOf(plans: readonly ClassPlan[]): ReadonlyMap<ClassPlan, readonly PropertyPlan[]> {
  const withOwn = new Set(plans.filter((plan) => plan.properties.some((property) => isLater(property, plan))))
  // Whatever holds something that is asked later is gone through for it.
  const leads = ({ nested }: PropertyPlan) => nested !== undefined && reachable(nested.plan).some((plan) => withOwn.has(plan))
  const later = plans.map((plan) => [plan, plan.properties.filter((property) => isLater(property, plan) || leads(property))] as const)
  return new Map(later.filter(([, properties]) => properties.length > 0))
}

function reachable(plan: ClassPlan, found: ClassPlan[] = []): readonly ClassPlan[] {
  if (found.includes(plan)) return found
  found.push(plan)
  for (const { nested } of plan.properties) if (nested !== undefined) reachable(nested.plan, found)
  return found
}

/** Whether something remains to be asked of a property: what else than the sent value it may be, or rules that are not quick. */
function isLater(property: PropertyPlan, { unsettled }: ClassPlan): boolean {
  return unsettled.has(property.name) || property.ownConditions.length > 0 || property.rules.some(({ quick }) => quick === undefined)
}

function quickClass(plan: ClassPlan, known: Map<ClassPlan, QuickClass>): QuickClass {
  const before = known.get(plan)
  if (before !== undefined) return before
  const byName = new Map<string, QuickProperty>()
  const made: QuickClass = { target: plan.target, byName, order: [], required: 0 }
  known.set(plan, made)
  for (const property of plan.inputs.values()) {
    const quick = quickProperty(property, isLater(property, plan), known)
    byName.set(property.name, quick)
    made.order.push(quick)
    if (quick.isRequired) made.required += 1
  }
  return made
}

function quickProperty(property: PropertyPlan, isAskedLater: boolean, known: Map<ClassPlan, QuickClass>): QuickProperty {
  const { name, isOptional, made, nested } = property
  // A condition decides whether its rules count at all.
  const { whole, each } = property.ownConditions.length > 0 ? ({} as Partial<PropertyPlan>) : property
  const isPlain = nested === undefined && each === undefined && made === undefined
  const mayBeMissing = isOf(whole, undefined) && isOf(each, undefined) && (nested === undefined || nested.form === 'either')
  return {
    ...{ plan: property, name, isOptional, made, whole, each },
    plain: isPlain ? whole : undefined,
    isRequired: !isOptional && !isAskedLater && !mayBeMissing,
    form: nested === undefined ? (each === undefined ? 'value' : 'values') : formOf(nested),
    nested: nested === undefined ? undefined : quickClass(nested.plan, known),
  }
}

function formOf({ form }: NestedPlan): QuickProperty['form'] {
  return form === 'one' ? 'object' : form === 'list' ? 'objects' : 'either'
}

function isOf(shape: Shape | undefined, value: unknown): boolean {
  return shape === undefined || fits(shape, value)
}

/** How is read, and where reading stopped: success should pay for no more than a comparison with `unsure`. */
interface Reading extends CopyOptions {
  stop: Stop | undefined
}

/** What was read; or where reading stopped, which is forgotten here: it holds what somebody sent. */
function found<Value>(value: Value, reading: Reading): Value | Stop {
  if (value !== unsure) return value
  const { stop = unsure } = reading
  reading.stop = undefined
  return stop
}

function stopped(reading: Reading, copy: object, name?: string): Stop {
  reading.stop = new Stop(copy, name, reading.stop ?? unsure)
  return unsure
}

function readObject(source: Source, of: QuickClass, reading: Reading, depth: number): object {
  if (depth > deepest) return unsure
  const { order, byName } = of
  const copy = new of.target() as Record<string, unknown>
  let index = 0
  let required = 0
  for (const name in source) {
    let property = order[index]
    if (property === undefined || property.name !== name) {
      property = byName.get(name)
      if (property === undefined) {
        if (reading.unknown === 'drop' && !isPoisonous(name)) continue
        return stopped(reading, copy, name)
      }
      if (index < order.length) order[index] = property
    }
    index += 1
    const sent = source[name]
    if (property.plain !== undefined && typeof sent !== 'object') {
      if (!fits(property.plain, sent)) return stopped(reading, copy, name)
      copy[name] = sent
    } else {
      const value = readValue(sent, property, reading, depth)
      if (value === unsure) return stopped(reading, copy, name)
      copy[name] = value
    }
    if (property.isRequired) required += 1
  }
  return required === of.required ? copy : stopped(reading, copy)
}

function readValue(value: unknown, property: QuickProperty, reading: Reading, depth: number): unknown {
  if ((value === null || value === undefined) && property.isOptional) return value
  if (property.form === 'value') return readSingle(value, property, reading)
  if (property.form === 'values') return readList(value, property, reading)
  return readNested(value, property, reading, depth + 1)
}

function readSingle(value: unknown, { made, whole }: QuickProperty, { maxItems }: Reading): unknown {
  if (typeof value !== 'object' || value === null) {
    const own = make(value, made)
    return isOf(whole, own) ? own : unsure
  }
  if (made !== undefined || !isOf(whole, value) || (Array.isArray(value) && value.length > maxItems)) return unsure
  return requireClean(value) > maxItems ? unsure : value
}

function readList(value: unknown, { made, whole, each }: QuickProperty, { maxItems }: Reading): unknown {
  if (!Array.isArray(value) || value.length > maxItems) return unsure
  const own: readonly unknown[] = made === undefined ? value : value.map((element) => make(element, made))
  for (const element of own) if (!isOf(each, element)) return unsure
  if (!isOf(whole, own)) return unsure
  return mayHoldMore(each) && requireClean(own) > maxItems ? unsure : own
}

/** Whether the elements of a list may be lists and objects in turn. */
function mayHoldMore(each: Shape | undefined): boolean {
  return each?.kind === 'any' || each?.kind === 'list'
}

function readNested(value: unknown, property: QuickProperty, reading: Reading, depth: number): unknown {
  const { form, whole, each, nested } = property
  if (!isObject(value)) return form === 'object' ? unsure : readNestedList(value, property, reading, depth)
  if (form === 'objects' || !isOf(whole, value) || !isOf(each, value)) return unsure
  return readObject(value, nested as QuickClass, reading, depth)
}

function readNestedList(value: unknown, { whole, each, nested }: QuickProperty, reading: Reading, depth: number): unknown {
  if (!Array.isArray(value) || value.length > reading.maxItems || !isOf(whole, value)) return unsure
  const copies: unknown[] = []
  for (const element of value) {
    if (!isObject(element) || !isOf(each, element)) return stopped(reading, copies)
    const copy = readObject(element, nested as QuickClass, reading, depth)
    if (copy === unsure) return stopped(reading, copies)
    copies.push(copy)
  }
  return copies
}
