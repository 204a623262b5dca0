import { MalformedRequest } from './errors.js'
import { isPoisonous, refusePoison } from './poison.js'

const most = 1_000

/**
 * Takes `application/x-www-form-urlencoded` apart, strictly: percent-encoded UTF-8, `+` for a space, brackets without a
 * meaning, at most 1,000 pairs. `what` is named in the refusal.
 */
export function parseUrlEncoded(text: string, what: 'query' | 'form'): ReadonlyMap<string, readonly string[]> {
  const parameters = new Map<string, string[]>()
  if (text === '') return parameters
  const pairs = text.split('&', most + 1)
  if (pairs.length > most)
    throw new MalformedRequest(`The ${what} has more than ${most} parameters.`, { reason: what, event: 'input_validation_fail' })
  for (const pair of pairs) {
    if (pair === '') continue
    const equals = pair.indexOf('=')
    const name = decode(equals < 0 ? pair : pair.slice(0, equals), what)
    if (isPoisonous(name)) refusePoison()
    const value = decode(equals < 0 ? '' : pair.slice(equals + 1), what)
    const before = parameters.get(name)
    if (before === undefined) parameters.set(name, [value])
    else before.push(value)
  }
  return parameters
}

function decode(text: string, what: string): string {
  const spaced = text.includes('+') ? text.replaceAll('+', ' ') : text
  if (!spaced.includes('%')) return spaced
  try {
    return decodeURIComponent(spaced)
  } catch {
    throw new MalformedRequest(`The ${what} is not percent-encoded UTF-8.`, { reason: what, event: 'input_validation_fail' })
  }
}
