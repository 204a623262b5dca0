import { equals, isBoolean, isDefined, isNotEmpty, isNumber } from 'class-validator'
import type { IsNumberOptions, ValidationArguments, ValidatorConstraintInterface } from 'class-validator'
import { isPromiseLike } from '../promise.js'
import { probesFor } from './probes.js'
import type { QuickRule, ShapePart, Test } from './shape.js'

/** One of class-validator's own rules: its words, by which it is told from another of that name, and how to say yes quickly. */
interface Known {
  readonly message: string
  readonly quick: (constraints: readonly unknown[], validator: () => ValidatorConstraintInterface) => Test | QuickRule | undefined
}

/** What a shape says alone, or a shape and the test that says the same. */
type Described = Required<Pick<QuickRule, 'accepts' | 'shape'>>

const known: ReadonlyMap<string, Known> = new Map(
  Object.entries({
    isString: { message: '$property must be a string', quick: () => described((value) => typeof value === 'string', { kind: 'string' }) },
    isBoolean: { message: '$property must be a boolean value', quick: () => described(isBoolean, { kind: 'boolean' }) },
    isInt: {
      message: '$property must be an integer number',
      quick: () => described((value) => Number.isInteger(value), { kind: 'integer' }),
    },
    isNumber: {
      message: '$property must be a number conforming to the specified constraints',
      quick: ([options]) => plainNumber(options as IsNumberOptions),
    },
    min: { message: '$property must not be less than $constraint1', quick: ([least]) => within(least, Number.POSITIVE_INFINITY) },
    max: { message: '$property must not be greater than $constraint1', quick: ([most]) => within(Number.NEGATIVE_INFINITY, most) },
    isPositive: { message: '$property must be a positive number', quick: () => (value) => typeof value === 'number' && value > 0 },
    isNegative: { message: '$property must be a negative number', quick: () => (value) => typeof value === 'number' && value < 0 },
    isLength: { message: '$property must be longer than or equal to $constraint1 characters', quick: ([least, most]) => long(least, most) },
    minLength: { message: '$property must be longer than or equal to $constraint1 characters', quick: ([least]) => long(least, undefined) },
    maxLength: { message: '$property must be shorter than or equal to $constraint1 characters', quick: ([most]) => long(0, most) },
    matches: { message: '$property must match $constraint1 regular expression', quick: ([pattern, flags]) => matching(pattern, flags) },
    contains: { message: '$property must contain a $constraint1 string', quick: ([part]) => containing(part, true) },
    notContains: { message: '$property should not contain a $constraint1 string', quick: ([part]) => containing(part, false) },
    isUuid: { message: '$property must be a UUID', quick: ([version]) => uuid(version) },
    isIn: {
      message: '$property must be one of the following values: $constraint1',
      quick: ([values]) => oneOf(values),
    },
    isEnum: {
      message: '$property must be one of the following values: $constraint2',
      quick: ([entity]) => memberOf(entity),
    },
    equals: {
      message: '$property must be equal to $constraint1',
      quick:
        ([other]) =>
        (value) =>
          equals(value, other),
    },
    isObject: { message: '$property must be an object', quick: () => isSingleObject },
    isDefined: { message: '$property should not be null or undefined', quick: () => isDefined },
    isNotEmpty: { message: '$property should not be empty', quick: () => isNotEmpty },
    isArray: { message: '$property must be an array', quick: () => sized(0, Number.POSITIVE_INFINITY) },
    arrayNotEmpty: { message: '$property should not be empty', quick: () => sized(1, Number.POSITIVE_INFINITY) },
    arrayMinSize: {
      message: '$property must contain at least $constraint1 elements',
      quick: ([least]) => sized(least, Number.POSITIVE_INFINITY),
    },
    arrayMaxSize: { message: '$property must contain no more than $constraint1 elements', quick: ([most]) => sized(0, most) },
    arrayUnique: { message: "All $property's elements must be unique", quick: (_, validator) => unique(identifierOf(validator())) },
  } satisfies Record<string, Known>),
)

/**
 * How one of class-validator's most common rules says yes, to nothing that it would say no to; undefined for any other rule. An
 * application may have a stricter rule of the same name, which is told by its words, or by what it says of many values: class-validator
 * wraps all validators alike, so that nobody can see whose a rule is. Of a rule with `each`, this is about one element.
 */
export function knownRule(
  name: string | undefined,
  constraints: readonly unknown[],
  each: boolean,
  validator: () => ValidatorConstraintInterface,
): QuickRule | undefined {
  const rule = known.get(name ?? '')
  if (rule === undefined || !speaksAs(rule.message, { constraints, each, validator })) return undefined
  const said = rule.quick(constraints, validator)
  const quick = typeof said === 'function' ? { accepts: said, shape: undefined } : said
  return quick !== undefined && agrees(validator, constraints, quick.accepts) ? quick : undefined
}

/** Whether a validator says yes to all that it would not be asked about. */
function agrees(validator: () => ValidatorConstraintInterface, constraints: readonly unknown[], accepts: Test): boolean {
  try {
    return probesFor(constraints).every((value) => !accepts(value) || saysYes(validator(), value, constraints))
  } catch {
    return false
  }
}

function saysYes(validator: ValidatorConstraintInterface, value: unknown, constraints: readonly unknown[]): boolean {
  const answer: unknown = validator.validate(value, nothingToSpeakOf(constraints, value))
  // Nobody waits for it, and a rejection that nobody waits for ends the process.
  if (isPromiseLike(answer)) Promise.resolve(answer).catch(() => undefined)
  return answer === true
}

