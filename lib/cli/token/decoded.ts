import { readFields } from '../../authentication/compact-token.js'
import type { Fields } from '../../authentication/compact-token.js'

/** What can be read of a token by everybody. */
export type DecodedToken =
  | { readonly form: 'signed'; readonly header: Fields; readonly claims: Fields; readonly isSigned: boolean }
  /** A JWE (RFC 7516): only its header is open. */
  | { readonly form: 'encrypted'; readonly header: Fields }
  | { readonly form: 'opaque'; readonly why: string }

/** Takes a token apart, believing nothing; also one that no API would take. */
export function decoded(token: string): DecodedToken {
  const parts = token.split('.', 6)
  const [first = '', second = '', third = ''] = parts
  if (!/^[A-Za-z0-9_.=-]*$/.test(token) || (parts.length !== 3 && parts.length !== 5)) return opaque(shapeOf(token, parts.length))
  const header = readFields(first)
  if (header === undefined) return opaque('its header is no JSON object, or names a member twice')
  if (parts.length === 5) return { form: 'encrypted', header }
  const claims = readFields(second)
  if (claims === undefined) return opaque('its claims are no JSON object, or name a member twice')
  return { form: 'signed', header, claims, isSigned: third !== '' }
}

function opaque(why: string): DecodedToken {
  return { form: 'opaque', why }
}

function shapeOf(token: string, parts: number): string {
  const length = token.length.toLocaleString('en')
  return parts === 1
    ? `it is one text of ${length} characters`
    : `it is no 3 or 5 parts of base64url with dots between, and has ${length} characters`
}
