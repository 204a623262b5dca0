import type { ClassPlan, Conversion, PropertyPlan } from './rules.js'

/** Plain decimals, as JSON writes them without an exponent: nothing that two readers would read differently. */
const decimal = /^(?:-?[1-9]\d*|0|-?(?:0|[1-9]\d*)\.\d+)$/
const isoDate = /^\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}:\d{2}))?$/

type Texts = ReadonlyMap<string, readonly string[]>

/**
 * Turns the texts of a query, a path or headers into what the rules ask for. A text that is no such thing stays a
 * text, which its rules then refuse. `repeated` is told of names that came more than once where one value is declared.
 */
export function convertTexts(texts: Texts, plan: ClassPlan, repeated: (name: string) => void): Record<string, unknown> {
  const values: Array<readonly [string, unknown]> = []
  for (const [name, own] of texts) {
    const property = plan.properties.get(name)
    if (own.length > 1 && property?.isList !== true) repeated(name)
    values.push([name, property === undefined ? own[0] : convertProperty(own, property)])
  }
  return Object.fromEntries(values)
}

function convertProperty(texts: readonly string[], { isList, conversion }: PropertyPlan): unknown {
  const values = texts.map((text) => convert(text, conversion))
  return isList ? values : values[0]
}

function convert(text: string, conversion: Conversion | undefined): unknown {
  if (conversion === 'number') return toNumber(text)
  if (conversion === 'boolean') return text === 'true' ? true : text === 'false' ? false : text
  if (conversion === 'date') return toDate(text)
  return text
}

function toNumber(text: string): number | string {
  if (!decimal.test(text) || text.length > 32) return text
  const number = Number(text)
  // Past 2^53 the number is not the one that was sent.
  return Number.isInteger(number) && !Number.isSafeInteger(number) ? text : number
}

function toDate(text: string): Date | string {
  if (!isoDate.test(text) || !isDay(text.slice(0, 10))) return text
  const date = new Date(text)
  return Number.isNaN(date.getTime()) ? text : date
}

/** JavaScript reads the 30th of February as a day in March. */
function isDay(text: string): boolean {
  const day = new Date(text)
  return !Number.isNaN(day.getTime()) && day.toISOString().startsWith(text)
}
