import type { ValidationArguments } from 'class-validator'
import type { Rule } from './rule.js'
import type { ShapePart } from './shape.js'

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

/** The rule with its words, and another judgement. */
function stricter(rule: Rule, validate: (value: unknown) => boolean): Rule {
  const defaultMessage = (args?: ValidationArguments) => rule.validator().defaultMessage?.(args) ?? ''
  return { ...rule, isAsync: false, validator: () => ({ validate, defaultMessage }) }
}
