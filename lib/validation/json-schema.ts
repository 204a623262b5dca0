import { schemaOfStandard } from '../json-schema.js'
import type { JsonSchema, SchemaComponents } from '../json-schema.js'
import { integer, isoDate, mostDigits } from './convert.js'
import { mergedSchema } from './merged-schema.js'
import { messageOf } from './rule.js'
import type { Rule } from './rule.js'
import { classPlan } from './plan.js'
import type { ClassPlan, NestedPlan, PropertyPlan } from './plan.js'
import { ruleSchema } from './rule-schemas.js'
import type { RuleSchema } from './rule-schemas.js'
import { isSchema } from './standard-schema.js'
import type { PartOptions, Rules } from './part.js'

/** How the schema of one part is written. */
export interface Setting {
  readonly options: PartOptions
  /** Whether values come as texts by name. */
  readonly fromTexts: boolean
  readonly components: SchemaComponents
}

/** The schema of one part of a request: of a class, a reference to it. */
export function schemaOfRules(rules: Rules, setting: Setting): JsonSchema {
  if (isSchema(rules)) return schemaOfStandard(rules, 'input', setting.components)
  return referenceTo(planFor(rules, setting), setting)
}

/** What each property of a part is like, and whether it must be there; undefined where the rules do not tell. */
export function propertiesOfRules(rules: Rules, setting: Setting): ReadonlyArray<readonly [string, DescribedProperty]> | undefined {
  if (!isSchema(rules)) return propertySchemas(planFor(rules, setting), setting)
  const { properties, required = [] } = schemaOfStandard(rules, 'input', setting.components)
  if (typeof properties !== 'object' || properties === null) return undefined
  return Object.entries(properties).map(([name, schema]) => [
    name,
    { schema: schema as JsonSchema, isRequired: (required as readonly string[]).includes(name) },
  ])
}

/** What is said of one property. */
export interface DescribedProperty {
  readonly schema: JsonSchema
  readonly isRequired: boolean
}

// What cannot be read was said when the API started.
const planFor = (rules: Exclude<Rules, { readonly '~standard': unknown }>, { options, fromTexts }: Setting): ClassPlan =>
  classPlan(rules, { groups: options.groups, fromTexts, report: () => undefined })

function referenceTo(plan: ClassPlan, setting: Setting): JsonSchema {
  const { groups, unknown, maxItems } = setting.options
  const variant = JSON.stringify(['input', groups, unknown, maxItems, setting.fromTexts])
  return setting.components.refer(plan.target, variant, plan.target.name, () => classSchema(plan, setting))
}

function classSchema(plan: ClassPlan, setting: Setting): JsonSchema {
  const described = propertySchemas(plan, setting)
  const required = described.filter(([, { isRequired }]) => isRequired).map(([name]) => name)
  return {
    type: 'object',
    properties: Object.fromEntries(described.map(([name, { schema }]) => [name, schema])),
    ...(required.length === 0 ? {} : { required }),
    ...(setting.options.unknown === 'refuse' ? { additionalProperties: false } : {}),
  }
}

function propertySchemas(plan: ClassPlan, setting: Setting): ReadonlyArray<readonly [string, DescribedProperty]> {
  return [...plan.inputs].map(([name, property]) => [name, describedProperty(property, plan, setting)])
}

function describedProperty(property: PropertyPlan, plan: ClassPlan, setting: Setting): DescribedProperty {
  // What a setter makes of a value, or a default of none, only the class knows.
  if (plan.unsettled.has(property.name)) return { schema: withDefault(property, plan, setting), isRequired: false }
  const { isOptional, needsNull, isUncertain } = conditionsOf(property, setting)
  const { schema, isNeeded } = checkedSchema(property, plan, setting)
  if (isUncertain) {
    return { schema: { description: 'Its rules count under a condition.', 'x-rules-under-condition': schema }, isRequired: false }
  }
  return { schema: needsNull ? orNull(schema) : schema, isRequired: isNeeded && !isOptional }
}

function withDefault(property: PropertyPlan, plan: ClassPlan, setting: Setting): JsonSchema {
  const isSettable = property.name in plan.target.prototype
  if (isSettable) return { description: 'What may be sent is decided by the class that takes it.' }
  const { isUncertain, needsNull } = conditionsOf(property, setting)
  const { schema } = checkedSchema(property, plan, setting)
  const usual: unknown = (new plan.target() as Readonly<Record<string, unknown>>)[property.name]
  const told = typeof usual === 'string' || typeof usual === 'number' || typeof usual === 'boolean' ? { default: usual } : {}
  if (isUncertain) return { ...told, 'x-rules-under-condition': schema }
  return { ...(needsNull ? orNull(schema) : schema), ...told }
}

