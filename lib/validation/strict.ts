import { decidedBy } from './rule.js'
import type { Rule } from './rule.js'
import type { ShapePart } from './shape.js'
import type { Conversion, Made } from './convert.js'

/** Rules that a number passes which is not finite: JSON's 1e400. */
const boundless: ReadonlySet<string> = new Set(['min', 'max', 'isPositive', 'isNegative', 'isDivisibleBy'])

/**
 * Rules of our own where class-validator says yes to too much. JSON can hold numbers that JavaScript cannot, and what arrives then is
 * another number than the one that was sent: integers end at 2^53, others at infinity. And a numeric enum has its names among its values,
 * by an accident of how TypeScript compiles it: of a text, that is not the number that is meant.
 */
export function strictRules(rules: readonly Rule[], fromTexts: boolean): readonly Rule[] {
  const enums = fromTexts ? rules.filter(({ code }) => code === 'isEnum').flatMap(enumNumbers) : []
  return [...exactNumbers(rules), ...enums]
}

function exactNumbers(rules: readonly Rule[]): readonly Rule[] {
  const integer = rules.find(({ code }) => code === 'isInt')
  if (integer !== undefined) {
    return [exact(integer, (value) => !Number.isInteger(value) || Number.isSafeInteger(value), { kind: 'integer' })]
  }
  const bounded = rules.find(({ code }) => boundless.has(code))
  if (bounded === undefined || rules.some(({ code }) => code === 'isNumber')) return []
  return [exact(bounded, Number.isFinite, { kind: 'number' })]
}

function exact(rule: Rule, isExact: (value: number) => boolean, shape: ShapePart): Rule {
  const validate = (value: unknown) => typeof value !== 'number' || isExact(value)
  return { ...stricter(rule, validate), quick: { accepts: validate, shape }, message: '$property is too large to be exact' }
}

function enumNumbers(rule: Rule): readonly Rule[] {
  const [named] = rule.constraints()
  if (typeof named !== 'object' || named === null) return []
  const all = named as Readonly<Record<string, unknown>>
  const isName = (key: string, value: unknown) => typeof value === 'string' && typeof all[value] === 'number' && String(all[value]) === key
  const names = new Set(Object.entries(all).flatMap(([key, value]) => (isName(key, value) ? [value] : [])))
  const validate = (value: unknown) => !names.has(value)
  return [{ ...stricter(rule, validate), quick: { accepts: validate, shape: undefined } }]
}

const listRules = /^(?:isArray|array[A-Z])/
const dateRules: ReadonlySet<string> = new Set(['isDate', 'minDate', 'maxDate'])

/** The rule that a value is of the type that class-transformer's `@Type` alone asks for, where no rule says it. */
export function typeRules(rules: readonly Rule[], type: Conversion | Made | undefined, each: boolean): readonly Rule[] {
  const isSaid = type === 'date' ? rules.some(({ code }) => dateRules.has(code)) : rules.some(({ code }) => !listRules.test(code))
  return type === undefined || (isSaid && type !== 'bigint') ? [] : [typeRule(type, each)]
}

function typeRule(type: Conversion | Made, each: boolean): Rule {
  const { code, words } = types[type]
  const validate = (value: unknown) => (type === 'date' ? value instanceof Date : typeof value === type)
  return {
    ...{ code, each, isAsync: false, condition: undefined, message: `${each ? 'each value in ' : ''}$property must be ${words}` },
    quick: { accepts: validate, shape: undefined },
    validator: () => ({ validate }),
    constraints: () => [],
  }
}

const types = {
  number: { code: 'isNumber', words: 'a number' },
  boolean: { code: 'isBoolean', words: 'true or false' },
  date: { code: 'isDate', words: 'a date as RFC 3339 has it' },
  bigint: { code: 'isBigInt', words: 'an integer' },
}

/** The rule with its words, and another judgement. */
function stricter(rule: Rule, validate: (value: unknown) => boolean): Rule {
  return { ...rule, isAsync: false, validator: decidedBy(validate, rule.validator) }
}
