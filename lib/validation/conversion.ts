import type { Conversion, Made } from './convert.js'
import type { Metadata } from './rule.js'

const numberRules: ReadonlySet<string> = new Set(['isInt', 'isNumber', 'min', 'max', 'isPositive', 'isNegative', 'isDivisibleBy'])
const dateRules: ReadonlySet<string> = new Set(['isDate', 'minDate', 'maxDate'])
const textRules: ReadonlySet<string> = new Set([
  'isString',
  'isNumberString',
  'isBooleanString',
  'isDateString',
  'isLength',
  'minLength',
  'maxLength',
  'matches',
])

/** Which of its constraints holds the values that a rule allows. */
const valueRules: ReadonlyMap<string, number> = new Map([
  ['isIn', 0],
  ['equals', 0],
  ['isEnum', 1],
])

/** What the texts of a property are turned into, by its rules or, where they do not tell, by class-transformer's `@Type`. */
export function conversionOf(said: readonly Metadata[], type: (() => unknown) | undefined): Conversion | undefined {
  const names = namesOf(said)
  if (names.some((name) => textRules.has(name)) || typeOf(type) === BigInt) return undefined
  if (names.some((name) => numberRules.has(name))) return 'number'
  if (names.includes('isBoolean')) return 'boolean'
  return byValues(said) ?? byType(type)
}

/** What the values of a property stand for, where JSON has none of the kind. */
export function madeOf(said: readonly Metadata[], type: (() => unknown) | undefined): Made | undefined {
  const names = namesOf(said)
  if (names.some((name) => dateRules.has(name))) return 'date'
  if (names.some((name) => textRules.has(name))) return undefined
  const named = typeOf(type)
  return named === Date ? 'date' : named === BigInt ? 'bigint' : undefined
}

function namesOf(said: readonly Metadata[]): readonly string[] {
  return said.map(({ name }) => name ?? '')
}

/** Where only numbers are allowed, texts of numbers are meant. */
function byValues(said: readonly Metadata[]): Conversion | undefined {
  for (const { name, constraints } of said) {
    const index = valueRules.get(name ?? '')
    if (index === undefined) continue
    const values = [(constraints as readonly unknown[])[index]].flat()
    if (values.length > 0 && values.every((value) => typeof value === 'number')) return 'number'
    if (values.length > 0 && values.every((value) => typeof value === 'boolean')) return 'boolean'
  }
  return undefined
}

function byType(type: (() => unknown) | undefined): Conversion | undefined {
  const named = typeOf(type)
  return named === Number ? 'number' : named === Boolean ? 'boolean' : undefined
}

/** A class that is not there yet is no type of a text. */
function typeOf(type: (() => unknown) | undefined): unknown {
  try {
    return type?.()
  } catch {
    return undefined
  }
}
