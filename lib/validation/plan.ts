import { getMetadataStorage } from 'class-validator'
import type { Class } from '../decorator.js'
import { isPoisonous } from '../poison.js'
import { accessorOf, attempt, constructorOf, isComputed } from './dto-class.js'
import { conversionOf, madeOf } from './conversion.js'
import type { Conversion, Made } from './convert.js'
import { segment } from './issues.js'
import { nestedTypeIn } from './nested.js'
import { rulesOf } from './rule.js'
import type { Metadata, Rule } from './rule.js'
import { shapeOf } from './shape.js'
import type { QuickRule, Shape } from './shape.js'
import type { Source } from './source.js'
import { strictRules, typeRules } from './strict.js'
import { transformedBy } from './transformer.js'

type Condition = (object: object, value: unknown) => boolean

/** One property of a DTO, as its rules describe it. */
export interface PropertyPlan {
  readonly name: string
  /** The name as pointers to places have it. */
  readonly segment: string
  /** Of texts, all that were sent under the name make a list. */
  readonly isList: boolean
  /** `@IsOptional()`: neither null nor nothing is wrong. */
  readonly isOptional: boolean
  /** What texts stand for: JSON has no dates and no bigints of its own. */
  readonly made: Made | undefined
  /** The class computes it from other properties: it is checked, and cannot be sent. */
  readonly isComputed: boolean
  readonly conversion: Conversion | undefined
  /** `@IsOptional()` and `@ValidateIf()`: where one says no, no rule counts. */
  readonly conditions: readonly Condition[]
  /** Those of `@ValidateIf()` alone. */
  readonly ownConditions: readonly Condition[]
  readonly rules: readonly Rule[]
  /** What the rules say together, of the value as a whole and of each element, as far as that can be told at once. */
  readonly whole: Shape | undefined
  readonly each: Shape | undefined
  /** Whether they say all that is asked of a value, should it count. */
  readonly isPlain: boolean
  /** The rules of nested objects. */
  readonly nested: NestedPlan | undefined
}

/** A class that a property nests. */
export interface NestedPlan {
  readonly plan: ClassPlan
  /**
   * `@Nested` wants one object, or with `each` a list of them, and wants it to be there. class-validator's `@ValidateNested` takes either,
   * lists of lists, and nothing at all.
   */
  readonly form: 'one' | 'list' | 'either'
  /** What class-validator's decorator says of anything else. */
  readonly refusal: Pick<Rule, 'constraints' | 'message' | 'validator'>
}

/** A DTO class, read once. */
export interface ClassPlan {
  readonly target: new () => object
  /** The name of the class. */
  readonly name: string
  /** What may be sent. */
  readonly inputs: ReadonlyMap<string, PropertyPlan>
  /** What is checked. */
  readonly properties: readonly PropertyPlan[]
  readonly names: ReadonlySet<string>
  /** The properties that may be something else than what was sent: they have a default, a getter or a setter, or another one has a setter. */
  readonly unsettled: ReadonlySet<string>
  /** Those of them that may be so whatever was sent: a default gives way to it, a getter or a setter does not. */
  readonly written: ReadonlySet<string>
  /** A new instance. */
  readonly sample: Source
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
const ruleless: ReadonlySet<string> = new Set([nestedType, conditionalType, 'promiseValidation', 'whitelistValidation'])
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
  const names = new Set<string>()
  const unsettled = new Set<string>()
  const written = new Set<string>()
  const { Target, sample } = constructorOf(target, reading.report)
  const plan = { target: Target, name: Target.name, inputs, properties, names, unsettled, written, sample }
  // Before what it nests: a class may nest itself.
  known.set(target, plan)
  for (const [name, said] of saidOf(target, reading)) {
    const property = propertyPlan(target, name, said, reading, known)
    properties.push(property)
    names.add(name)
    if (!property.isComputed) inputs.set(name, property)
    if (accessorOf(target, name) !== undefined) written.add(name)
    else if (sample[name] !== undefined) unsettled.add(name)
  }
  // A setter may write into any other property, and into all that it holds, after that was read.
  if (properties.some(({ name }) => accessorOf(target, name)?.set !== undefined)) for (const name of names) written.add(name)
  for (const name of written) unsettled.add(name)
  return plan
}

/** What class-validator knows of each property: the class first, then its parents. */
function saidOf(target: Class, { groups, report }: Reading): ReadonlyMap<string, readonly Metadata[]> {
  // As class-validator has it: who asks for no group asks for all rules.
  const all = getMetadataStorage().getTargetValidationMetadatas(target, '', false, false, [...groups])
  const byName = new Map<string, Metadata[]>()
  const symbols = new Set<symbol>()
  for (const one of all) {
    const name: string | symbol = one.propertyName
    if (typeof name === 'symbol') symbols.add(name)
    else byName.set(name, [...(byName.get(name) ?? []), one])
  }
  for (const one of symbols) {
    report(`${target.name}[${String(one)}] has rules, and a name that no request can hold`, 'give the property a text for a name')
  }
  reportForgottenNesting(target, byName, { groups, report })
  if (byName.size === 0) {
    const where = groups.length === 0 ? '' : ` in ${groups.length === 1 ? 'the group' : 'the groups'} ${groups.join(', ')}`
    report(`${target.name} has no rules${where}, so it would refuse everything`, 'give its properties decorators of class-validator')
  }
  return byName
}

