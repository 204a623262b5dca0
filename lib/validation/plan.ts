import { getMetadataStorage } from 'class-validator'
import type { Class } from '../decorator.js'
import { isPoisonous } from '../poison.js'
import { conversionOf, hasDates } from './conversion.js'
import type { Conversion } from './convert.js'
import { nestedTypeIn } from './nested.js'
import { rulesOf } from './rule.js'
import type { Metadata, Rule } from './rule.js'
import { strictRules } from './strict.js'
import { transformedBy } from './transformer.js'

type Condition = (object: object, value: unknown) => boolean

/** One property of a DTO, as its rules describe it. */
export interface PropertyPlan {
  readonly name: string
  /** The value must be a list. */
  readonly isList: boolean
  /** Texts of dates become dates: JSON has none of its own. */
  readonly isDate: boolean
  /** The class computes it from other properties: it is checked, and cannot be sent. */
  readonly isComputed: boolean
  readonly conversion: Conversion | undefined
  /** `@IsOptional()` and `@ValidateIf()`: where one says no, no rule counts. */
  readonly conditions: readonly Condition[]
  readonly rules: readonly Rule[]
  /** The rules of a nested object. */
  readonly nested: ClassPlan | undefined
}

/** A DTO class, read once. */
export interface ClassPlan {
  readonly target: new () => object
  /** What may be sent. */
  readonly inputs: ReadonlyMap<string, PropertyPlan>
  /** What is checked. */
  readonly properties: readonly PropertyPlan[]
}

/** How DTO classes are read. */
export interface Reading {
  readonly groups: readonly string[]
  /** Whether values come as texts by name, which cannot nest. */
  readonly fromTexts: boolean
  /** Reports what cannot be checked. */
  readonly report: (problem: string, mend: string) => void
}

const nestedType = 'nestedValidation'
const conditionalType = 'conditionalValidation'
const promiseType = 'promiseValidation'
const ruleless: ReadonlySet<string> = new Set([nestedType, conditionalType, promiseType, 'whitelistValidation'])
const listRules: ReadonlySet<string> = new Set([
  'isArray',
  'arrayMinSize',
  'arrayMaxSize',
  'arrayNotEmpty',
  'arrayUnique',
  'arrayContains',
  'arrayNotContains',
])

/** Reads the rules of a DTO class and of the classes nested in it. */
export function classPlan(target: Class, reading: Reading): ClassPlan {
  return planOf(target, reading, new Map())
}

function planOf(target: Class, reading: Reading, known: Map<Class, ClassPlan>): ClassPlan {
  const before = known.get(target)
  if (before !== undefined) return before
  const inputs = new Map<string, PropertyPlan>()
  const properties: PropertyPlan[] = []
  const plan = { target: constructorOf(target, reading), inputs, properties }
  // Before what it nests: a class may nest itself.
  known.set(target, plan)
  for (const [name, said] of saidOf(target, reading)) {
    const property = propertyPlan(target, name, said, reading, known)
    properties.push(property)
    if (!property.isComputed) inputs.set(name, property)
  }
  return plan
}

/** What class-validator knows of each property: the class first, then its parents. */
function saidOf(target: Class, { groups, report }: Reading): ReadonlyMap<string, readonly Metadata[]> {
  // Strict groups: a rule that belongs to a group counts for nobody who did not ask for it.
  const all = getMetadataStorage().getTargetValidationMetadatas(target, '', false, true, [...groups])
  const byName = new Map<string, Metadata[]>()
  for (const one of all) byName.set(one.propertyName, [...(byName.get(one.propertyName) ?? []), one])
  if (byName.size === 0) {
    const where = groups.length === 0 ? '' : ` in ${groups.length === 1 ? 'the group' : 'the groups'} ${groups.join(', ')}`
    report(`${target.name} has no rules${where}, so it would refuse everything`, 'give its properties decorators of class-validator')
  }
  return byName
}

