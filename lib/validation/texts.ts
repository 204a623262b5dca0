import type { Exchange } from '../exchange.js'
import { isPoisonous } from '../poison.js'
import { parseUrlEncoded } from '../urlencoded.js'
import type { Texts } from './convert.js'
import type { InputPart } from './issues.js'

/** Reads the texts of one part. `names` are those that its rules know, where the rules tell. */
export function readerOf(part: Exclude<InputPart, 'body'>, names: readonly string[] | undefined): (exchange: Exchange) => Texts {
  if (part === 'query') return ({ target }) => parseUrlEncoded(target.query, 'query')
  if (part === 'params') return ({ target }) => present(Object.entries(target.params))
  if (names === undefined) return ({ request }) => present(Object.entries(request.headers).filter(([name]) => !isPoisonous(name)))
  const wanted = names.map((name) => [name, name.toLowerCase()] as const)
  // Own names only: a header that was not sent must not be found on the prototype.
  return ({ request: { headers } }) =>
    present(wanted.map(([name, sent]) => [name, Object.hasOwn(headers, sent) ? headers[sent] : undefined] as const))
}

function present(entries: ReadonlyArray<readonly [string, string | readonly string[] | undefined]>): Texts {
  const texts = new Map<string, readonly string[]>()
  for (const [name, value] of entries) {
    if (value !== undefined) texts.set(name, typeof value === 'string' ? [value] : value)
  }
  return texts
}
