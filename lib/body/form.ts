import { MalformedRequest } from '../errors.js'
import { poisonKeys, poisonous } from './json.js'

const most = 1_000

/** Parses `application/x-www-form-urlencoded` strictly. A name that comes twice gives an array, which validation refuses where one value is declared. */
export function parseForm(text: string): Record<string, string | string[]> {
  const fields = new Map<string, string[]>()
  const pairs = text === '' ? [] : text.split('&', most + 1)
  if (pairs.length > most) throw new MalformedRequest(`The form has more than ${most} fields.`, { reason: 'form' })
  for (const pair of pairs) {
    const equals = pair.indexOf('=')
    const name = decode(equals < 0 ? pair : pair.slice(0, equals))
    if (poisonKeys.has(name)) throw new MalformedRequest('The form has a field that no object may have.', poisonous)
    const values = fields.get(name) ?? []
    values.push(decode(equals < 0 ? '' : pair.slice(equals + 1)))
    fields.set(name, values)
  }
  return Object.fromEntries([...fields].map(([name, values]) => [name, values.length === 1 ? (values[0] ?? '') : values]))
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    throw new MalformedRequest('The form is not percent-encoded UTF-8.', { reason: 'form' })
  }
}