/** Without its nesting, an object reaches the handler as it was sent, with whatever stands in it: the other rules keep the property known. */
function reportForgottenNesting(
  target: Class,
  asked: ReadonlyMap<string, readonly Metadata[]>,
  { groups, report }: Pick<Reading, 'groups' | 'report'>,
): void {
  const all = getMetadataStorage().getTargetValidationMetadatas(target, '', false, false, [])
  for (const [name, said] of asked) {
    if (nestingIn(said) !== undefined || nestingIn(all.filter(({ propertyName }) => propertyName === name)) === undefined) continue
    report(
      `${target.name}.${name} nests a class, though not in the groups that are asked for (${groups.join(', ')}), in which it has other rules`,
      'name one of them in the groups of what nests it',
    )
  }
}

function propertyPlan(
  target: Class,
  name: string,
  said: readonly Metadata[],
  reading: Reading,
  known: Map<Class, ClassPlan>,
): PropertyPlan {
  const transformed = transformedBy(target, name)
  const nesting = nestingIn(said)
  const conditional = said.filter(({ type }) => type === conditionalType)
  const named = said.filter(isRule).flatMap((one) => namedRules(one, target, reading))
  const isList = said.some(({ each }) => each) || said.some((one) => listRules.has(one.name ?? ''))
  if (isPoisonous(name)) reading.report(`${target.name}.${name} has a name that no object of a request may have`, 'give it another name')
  for (const ignored of transformed.ignored) {
    reading.report(
      `${target.name}.${name} has ${ignored} of class-transformer, which is not applied here`,
      'take it away, or use a Standard Schema that transforms',
    )
  }
  const made = nesting === undefined ? madeOf(said, transformed.type) : undefined
  const conversion = conversionOf(said, transformed.type)
  const rules = [
    ...named,
    ...strictRules(named, reading.fromTexts),
    ...typeRules(named, made ?? (reading.fromTexts ? conversion : undefined), isList),
  ]
  const ownConditions = conditional.filter((one) => one.name !== 'isOptional').map(conditionOf)
  return {
    name,
    segment: segment(name),
    isList,
    made,
    isComputed: isComputed(target, name),
    isOptional: conditional.some((one) => one.name === 'isOptional'),
    conversion,
    conditions: conditional.map(conditionOf),
    ownConditions,
    rules,
    whole: shapeOf(rules.filter(({ each }) => !each).flatMap(quickOf)),
    each: shapeOf(rules.filter(({ each }) => each).flatMap(quickOf)),
    isPlain: nesting === undefined && rules.every(({ quick }) => quick !== undefined),
    nested: nesting === undefined ? undefined : nestedPlan(nesting, { target, name, isList, type: transformed.type }, reading, known),
  }
}

function quickOf({ quick }: Rule): readonly QuickRule[] {
  return quick === undefined ? [] : [quick]
}

function conditionOf({ constraints }: Metadata): Condition {
  return constraints[0] as Condition
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

/** What nests a class in a property: our own decorator, which is exact, before class-validator's. */
function nestingIn(said: readonly Metadata[]): Metadata | undefined {
  const nesting = said.filter(({ type }) => type === nestedType)
  return nesting.find(({ context }) => nestedTypeIn(context) !== undefined) ?? nesting[0]
}

/** A property that nests a class. */
interface Nesting {
  readonly target: Class
  readonly name: string
  readonly isList: boolean
  /** The class that class-transformer's `@Type` names. */
  readonly type: (() => unknown) | undefined
}

function nestedPlan(said: Metadata, nesting: Nesting, reading: Reading, known: Map<Class, ClassPlan>): NestedPlan | undefined {
  const exact = nestedTypeIn(said.context)
  const nested = nestedClass(exact ?? nesting.type, nesting, reading)
  if (nested === undefined) return undefined
  if (exact !== undefined) reportForgottenList(nesting, reading)
  return {
    plan: planOf(nested, reading, known),
    form: exact === undefined ? 'either' : nesting.isList ? 'list' : 'one',
    refusal: { message: said.message, constraints: () => [], validator: () => ({ validate: () => false }) },
  }
}

function nestedClass(type: (() => unknown) | undefined, { target, name }: Nesting, { report, fromTexts }: Reading): Class | undefined {
  const place = `${target.name}.${name}`
  if (fromTexts) {
    report(`${place} nests an object, which only JSON can hold`, 'give the property a rule for texts, numbers, booleans or dates')
    return undefined
  }
  if (type === undefined) {
    report(`nothing says what class ${place} nests`, `write @Nested(() => ${capitalized(name)}) instead of @ValidateNested()`)
    return undefined
  }
  const nested = attempt(type)
  if (typeof nested === 'function') return nested as unknown as Class
  report(
    `the class that ${place} nests is not there: ${String(nested)}`,
    'let the function give a class; modules that import each other may not have one yet',
  )
  return undefined
}

/** Where the compiler emits types, they show what was forgotten; nothing else rests on them. */
function reportForgottenList({ target, name, isList }: Nesting, { report }: Reading): void {
  if (isList || Reflect.getMetadata('design:type', target.prototype as object, name) !== Array) return
  const mend = `add { each: true } to the decorator that nests ${capitalized(name)}`
  report(`${target.name}.${name} is a list, and its rules say that it is one object`, mend)
}

function capitalized(name: string): string {
  return `${name.charAt(0).toUpperCase()}${name.slice(1)}`
}