interface Conditions {
  /** Whether nothing may be sent. */
  readonly isOptional: boolean
  /** Whether null may be sent, whatever the rules say. */
  readonly needsNull: boolean
  /** Whether the rules count is not known. */
  readonly isUncertain: boolean
}

/** What conditions say of nothing and of null; what else they look at, nobody can write down. */
function conditionsOf({ ownConditions, isOptional }: PropertyPlan, { fromTexts }: Setting): Conditions {
  const said = ownConditions.map(behaviourOf)
  const isKnown = said.every((one) => one !== undefined)
  return {
    isOptional: isOptional || said.some((one) => one?.undefined === false),
    needsNull: !fromTexts && (isOptional || said.some((one) => one?.null === false)),
    isUncertain: !isKnown,
  }
}

const samples: readonly unknown[] = ['', 'text', 0, 1, -1.5, true, false, [], ['text'], {}, { key: 'value' }]

/** Whether rules count for nothing and for null. */
interface Behaviour {
  readonly undefined: boolean
  readonly null: boolean
}

/** What a condition says where it looks at the value alone, and minds only whether there is one; undefined of any other. */
function behaviourOf(condition: PropertyPlan['conditions'][number]): Behaviour | undefined {
  let isObjectRead = false
  const noted = <T>(answer: T): T => {
    isObjectRead = true
    return answer
  }
  const object = new Proxy(
    {},
    {
      get: () => noted(undefined),
      has: () => noted(false),
      ownKeys: () => noted([]),
      getOwnPropertyDescriptor: () => noted(undefined),
    },
  )
  try {
    const ask = (value: unknown) => Boolean((condition as (object: object, value: unknown) => unknown)(object, value))
    const answers = { undefined: ask(undefined), null: ask(null) }
    return samples.every(ask) && !isObjectRead ? answers : undefined
  } catch {
    return undefined
  }
}

/** The schema of what the rules of a property are asked about. */
function checkedSchema(property: PropertyPlan, plan: ClassPlan, setting: Setting): { schema: JsonSchema; isNeeded: boolean } {
  const { rules, nested } = property
  const written = rules.map((rule) => ({ rule, ...writtenRule(rule, property, setting.fromTexts) }))
  const hasArray =
    (setting.fromTexts && property.isList) ||
    nested?.form === 'list' ||
    written.some(({ rule, schema }) => !rule.each && schema['type'] === 'array')
  const own = written.filter(({ rule }) => !rule.each).map(({ schema }) => schema)
  const ofElements = mergedSchema(written.filter(({ rule }) => rule.each).map(({ schema }) => schema))
  const isEach = Object.keys(ofElements).length > 0
  const untold = [...new Set(written.filter(({ isWhole }) => !isWhole).map(({ rule }) => rule))]
  const schema = mergedSchema([
    ...own,
    ...(nested === undefined ? [] : [nestedSchema(nested, hasArray, setting)]),
    ...(hasArray && (isEach || setting.fromTexts) ? [{ type: 'array', ...(isEach ? { items: ofElements } : {}) }] : []),
    ...(isEach && !hasArray ? [eitherOf(ofElements)] : []),
  ])
  return {
    schema: { ...bounded(schema, setting), ...told(untold, property, plan) },
    isNeeded: written.some(({ isNeeded }) => isNeeded) || (nested !== undefined && nested.form !== 'either'),
  }
}

/** What is said of each element, class-validator asks of a value that is no list too. */
function eitherOf(element: JsonSchema): JsonSchema {
  const list = { type: 'array', items: element }
  const { type } = element
  if (type === 'array') return list
  const isNoList = type !== undefined || 'enum' in element || 'const' in element
  return { anyOf: [list, isNoList ? element : mergedSchema([{ not: { type: 'array' } }, element])] }
}

/** A list is refused by its length alone, whatever rules say. */
function bounded(schema: JsonSchema, { options: { maxItems } }: Setting): JsonSchema {
  const { type } = schema
  const mayBeList = type === undefined ? !('enum' in schema) && !('const' in schema) && !('$ref' in schema) : type === 'array'
  // Linters want to be told of the elements of a list, and be it that they are anything.
  const elements = type === 'array' && !('items' in schema) ? [{ items: {} }] : []
  return mayBeList ? mergedSchema([schema, ...elements, { maxItems }]) : schema
}

