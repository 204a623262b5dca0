import type { JsonSchema } from '../json-schema.js'
import { speaksAs, wordsOf } from './known-rules.js'
import { portablePattern } from './portable-pattern.js'
import type { Rule } from './rule.js'

/** What JSON Schema can say of a rule. */
export interface RuleSchema {
  /** What a value is like that the rule says yes to, or of which it may say yes. */
  readonly schema: JsonSchema
  /** Whether the schema says no to everything that the rule says no to. */
  readonly isWhole: boolean
  /** Whether the rule says no where there is no value. */
  readonly isNeeded: boolean
}

/** How one of class-validator's own rules is written as a schema. */
interface Writing {
  /** The rule's words, by which it is told from another of that name. */
  readonly words: string
  readonly write: (constraints: readonly unknown[]) => RuleSchema | undefined
}

const whole = (schema: JsonSchema): RuleSchema => ({ schema, isWhole: true, isNeeded: true })
const partly = (schema: JsonSchema): RuleSchema => ({ schema, isWhole: false, isNeeded: true })

/** A rule about which nothing can be said: whatever is sent, it may say yes. */
const unknown: RuleSchema = { schema: {}, isWhole: false, isNeeded: false }

/** Past 2^53 an integer is not the one that was sent. */
const exactInteger = { type: 'integer', format: 'int64', minimum: Number.MIN_SAFE_INTEGER, maximum: Number.MAX_SAFE_INTEGER }

const common: Readonly<Record<string, Writing['write']>> = {
  isString: () => whole({ type: 'string' }),
  isBoolean: () => whole({ type: 'boolean' }),
  isInt: () => whole(exactInteger),
  isNumber: ([options]) => {
    const { maxDecimalPlaces } = (options ?? {}) as { readonly maxDecimalPlaces?: number }
    return maxDecimalPlaces === undefined ? whole({ type: 'number' }) : partly({ type: 'number' })
  },
  min: ([least]) => bounded('number', { minimum: least }),
  max: ([most]) => bounded('number', { maximum: most }),
  isPositive: () => whole({ type: 'number', exclusiveMinimum: 0 }),
  isNegative: () => whole({ type: 'number', exclusiveMaximum: 0 }),
  isLength: ([least, most]) => bounded('string', { minLength: least, maxLength: most }),
  minLength: ([least]) => bounded('string', { minLength: least }),
  maxLength: ([most]) => bounded('string', { maxLength: most }),
  matches: ([pattern, flags]) => matching(pattern, flags),
  isUuid: ([version]) => uuid(version),
  isIn: ([values]) => (isPlain(values) ? whole({ enum: values }) : undefined),
  isEnum: ([named]) => (typeof named === 'object' && named !== null ? whole({ enum: [...new Set(Object.values(named))] }) : undefined),
  equals: ([value]) => (isPlain([value]) ? whole({ const: value }) : undefined),
  isDefined: () => whole({ not: { type: 'null' } }),
  isNotEmpty: () => whole({ not: { enum: ['', null] } }),
  isArray: () => whole({ type: 'array' }),
  arrayNotEmpty: () => whole({ type: 'array', minItems: 1 }),
  arrayMinSize: ([least]) => bounded('array', { minItems: least }),
  arrayMaxSize: ([most]) => bounded('array', { maxItems: most }),
}

