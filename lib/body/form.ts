import { parseUrlEncoded } from '../urlencoded.js'

/** A form as an object. A name that comes twice gives a list, which validation refuses where one value is declared, and makes of one text where a list is. */
export function parseForm(text: string): Record<string, string | readonly string[]> {
  const fields = [...parseUrlEncoded(text, 'form')]
  return Object.fromEntries(fields.map(([name, values]) => [name, values.length === 1 ? (values[0] ?? '') : values]))
}
