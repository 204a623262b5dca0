import { MalformedRequest } from '../../errors.js'

/** Parameters of an authorization request that ask for a login that is recent or strong enough (RFC 9470 §4). */
export type AskedLogin = Readonly<Partial<Record<'acr_values' | 'max_age', string>>>

const rules = {
  // RFC 6749 §A: what may stand in values, and in a header that a page has them from.
  acr_values: /^[\x20\x21\x23-\x5b\x5d-\x7e]{1,1000}$/,
  max_age: /^\d{1,9}$/,
} as const

/** What a page asks of a login, as an API has told it to. Throws `MalformedRequest` for what no server would understand. */
export function askedLogin(query: Readonly<Record<string, unknown>>): AskedLogin {
  const asked = (['acr_values', 'max_age'] as const).filter((name) => query[name] !== undefined)
  return Object.fromEntries(asked.map((name) => [name, checked(name, query[name])]))
}

function checked(name: keyof typeof rules, value: unknown): string {
  if (typeof value === 'string' && rules[name].test(value)) return value
  throw new MalformedRequest(`The parameter ${name} is not well-formed.`)
}
