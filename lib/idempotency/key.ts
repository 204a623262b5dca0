import { MalformedRequest } from '../errors.js'

/** As long as the keys that clients send elsewhere may be. */
const longest = 255

/** A Structured Field String (RFC 9651 §3.3.3): visible ASCII and spaces in quotes, with `\"` and `\\` for the two. */
const quoted = /^"((?:[ !#-[\]-~]|\\["\\])*)"$/
/** What clients send that know no Structured Fields: visible ASCII without what separates values and parameters. */
const bare = /^[!#-+\--:<-[\]-~]+$/

/**
 * The key that an `Idempotency-Key` field names, bare or in quotes: `abc` and `"abc"` are one key. Throws `MalformedRequest` for what is
 * neither, for an empty key, for one of more than 255 characters, and where the field was sent twice.
 */
export function keyOf(field: string | readonly string[]): string {
  if (typeof field !== 'string') throw malformed('was sent more than once')
  const key = quoted.exec(field)?.[1]?.replaceAll(/\\(["\\])/g, '$1') ?? (bare.test(field) ? field : undefined)
  if (key === undefined) throw malformed('is no string: write it in quotes, as in "8e03978e-40d5-43e8-bc93-6894a57f9324"')
  if (key === '') throw malformed('is empty')
  if (key.length > longest) throw malformed(`has more than ${longest} characters`)
  return key
}

function malformed(what: string): MalformedRequest {
  return new MalformedRequest(`Idempotency-Key ${what}.`, { reason: 'idempotency-key' })
}