/** What the schema leaves out, for people and for programs. */
function told(untold: readonly Rule[], { name }: PropertyPlan, { target }: ClassPlan): JsonSchema {
  if (untold.length === 0) return {}
  const subject = { object: {}, targetName: target.name, property: name, value: undefined }
  const said = [...new Set(untold.map((rule) => messageOf(rule, subject)))]
  return { description: `${said.join('; ')}.`, 'x-rules': [...new Set(untold.map(({ code }) => code))] }
}

/** Some rules see something else than what was sent: a date, or a bigint. */
function writtenRule(rule: Rule, { made }: PropertyPlan, fromTexts: boolean): RuleSchema {
  if (made !== undefined) return ruleOfMade(rule, made)
  if (rule.validator().defaultMessage === undefined) return ruleOfType(rule)
  const written = ruleSchema(rule)
  return rule.code === 'isEnum' && fromTexts ? withoutNames(written, rule) : written
}

/** Our own rules that a value is of the type that class-transformer's `@Type` names. */
function ruleOfType({ code, message }: Rule): RuleSchema {
  const type = new Map([
    ['isNumber', 'number'],
    ['isBoolean', 'boolean'],
  ]).get(code)
  const isOurs = typeof message === 'string' && /\$property must be (?:a number|true or false)$/.test(message)
  return type !== undefined && isOurs
    ? { schema: { type }, isWhole: true, isNeeded: true }
    : { schema: {}, isWhole: false, isNeeded: false }
}

const dateText = { type: 'string', pattern: isoDate.source }
const bigintText = {
  anyOf: [
    { type: 'string', pattern: integer.source, maxLength: mostDigits },
    { type: 'integer', format: 'int64', minimum: Number.MIN_SAFE_INTEGER, maximum: Number.MAX_SAFE_INTEGER },
  ],
}

function ruleOfMade(rule: Rule, made: NonNullable<PropertyPlan['made']>): RuleSchema {
  if (rule.code === (made === 'date' ? 'isDate' : 'isBigInt')) {
    return { schema: made === 'date' ? dateText : bigintText, isWhole: made === 'bigint', isNeeded: true }
  }
  const written = ruleSchema(rule)
  const isAboutLists = written.schema['type'] === 'array'
  return isAboutLists || rule.code === 'isDefined' ? written : { schema: {}, isWhole: false, isNeeded: written.isNeeded }
}

/** A numeric enum has its names among its values; in texts they are refused. */
function withoutNames(written: RuleSchema, rule: Rule): RuleSchema {
  const [named] = rule.constraints()
  const all = named as Readonly<Record<string, unknown>>
  const values = Object.values(all).filter((value) => !(typeof value === 'string' && typeof all[value] === 'number'))
  return { ...written, schema: { enum: [...new Set(values)] } }
}

function nestedSchema({ plan, form }: NestedPlan, isList: boolean, setting: Setting): JsonSchema {
  const one = referenceTo(plan, setting)
  if (form === 'one') return one
  if (form === 'list') return { type: 'array', items: one }
  const either = oneOrListsOf(plan, one, setting)
  return isList ? { type: 'array', items: either } : { ...either, maxItems: setting.options.maxItems }
}

/** class-validator takes lists within lists for lists. */
function oneOrListsOf({ target }: ClassPlan, one: JsonSchema, { components }: Setting): JsonSchema {
  const refer = (): JsonSchema =>
    components.refer(target, `lists of ${String(one['$ref'])}`, `${target.name}OrLists`, () => ({
      anyOf: [one, { type: 'array', items: refer() }],
    }))
  return refer()
}

function orNull(schema: JsonSchema): JsonSchema {
  const { type, enum: values, ...rest } = schema
  const isSimple = typeof type === 'string' && !['const', 'not', 'allOf', 'anyOf', '$ref'].some((keyword) => keyword in rest)
  if (isSimple)
    return { type: [type, 'null'], ...(Array.isArray(values) ? { enum: [...(values as readonly unknown[]), null] } : {}), ...rest }
  if (!['type', 'enum', 'const', 'not', 'allOf', 'anyOf', '$ref'].some((keyword) => keyword in schema)) return schema
  const { description, 'x-rules': rules, ...own } = schema
  const about = { ...(description === undefined ? {} : { description }), ...(rules === undefined ? {} : { 'x-rules': rules }) }
  return { anyOf: [own, { type: 'null' }], ...about }
}