const rarer: Readonly<Record<string, Writing>> = {
  isEmpty: { words: '$property must be empty', write: () => ({ ...whole({ enum: ['', null] }), isNeeded: false }) },
  notEquals: {
    words: '$property should not be equal to $constraint1',
    write: ([value]) => (isPlain([value]) ? { ...whole({ not: { const: value } }), isNeeded: false } : undefined),
  },
  isNotIn: {
    words: '$property should not be one of the following values: $constraint1',
    write: ([values]) => (isPlain(values) ? { ...whole({ not: { enum: values } }), isNeeded: false } : undefined),
  },
  isDivisibleBy: {
    words: '$property must be divisible by $constraint1',
    write: ([by]) => (Number.isSafeInteger(by) && by !== 0 ? whole({ type: 'number', multipleOf: Math.abs(by as number) }) : undefined),
  },
  contains: {
    words: '$property must contain a $constraint1 string',
    write: ([text]) => (isLiteral(text) ? whole({ type: 'string', pattern: literal(text) }) : undefined),
  },
  notContains: {
    words: '$property should not contain a $constraint1 string',
    write: ([text]) => (isLiteral(text) ? whole({ type: 'string', not: { pattern: literal(text) } }) : undefined),
  },
  isObject: { words: '$property must be an object', write: () => whole({ type: 'object' }) },
  isNotEmptyObject: {
    words: '$property must be a non-empty object',
    write: ([options]) => {
      const { nullable } = (options ?? {}) as { readonly nullable?: boolean }
      return nullable === false ? partly({ type: 'object', minProperties: 1 }) : whole({ type: 'object', minProperties: 1 })
    },
  },
  arrayContains: {
    words: '$property must contain $constraint1 values',
    write: ([values]) =>
      isPlain(values) ? whole({ type: 'array', allOf: values.map((value) => ({ contains: { const: value } })) }) : undefined,
  },
  arrayNotContains: {
    words: '$property should not contain $constraint1 values',
    write: ([values]) => (isPlain(values) ? whole({ type: 'array', not: { contains: { enum: values } } }) : undefined),
  },
  // Of objects, class-validator asks whether they are the same one.
  arrayUnique: { words: "All $property's elements must be unique", write: () => partly({ type: 'array' }) },
  isEmail: { words: '$property must be an email', write: () => partly({ type: 'string', format: 'email' }) },
  isFqdn: { words: '$property must be a valid domain name', write: () => partly({ type: 'string', format: 'hostname' }) },
  isIp: {
    words: '$property must be an ip address',
    write: ([version]) => {
      const format = new Map([
        ['4', 'ipv4'],
        ['6', 'ipv6'],
      ]).get(String(version))
      return partly({ type: 'string', ...(format === undefined ? {} : { format }) })
    },
  },
}

/** Rules of texts that are a pattern: their words, and the pattern; for the alphabet of English where they take others. */
const patterns: Readonly<Record<string, readonly [words: string, pattern: string]>> = {
  isMongoId: ['$property must be a mongodb id', '^[0-9a-fA-F]{24}$'],
  isMilitaryTime: ['$property must be a valid representation of military time in the format HH:MM', '^([01]\\d|2[0-3]):[0-5]\\d$'],
  isAscii: ['$property must contain only ASCII characters', '^[\\x00-\\x7F]+$'],
  isAlpha: ['$property must contain only letters (a-zA-Z)', '^[A-Za-z]+$'],
  isAlphanumeric: ['$property must contain only letters and numbers', '^[0-9A-Za-z]+$'],
  isHexadecimal: ['$property must be a hexadecimal number', '^(0[xXhH])?[0-9A-Fa-f]+$'],
  isHexColor: ['$property must be a hexadecimal color', '^#?([0-9A-Fa-f]{3}|[0-9A-Fa-f]{4}|[0-9A-Fa-f]{6}|[0-9A-Fa-f]{8})$'],
  isBooleanString: ['$property must be a boolean string', '^(true|false|1|0)$'],
}

/** Rules of texts whose grammar is more than a pattern: their words. */
const grammars: Readonly<Record<string, string>> = {
  isBase64: '$property must be base64 encoded',
  isCreditCard: '$property must be a credit card',
  isCurrency: '$property must be a currency',
  isDataURI: '$property must be a data uri format',
  isDateString: '$property must be a valid ISO 8601 date string',
  isDecimal: '$property is not a valid decimal number.',
  isIBAN: '$property must be an IBAN',
  isISO31661Alpha2: '$property must be a valid ISO31661 Alpha2 code',
  isISO31661Alpha3: '$property must be a valid ISO31661 Alpha3 code',
  isISO4217CurrencyCode: '$property must be a valid ISO4217 currency code',
  isIso8601: '$property must be a valid ISO 8601 date string',
  isJson: '$property must be a json string',
  isJwt: '$property must be a jwt string',
  isLocale: '$property must be locale',
  isLowercase: '$property must be a lowercase string',
  isMacAddress: '$property must be a MAC Address',
  isMimeType: '$property must be MIME type format',
  isMobilePhone: '$property must be a phone number',
  isNumberString: '$property must be a number string',
  isPhoneNumber: '$property must be a valid phone number',
  isPostalCode: '$property must be a postal code',
  isRFC3339: '$property must be RFC 3339 date',
  isSemVer: '$property must be a Semantic Versioning Specification',
  isStrongPassword: '$property is not strong enough',
  isTimeZone: '$property must be a valid IANA time-zone',
  isUppercase: '$property must be uppercase',
  isUrl: '$property must be a URL address',
}