function propertyPlan(
  target: Class,
  name: string,
  said: readonly Metadata[],
  reading: Reading,
  known: Map<Class, ClassPlan>,
): PropertyPlan {
  const transformed = transformedBy(target, name)
  const nesting = said.find(({ type }) => type === nestedType)
  const rules = said.filter(isRule).flatMap((one) => namedRules(one, target, reading))
  const isList = said.some(({ each }) => each) || said.some((one) => listRules.has(one.name ?? ''))
  reportOddities(target, name, said, isList, reading)
  for (const ignored of transformed.ignored) {
    reading.report(
      `${target.name}.${name} has ${ignored} of class-transformer, which is not applied here`,
      'take it away, or use a Standard Schema that transforms',
    )
  }
  return {
    name,
    isList,
    isDate: nesting === undefined && hasDates(said, transformed.type),
    isComputed: isComputed(target, name),
    conversion: conversionOf(said, transformed.type),
    conditions: said.filter(({ type }) => type === conditionalType).map(({ constraints }) => constraints[0] as Condition),
    rules: [...rules, ...strictRules(rules)],
    nested: nesting === undefined ? undefined : nestedPlan(target, name, nestedTypeIn(nesting.context) ?? transformed.type, reading, known),
  }
}

/** A validator makes a rule, whatever it calls itself. */
function isRule({ type, constraintCls }: Metadata): boolean {
  return constraintCls !== undefined || !ruleless.has(type)
}

function namedRules(said: Metadata, target: Class, { report }: Reading): readonly Rule[] {
  const rules = rulesOf(said)
  if (rules.length === 0) {
    const validator = said.constraintCls.name
    report(
      `${target.name}.${said.propertyName} is validated by ${validator}, which class-validator does not know and would never ask`,
      `put @ValidatorConstraint() on ${validator}`,
    )
  }
  return rules
}

function nestedPlan(
  target: Class,
  name: string,
  type: (() => unknown) | undefined,
  reading: Reading,
  known: Map<Class, ClassPlan>,
): ClassPlan | undefined {
  const place = `${target.name}.${name}`
  if (reading.fromTexts) {
    reading.report(`${place} nests an object, which only a body can hold`, 'give the property a rule for texts, numbers, booleans or dates')
    return undefined
  }
  const mend = `write @Nested(() => ${capitalized(name)}) instead of @ValidateNested()`
  if (type === undefined) {
    reading.report(`nothing says what class ${place} nests`, mend)
    return undefined
  }
  const nested = attempt(type)
  if (typeof nested === 'function') return planOf(nested as unknown as Class, reading, known)
  reading.report(
    `the class that ${place} nests is not there: ${String(nested)}`,
    'let the function give a class; modules that import each other may not have one yet',
  )
  return undefined
}

function reportOddities(target: Class, name: string, said: readonly Metadata[], isList: boolean, { report }: Reading): void {
  const place = `${target.name}.${name}`
  if (isPoisonous(name)) report(`${place} has a name that no object of a request may have`, 'give the property another name')
  if (said.some(({ type }) => type === promiseType)) {
    report(`${place} has @ValidatePromise(), and no request holds a promise`, 'take @ValidatePromise() away')
  }
  // Where the compiler emits types, they show what was forgotten; nothing else rests on them.
  const isNested = said.some(({ type }) => type === nestedType)
  if (isNested && !isList && Reflect.getMetadata('design:type', target.prototype as object, name) === Array) {
    report(
      `${place} is a list, and its rules say that it is one object`,
      `add { each: true } to the decorator that nests ${capitalized(name)}`,
    )
  }
}

/** A getter without a setter takes no value. */
function isComputed(target: Class, name: string): boolean {
  for (let at: unknown = target.prototype; typeof at === 'object' && at !== null; at = Object.getPrototypeOf(at)) {
    const found = Object.getOwnPropertyDescriptor(at, name)
    if (found !== undefined && at !== Object.prototype) return found.get !== undefined && found.set === undefined
  }
  return false
}

function constructorOf(target: Class, { report }: Reading): new () => object {
  const Target = target as unknown as new () => object
  const made = attempt(() => Reflect.construct(Target, []))
  if (made instanceof Error) {
    report(`${target.name} cannot be made without arguments: ${made.message}`, 'let a DTO class have no constructor')
  }
  return Target
}

function attempt(make: () => unknown): unknown {
  try {
    return make()
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error))
  }
}

function capitalized(name: string): string {
  return `${name.charAt(0).toUpperCase()}${name.slice(1)}`
}
