import type { ValidationArguments } from 'class-validator'
import type { Rule } from './rule.js'

/** Rules that a number passes which is not finite: JSON's 1e400. */
const boundless: ReadonlySet<string> = new Set(['min', 'max', 'isPositive', 'isNegative', 'isDivisibleBy'])

/**
 * Rules of our own where class-validator says yes to too much. JSON can hold numbers that JavaScript cannot, and what
 * arrives then is another number than the one that was sent: integers end at 2^53, others at infinity. And a numeric
 * enum has its names among its values, by an accident of how TypeScript compiles it.
 */
export function strictRules(rules: readonly Rule[]): readonly Rule[] {
  return [...exactNumbers(rules), ...rules.filter(({ code }) => code === 'isEnum').flatMap(enumValues)]
}

function exactNumbers(rules: readonly Rule[]): readonly Rule[] {
  const integer = rules.find(({ code }) => code === 'isInt')
  if (integer !== undefined) return [exact(integer, (value) => !Number.isInteger(value) || Number.isSafeInteger(value))]
  const bounded = rules.find(({ code }) => boundless.has(code))
  return bounded === undefined || rules.some(({ code }) => code === 'isNumber') ? [] : [exact(bounded, Number.isFinite)]
}

function exact(rule: Rule, isExact: (value: number) => boolean): Rule {
  const validate = (value: unknown) => typeof value !== 'number' || isExact(value)
  return { ...stricter(rule, validate), message: '$property is too large to be exact' }
}

function enumValues(rule: Rule): readonly Rule[] {
  const [named] = rule.constraints()
  if (typeof named !== 'object' || named === null) return []
  const all = named as Readonly<Record<string, unknown>>
  const isName = (key: string, value: unknown) => typeof value === 'string' && typeof all[value] === 'number' && String(all[value]) === key
  const names = new Set(Object.entries(all).flatMap(([key, value]) => (isName(key, value) ? [value] : [])))
  return [stricter(rule, (value) => !names.has(value))]
}

/** The rule with its words, and another judgement. */
function stricter(rule: Rule, validate: (value: unknown) => boolean): Rule {
  const accepts = rule.each ? (value: unknown) => Array.isArray(value) && value.every(validate) : validate
  const defaultMessage = (args?: ValidationArguments) => rule.validator().defaultMessage?.(args) ?? ''
  return { ...rule, isAsync: false, accepts, validator: () => ({ validate, defaultMessage }) }
}