const writings: ReadonlyMap<string, Writing> = new Map<string, Writing>([
  ...Object.entries(common).map(([name, write]) => [name, { words: wordsOf(name) ?? '', write }] as const),
  ...Object.entries(rarer),
  ...Object.entries(patterns).map(
    ([name, [words, pattern]]) => [name, { words, write: ([locale]: readonly unknown[]) => patterned(pattern, locale) }] as const,
  ),
  ...Object.entries(grammars).map(([name, words]) => [name, { words, write: () => partly({ type: 'string' }) }] as const),
])

/** What JSON Schema can say of a rule; of one with `each`, of one element. */
export function ruleSchema(rule: Rule): RuleSchema {
  const { code, each, validator } = rule
  if (rule.condition !== undefined || rule.isAsync) return unknown
  const constraints = rule.constraints()
  const writing = writings.get(code)
  if (writing === undefined || !speaksAs(writing.words, { constraints, each, validator })) return unknown
  return writing.write(constraints) ?? unknown
}

function bounded(type: string, bounds: Readonly<Record<string, unknown>>): RuleSchema | undefined {
  const given = Object.entries(bounds).filter(([, bound]) => bound !== undefined && bound !== null)
  if (given.some(([, bound]) => typeof bound !== 'number' || !Number.isFinite(bound))) return undefined
  // What JSON Schema counts with is whole and not negative; another bound is left to the rule.
  const isCount = type !== 'number'
  const said = given.filter(([, bound]) => !isCount || (Number.isSafeInteger(bound) && (bound as number) >= 0))
  return { ...whole({ type, ...Object.fromEntries(said) }), isWhole: said.length === given.length }
}

function matching(pattern: unknown, flags: unknown): RuleSchema {
  const source = portablePattern(pattern, flags)
  return source === undefined ? partly({ type: 'string' }) : whole({ type: 'string', pattern: source })
}

/** Another alphabet than that of English is a grammar of its own. */
function patterned(pattern: string, locale: unknown): RuleSchema {
  return locale === undefined || locale === 'en-US' ? whole({ type: 'string', pattern }) : partly({ type: 'string' })
}

function uuid(version: unknown): RuleSchema {
  const hex = (count: number) => `[0-9a-fA-F]{${count}}`
  const loose = `${hex(8)}-${hex(4)}-${hex(4)}-${hex(4)}-${hex(12)}`
  const digit = ['1', '2', '3', '4', '5', '6', '7', '8'].find((one) => one === String(version))
  const exact = (first: string) => `${hex(8)}-${hex(4)}-${first}${hex(3)}-[89abAB]${hex(3)}-${hex(12)}`
  const all = `${exact('[1-8]')}|0{8}-0{4}-0{4}-0{4}-0{12}|[fF]{8}-[fF]{4}-[fF]{4}-[fF]{4}-[fF]{12}`
  const text = (pattern: string) => ({ type: 'string', format: 'uuid', minLength: 36, maxLength: 36, pattern: `^${pattern}$` })
  if (digit !== undefined) return whole(text(exact(digit)))
  if (version === 'loose') return whole(text(loose))
  return version === undefined || version === null || version === 'all' ? whole(text(`(?:${all})`)) : partly(text(loose))
}

/** Values that JSON has, and that are equal when they look alike. */
function isPlain(values: unknown): values is readonly unknown[] {
  return Array.isArray(values) && values.every((value) => value === null || isScalar(value))
}

function isScalar(value: unknown): boolean {
  return typeof value === 'string' || typeof value === 'boolean' || (typeof value === 'number' && Number.isFinite(value))
}

/** A pattern is read by code points: half of one cannot be looked for. */
function isLiteral(text: unknown): text is string {
  return typeof text === 'string' && !/\p{Surrogate}/u.test(text)
}

function literal(text: string): string {
  return text
    .replaceAll(/[\\^$.*+?()[\]{}|/]/g, '\\$&')
    .replaceAll(/[\u0000-\u001f]/g, (control) => `\\u${control.charCodeAt(0).toString(16).padStart(4, '0')}`)
}
