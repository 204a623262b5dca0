import { arrayMaxSize, arrayMinSize, arrayNotEmpty, isBoolean, isDefined, isIn, isInt, isNotEmpty, isNumber, isUUID } from 'class-validator'
import type { IsNumberOptions, IsUUIDVersion, ValidatorConstraintInterface } from 'class-validator'

type Test = (value: unknown) => boolean

/** One of class-validator's own rules: its words, by which it is told from another of that name, and how to say yes quickly. */
interface Known {
  readonly message: string
  readonly test: (constraints: readonly unknown[]) => Test | undefined
}

const known: ReadonlyMap<string, Known> = new Map(
  Object.entries({
    isString: { message: '$property must be a string', test: () => (value) => typeof value === 'string' },
    isBoolean: { message: '$property must be a boolean value', test: () => isBoolean },
    isInt: { message: '$property must be an integer number', test: () => isInt },
    isNumber: {
      message: '$property must be a number conforming to the specified constraints',
      test: ([options]) => plainNumber(options as IsNumberOptions),
    },
    min: { message: '$property must not be less than $constraint1', test: ([least]) => within(least, Number.POSITIVE_INFINITY) },
    max: { message: '$property must not be greater than $constraint1', test: ([most]) => within(Number.NEGATIVE_INFINITY, most) },
    isLength: { message: '$property must be longer than or equal to $constraint1 characters', test: ([least, most]) => long(least, most) },
    minLength: { message: '$property must be longer than or equal to $constraint1 characters', test: ([least]) => long(least, undefined) },
    maxLength: { message: '$property must be shorter than or equal to $constraint1 characters', test: ([most]) => long(0, most) },
    matches: { message: '$property must match $constraint1 regular expression', test: ([pattern, flags]) => matching(pattern, flags) },
    isUuid: {
      message: '$property must be a UUID',
      test: ([version]) => (typeof version === 'object' ? undefined : (value) => isUUID(value, version as IsUUIDVersion)),
    },
    isIn: {
      message: '$property must be one of the following values: $constraint1',
      test:
        ([values]) =>
        (value) =>
          isIn(value, values as unknown[]),
    },
    isDefined: { message: '$property should not be null or undefined', test: () => isDefined },
    isNotEmpty: { message: '$property should not be empty', test: () => isNotEmpty },
    isArray: { message: '$property must be an array', test: () => Array.isArray },
    arrayNotEmpty: { message: '$property should not be empty', test: () => arrayNotEmpty },
    arrayMinSize: {
      message: '$property must contain at least $constraint1 elements',
      test:
        ([least]) =>
        (value) =>
          arrayMinSize(value, least as number),
    },
    arrayMaxSize: {
      message: '$property must contain no more than $constraint1 elements',
      test:
        ([most]) =>
        (value) =>
          arrayMaxSize(value, most as number),
    },
  } satisfies Record<string, Known>),
)

/**
 * A check that says yes to nothing that the rule would say no to; undefined for rules other than class-validator's most
 * common. An application may have a stricter rule of the same name, which is told by its words.
 */
export function quickCheck(
  name: string | undefined,
  constraints: readonly unknown[],
  each: boolean,
  validator: () => ValidatorConstraintInterface,
): Test | undefined {
  const rule = known.get(name ?? '')
  if (rule === undefined || defaultMessage(constraints, validator) !== `${each ? 'each value in ' : ''}${rule.message}`) return undefined
  const test = rule.test(constraints)
  return each && test !== undefined ? ofEach(test) : test
}

/** The rule's own words, as it would put them with nothing to speak of. */
function defaultMessage(constraints: readonly unknown[], validator: () => ValidatorConstraintInterface): string | undefined {
  try {
    return validator().defaultMessage?.({ value: undefined, constraints: [...constraints], targetName: '', object: {}, property: '' })
  } catch {
    return undefined
  }
}

function ofEach(test: Test): Test {
  return (value) => Array.isArray(value) && value.every((element) => test(element))
}

function within(least: unknown, most: unknown): Test | undefined {
  if (typeof least !== 'number' || typeof most !== 'number') return undefined
  return (value) => typeof value === 'number' && value >= least && value <= most
}

/** To count decimals, class-validator reads a number's text, and throws on 1e-7. */
function plainNumber(options: IsNumberOptions): Test | undefined {
  return options.maxDecimalPlaces === undefined ? (value) => isNumber(value, options) : undefined
}

/** Length is counted in characters, of which one may take several units; without such it is the text's own. */
const several = /\p{Surrogate}|\p{Variation_Selector}|[^\0-\uffff]/u

function long(least: unknown, most: unknown = Number.POSITIVE_INFINITY): Test | undefined {
  if (typeof least !== 'number' || typeof most !== 'number') return undefined
  return (value) => typeof value === 'string' && value.length >= least && value.length <= most && (least <= 1 || !several.test(value))
}

function matching(pattern: unknown, flags: unknown): Test | undefined {
  const own = expressionOf(pattern, flags)
  if (own === undefined) return undefined
  return (value) => {
    // Global and sticky expressions remember where they stopped.
    own.lastIndex = 0
    return typeof value === 'string' && own.test(value)
  }
}

function expressionOf(pattern: unknown, flags: unknown): RegExp | undefined {
  if (pattern instanceof RegExp) return new RegExp(pattern)
  try {
    return typeof pattern === 'string' ? new RegExp(pattern, flags as string | undefined) : undefined
  } catch {
    return undefined
  }
}
