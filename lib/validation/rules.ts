import * as classValidator from 'class-validator'
import type { Class } from '../decorator.js'
import { nestedTypeOf } from './nested.js'

/** What the text of a query or path is turned into. */
export type Conversion = 'number' | 'boolean' | 'date'

/** One property of a DTO, as its rules describe it. */
export interface PropertyPlan {
  readonly name: string
  readonly isOptional: boolean
  /** The value must be a list. */
  readonly isList: boolean
  readonly conversion: Conversion | undefined
  /** The rules of a nested object. */
  nested: ClassPlan | undefined
}

/** A DTO class, read once. */
export interface ClassPlan {
  readonly target: new () => object
  readonly properties: ReadonlyMap<string, PropertyPlan>
  /** Whether some rule may answer with a promise. */
  isAsync: boolean
}

type Report = (problem: string, mend: string) => void
type Metadata = ReturnType<ReturnType<typeof classValidator.getMetadataStorage>['getTargetValidationMetadatas']>[number]

const nestedType = 'nestedValidation'
const conditionalType = 'conditionalValidation'

/** The rules that class-validator brings along: all of them answer at once. */
const builtIn: ReadonlySet<unknown> = new Set(Object.values(classValidator).filter((value) => typeof value === 'string'))

const conversions: ReadonlyMap<string, Conversion> = new Map([
  ...['isInt', 'isNumber', 'min', 'max', 'isPositive', 'isNegative', 'isDivisibleBy'].map((name) => [name, 'number'] as const),
  ['isBoolean', 'boolean'],
  ...['isDate', 'minDate', 'maxDate'].map((name) => [name, 'date'] as const),
])
const listRules: ReadonlySet<string> = new Set([
  'isArray',
  'arrayMinSize',
  'arrayMaxSize',
  'arrayNotEmpty',
  'arrayUnique',
  'arrayContains',
  'arrayNotContains',
])

/** Reads the rules of a DTO class and of the classes nested in it; reports what cannot be checked. */
export function classPlan(target: Class, groups: readonly string[], report: Report): ClassPlan {
  return planOf(target, groups, report, new Map())
}

function planOf(target: Class, groups: readonly string[], report: Report, known: Map<Class, ClassPlan>): ClassPlan {
  const before = known.get(target)
  if (before !== undefined) return before
  const rules = rulesOf(target, groups)
  if (rules.length === 0) {
    report(
      `${target.name} has no rules${groups.length === 0 ? '' : ' in these groups'}, so it would refuse everything`,
      'give its properties decorators of class-validator',
    )
  }
  const byName = new Map<string, Metadata[]>()
  for (const rule of rules) byName.set(rule.propertyName, [...(byName.get(rule.propertyName) ?? []), rule])
  const properties = new Map([...byName].map(([name, own]) => [name, propertyPlan(name, own)] as const))
  const plan = { target: constructorOf(target, report), properties, isAsync: rules.some(mayBeAsync) }
  known.set(target, plan)
  let isAsync = plan.isAsync
  for (const property of properties.values()) {
    if (!isNested(byName.get(property.name))) continue
    property.nested = nestedPlan(target, property.name, groups, report, known)
    isAsync ||= property.nested?.isAsync === true
  }
  plan.isAsync = isAsync
  return plan
}

function nestedPlan(
  target: Class,
  name: string,
  groups: readonly string[],
  report: Report,
  known: Map<Class, ClassPlan>,
): ClassPlan | undefined {
  const type = nestedTypeOf(target, name)
  if (type !== undefined) return planOf(type, groups, report, known)
  report(
    `nothing says what class ${target.name}.${name} nests`,
    `write @Nested(() => ${name[0]?.toUpperCase()}${name.slice(1)}) instead of @ValidateNested()`,
  )
  return undefined
}

function rulesOf(target: Class, groups: readonly string[]): readonly Metadata[] {
  return classValidator.getMetadataStorage().getTargetValidationMetadatas(target, '', false, false, [...groups])
}

function propertyPlan(name: string, rules: readonly Metadata[]): PropertyPlan {
  const names = rules.map((rule) => rule.name ?? '')
  return {
    name,
    isOptional: rules.some(({ type }) => type === conditionalType),
    isList: rules.some(({ each }) => each) || names.some((rule) => listRules.has(rule)),
    conversion: names.map((rule) => conversions.get(rule)).find((conversion) => conversion !== undefined),
    nested: undefined,
  }
}

function isNested(rules: readonly Metadata[] | undefined): boolean {
  return rules?.some(({ type }) => type === nestedType) === true
}

/** A validator of the application's own may be asynchronous, whatever it says of itself. */
function mayBeAsync({ type, name }: Metadata): boolean {
  return type !== nestedType && type !== conditionalType && type !== 'whitelistValidation' && !builtIn.has(name)
}

function constructorOf(target: Class, report: Report): new () => object {
  const Target = target as unknown as new () => object
  try {
    Reflect.construct(Target, [])
  } catch (error) {
    report(`${target.name} cannot be made without arguments: ${(error as Error).message}`, 'let a DTO class have no constructor')
  }
  return Target
}
