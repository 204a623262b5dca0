import { isPoisonous, requireClean } from '../poison.js'
import { make } from './convert.js'
import type { Made } from './convert.js'
import { deepest, isObject } from './copy.js'
import type { CopyOptions, Source } from './copy.js'
import type { ClassPlan, NestedPlan, PropertyPlan } from './plan.js'
import type { Rule } from './rule.js'
import { fits, shapeOf } from './shape.js'
import type { QuickRule, Shape } from './shape.js'

/** A property as one look at its value can judge it. */
interface QuickProperty {
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

interface QuickClass {
  readonly target: new () => object
  readonly byName: ReadonlyMap<string, QuickProperty>
  /** The properties as they were sent last: clients send them in the same order, which saves looking them up. */
  readonly order: QuickProperty[]
  required: number
}

/** Reads what is plainly right in one go. */
export interface QuickReader {
  /**
   * A copy of what is declared, in instances of its classes, where the quick rules say yes to all of it; undefined where each rule must
   * be asked by itself.
   */
  read(source: Source): object | undefined
  /** The properties of which something remains to be asked when `read` has said yes, by their class. */
  readonly later: ReadonlyMap<ClassPlan, readonly PropertyPlan[]>
}

/** Prepares quick reading; undefined for classes whose conditions decide about nested objects. */
export function quickReader(plan: ClassPlan, options: CopyOptions): QuickReader | undefined {
  const plans = reachable(plan)
  if (plans.some(({ properties }) => properties.some((one) => one.nested !== undefined && one.ownConditions.length > 0))) return undefined
  const known = new Map<ClassPlan, QuickClass>()
  const root = quickClass(plan, known)
  const own = plans.map((one) => [one, one.properties.filter((property) => isLater(property, one))] as const)
  const isAny = own.some(([, properties]) => properties.length > 0)
  // Whatever holds something that is asked later is gone through for it.
  const later = own.map(
    ([one, properties]) => [one, one.properties.filter((p) => properties.includes(p) || p.nested !== undefined)] as const,
  )
  return { read: (source) => readObject(source, root, options, 0), later: new Map(isAny ? later : []) }
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
  const { name, isOptional, made, nested, rules } = property
  // A condition decides whether its rules count at all.
  const counting = property.ownConditions.length > 0 ? [] : rules
  const each = shapeOf(quickOf(counting.filter((rule) => rule.each)))
  const whole = shapeOf(quickOf(counting.filter((rule) => !rule.each)))
  const isPlain = nested === undefined && each === undefined && made === undefined
  const mayBeMissing = isOf(whole, undefined) && isOf(each, undefined) && (nested === undefined || nested.form === 'either')
  return {
    ...{ name, isOptional, made, whole, each },
    plain: isPlain ? whole : undefined,
    isRequired: !isOptional && !isAskedLater && !mayBeMissing,
    form: nested === undefined ? (each === undefined ? 'value' : 'values') : formOf(nested),
    nested: nested === undefined ? undefined : quickClass(nested.plan, known),
  }
}

function formOf({ form }: NestedPlan): QuickProperty['form'] {
  return form === 'one' ? 'object' : form === 'list' ? 'objects' : 'either'
}

function quickOf(rules: readonly Rule[]): readonly QuickRule[] {
  return rules.flatMap(({ quick }) => (quick === undefined ? [] : [quick]))
}

function isOf(shape: Shape | undefined, value: unknown): boolean {
  return shape === undefined || fits(shape, value)
}

/** What is given instead of a copy that nobody can say yes to at once: `undefined` may be a value. */
const unsure = Symbol('unsure')

function readObject(source: Source, plan: QuickClass, options: CopyOptions, depth: number): object | undefined {
  if (depth > deepest) return undefined
  const { order, byName } = plan
  const copy = new plan.target() as Record<string, unknown>
  let index = 0
  let required = 0
  for (const name in source) {
    let property = order[index]
    if (property === undefined || property.name !== name) {
      property = byName.get(name)
      if (property === undefined) {
        if (options.unknown === 'drop' && !isPoisonous(name)) continue
        return undefined
      }
      if (index < order.length) order[index] = property
    }
    index += 1
    const sent = source[name]
    if (property.plain !== undefined && typeof sent !== 'object') {
      if (!fits(property.plain, sent)) return undefined
      copy[name] = sent
    } else {
      const value = readValue(sent, property, options, depth)
      if (value === unsure) return undefined
      copy[name] = value
    }
    if (property.isRequired) required += 1
  }
  return required === plan.required ? copy : undefined
}

function readValue(value: unknown, property: QuickProperty, options: CopyOptions, depth: number): unknown {
  if ((value === null || value === undefined) && property.isOptional) return value
  if (property.form === 'value') return readSingle(value, property, options)
  if (property.form === 'values') return readList(value, property, options)
  return readNested(value, property, options, depth + 1)
}

function readSingle(value: unknown, { made, whole }: QuickProperty, { maxItems }: CopyOptions): unknown {
  if (typeof value !== 'object' || value === null) {
    const own = make(value, made)
    return isOf(whole, own) ? own : unsure
  }
  if (made !== undefined || !isOf(whole, value) || (Array.isArray(value) && value.length > maxItems)) return unsure
  requireClean(value)
  return value
}

function readList(value: unknown, { made, whole, each }: QuickProperty, { maxItems }: CopyOptions): unknown {
  if (!Array.isArray(value) || value.length > maxItems) return unsure
  const own: readonly unknown[] = made === undefined ? value : value.map((element) => make(element, made))
  for (const element of own) if (!isOf(each, element)) return unsure
  if (!isOf(whole, own)) return unsure
  if (each?.kind === 'any') requireClean(own)
  return own
}

function readNested(value: unknown, property: QuickProperty, options: CopyOptions, depth: number): unknown {
  const { form, whole, each, nested } = property
  if (!isObject(value)) return form === 'object' ? unsure : readNestedList(value, property, options, depth)
  if (form === 'objects' || !isOf(whole, value) || !isOf(each, value)) return unsure
  return readObject(value, nested as QuickClass, options, depth) ?? unsure
}

function readNestedList(value: unknown, { whole, each, nested }: QuickProperty, options: CopyOptions, depth: number): unknown {
  if (!Array.isArray(value) || value.length > options.maxItems || !isOf(whole, value)) return unsure
  const copies: unknown[] = []
  for (const element of value) {
    if (!isObject(element) || !isOf(each, element)) return unsure
    const copy = readObject(element, nested as QuickClass, options, depth)
    if (copy === undefined) return unsure
    copies.push(copy)
  }
  return copies
}
