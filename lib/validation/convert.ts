import type { Source } from './source.js'

/** What the text of a query, a path or a form is turned into. */
export type Conversion = 'number' | 'boolean'

/** What JSON has no values of its own for: their texts stand for them, in bodies too. */
export type Made = 'date' | 'bigint'

/** What there is to know of a property for its conversion. */
interface Converted {
  readonly isList: boolean
  readonly conversion: Conversion | undefined
}

/** Texts by name, each with all values that were sent under it. */
export type Texts = ReadonlyMap<string, readonly string[]>

/** Plain decimals, as JSON writes them without an exponent: nothing that two readers would read differently. */
const decimal = /^(?:-?[1-9]\d*|0|-?(?:0|[1-9]\d*)\.\d+)$/
const longestNumber = 32
/**
 * RFC 3339, and a day alone. Times bear seconds and an offset: without one they would mean the server's. JavaScript takes 24:00 for the
 * next day, and has no leap seconds, which RFC 3339 would allow: what it cannot hold as it was sent is no date here.
 */
export const isoDate = /^\d{4}-\d{2}-\d{2}(?:T(?:[01]\d|2[0-3])(?::[0-5]\d){2}(?:\.\d{1,9})?(?:Z|[+-](?:[01]\d|2[0-3]):[0-5]\d))?$/

/**
 * Turns the texts of a query, a path or headers into what the rules ask for. A text that is no such thing stays a
 * text, which its rules then refuse. `repeated` is called for a name that came more than once where one value is declared.
 */
export function convertTexts(texts: Texts, properties: ReadonlyMap<string, Converted>, repeated: () => never): Record<string, unknown> {
  const values: Array<readonly [string, unknown]> = []
  for (const [name, own] of texts) {
    const property = properties.get(name)
    if (property !== undefined && !property.isList && own.length > 1) repeated()
    values.push([name, property === undefined ? own[0] : convertProperty(own, property, property.isList)])
  }
  return Object.fromEntries(values)
}

/**
 * Turns the texts of a form into what the rules ask for. What comes more than once is a list, and a parser of the host may have made objects
 * of it: both are left for the rules to refuse.
 */
export function convertForm(form: Source, properties: ReadonlyMap<string, Converted>): Source {
  return Object.fromEntries(Object.entries(form).map(([name, value]) => [name, convertField(value, properties.get(name))]))
}

function convertField(value: unknown, property: Converted | undefined): unknown {
  if (property === undefined) return value
  return convertProperty([value].flat(), property, property.isList || Array.isArray(value))
}

function convertProperty(values: readonly unknown[], { conversion }: Converted, isList: boolean): unknown {
  const converted = values.map((one) => (typeof one === 'string' ? convert(one, conversion) : one))
  return isList ? converted : converted[0]
}

function convert(text: string, conversion: Conversion | undefined): unknown {
  if (conversion === 'number') return toNumber(text)
  if (conversion === 'boolean') return text === 'true' ? true : text === 'false' ? false : text
  return text
}

function toNumber(text: string): number | string {
  if (text.length > longestNumber || !decimal.test(text)) return text
  // Zero has no sign here.
  const number = Number(text) + 0
  // Past 2^53 the number is not the one that was sent.
  return Number.isInteger(number) && !Number.isSafeInteger(number) ? text : number
}

/** The date or bigint that a value stands for; the value itself where it stands for none. */
export function make(value: unknown, made: Made | undefined): unknown {
  if (made === undefined) return value
  return made === 'date' ? toDate(value) : toBigInt(value)
}

function toDate(value: unknown): unknown {
  if (typeof value !== 'string' || !isoDate.test(value) || !isDay(value.slice(0, 10))) return value
  const date = new Date(value)
  return Number.isNaN(date.getTime()) ? value : date
}

/** JavaScript reads the 30th of February as a day in March. */
function isDay(text: string): boolean {
  const day = new Date(text)
  return !Number.isNaN(day.getTime()) && day.toISOString().startsWith(text)
}

export const integer = /^(?:0|-?[1-9]\d*)$/
/** The time that reading takes grows with the square of the digits. */
export const mostDigits = 128

function toBigInt(value: unknown): unknown {
  if (typeof value === 'string') return value.length <= mostDigits && integer.test(value) ? BigInt(value) : value
  return Number.isSafeInteger(value) ? BigInt(value as number) : value
}