/** Global and sticky expressions remember where they stopped. */
function nothingToSpeakOf(constraints: readonly unknown[], value?: unknown): ValidationArguments {
  const own = constraints.map((one) => (one instanceof RegExp ? new RegExp(one) : one))
  return { value, constraints: own, targetName: '', object: {}, property: '' }
}

/** Whether a rule puts its refusals as class-validator's own rule of that name does. */
export function speaksAs(
  message: string,
  rule: { readonly constraints: readonly unknown[]; readonly each: boolean; readonly validator: () => ValidatorConstraintInterface },
): boolean {
  return defaultMessage(rule.constraints, rule.validator) === `${rule.each ? 'each value in ' : ''}${message}`
}

/** How class-validator puts the refusals of one of the most common rules. */
export function wordsOf(name: string): string | undefined {
  return known.get(name)?.message
}

/** The rule's own words, as it would put them with nothing to speak of. */
function defaultMessage(constraints: readonly unknown[], validator: () => ValidatorConstraintInterface): string | undefined {
  try {
    return validator().defaultMessage?.(nothingToSpeakOf(constraints))
  } catch {
    return undefined
  }
}

/** An object and no list. class-validator lets functions pass too, which no request holds. */
function isSingleObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function described(accepts: Test, shape: ShapePart): Described {
  return { accepts, shape }
}

/** Those that are used: of RFC 9562's variant, in a version that it defines. class-validator knows more, and is asked about them. */
function uuid(version: unknown = 'all'): Described | undefined {
  const digit =
    version === 'all' ? '[1-8]' : ['1', '2', '3', '4', '5', '6', '7', '8'].find((one) => one === version || Number(one) === version)
  if (digit === undefined) return undefined
  const pattern = new RegExp(`^[0-9a-f]{8}-[0-9a-f]{4}-${digit}[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`, 'i')
  return described((value) => typeof value === 'string' && pattern.test(value), { kind: 'string', pattern })
}

function oneOf(values: unknown): Test | undefined {
  return Array.isArray(values) ? (value) => values.indexOf(value) >= 0 : undefined
}

function memberOf(entity: unknown): Test | undefined {
  if (typeof entity !== 'object' || entity === null) return undefined
  const members = new Set<unknown>(Object.values(entity))
  return (value) => members.has(value)
}

function within(least: unknown, most: unknown): Described | undefined {
  if (typeof least !== 'number' || typeof most !== 'number') return undefined
  return described((value) => typeof value === 'number' && value >= least && value <= most, { kind: 'number', least, most })
}

function sized(least: unknown, most: unknown): Described | undefined {
  if (typeof least !== 'number' || typeof most !== 'number') return undefined
  return described((value) => Array.isArray(value) && value.length >= least && value.length <= most, { kind: 'list', least, most })
}

/** What the elements of a list are compared by. class-validator's own rule keeps it to itself, until it maps a list. */
function identifierOf(validator: ValidatorConstraintInterface): (element: unknown) => unknown {
  let identifier = (element: unknown) => element
  const map = (own: typeof identifier) => {
    identifier = own
    return []
  }
  try {
    void validator.validate(Object.assign([], { map }))
  } catch {
    // Whoever throws here does not agree with us on other lists either.
  }
  return identifier
}

/** class-validator looks each element up in the list: of ten thousand, an attacker makes fifty million comparisons. */
function unique(identifier: (element: unknown) => unknown): QuickRule {
  const decides: Test = (value) => Array.isArray(value) && areDistinct(value.map((element) => identifier(element)))
  const accepts: Test = (value) => {
    try {
      return decides(value)
    } catch {
      // The identifier: whoever asks again is told.
      return false
    }
  }
  return { accepts, shape: undefined, decides }
}

/** As class-validator has it, what is not a number is not to be found. */
function areDistinct(values: readonly unknown[]): boolean {
  return new Set(values).size === values.length && !values.some((value) => Number.isNaN(value))
}

/** To count decimals, class-validator reads a number's text, and throws on 1e-7. */
function plainNumber(options: IsNumberOptions): Test | Described | undefined {
  if (options.maxDecimalPlaces !== undefined) return undefined
  const accepts: Test = (value) => isNumber(value, options)
  return options.allowInfinity === true || options.allowNaN === true ? accepts : described(accepts, { kind: 'number' })
}

/** Length is counted in characters, of which one may take several units; without such it is the text's own. */
const several = /\p{Surrogate}|\p{Variation_Selector}|[^\0-\uffff]/u

function long(least: unknown, most: unknown = Number.POSITIVE_INFINITY): Test | Described | undefined {
  if (typeof least !== 'number' || typeof most !== 'number') return undefined
  const accepts: Test = (value) =>
    typeof value === 'string' && value.length >= least && value.length <= most && (least <= 1 || !several.test(value))
  // No text has fewer characters than one and more units than none.
  return least <= 1 ? described(accepts, { kind: 'string', least, most }) : accepts
}

/** class-validator splits the text at each such part, and counts the pieces. */
function containing(part: unknown, isWanted: boolean): Test | undefined {
  if (typeof part !== 'string' || part === '') return undefined
  return (value) => typeof value === 'string' && value.includes(part) === isWanted
}

function matching(pattern: unknown, flags: unknown): Test | Described | undefined {
  const own = expressionOf(pattern, flags)
  if (own === undefined) return undefined
  if (!own.global && !own.sticky) {
    return described((value) => typeof value === 'string' && own.test(value), { kind: 'string', pattern: own })
  }
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
