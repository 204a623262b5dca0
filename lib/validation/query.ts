import { MalformedRequest } from '../errors.js'
import { isPoisonous, refusePoison } from './clean.js'
import type { Texts } from './convert.js'

const most = 1_000

/** Takes a query string apart, strictly: percent-encoded UTF-8, `+` for a space, brackets without a meaning. */
export function parseQuery(query: string): Texts {
  const parameters = new Map<string, string[]>()
  if (query === '') return parameters
  const pairs = query.split('&', most + 1)
  if (pairs.length > most) throw new MalformedRequest(`The query has more than ${most} parameters.`, { reason: 'query' })
  for (const pair of pairs) {
    if (pair === '') continue
    const equals = pair.indexOf('=')
    const name = decode(equals < 0 ? pair : pair.slice(0, equals))
    if (isPoisonous(name)) refusePoison()
    const value = decode(equals < 0 ? '' : pair.slice(equals + 1))
    const before = parameters.get(name)
    if (before === undefined) parameters.set(name, [value])
    else before.push(value)
  }
  return parameters
}

function decode(text: string): string {
  const spaced = text.includes('+') ? text.replaceAll('+', ' ') : text
  if (!spaced.includes('%')) return spaced
  try {
    return decodeURIComponent(spaced)
  } catch {
    throw new MalformedRequest('The query is not percent-encoded UTF-8.', { reason: 'query' })
  }
}
