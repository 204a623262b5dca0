import type { Jwk } from './key-material.js'
import { algorithmOf } from './key-set.js'
import type { KeyOptions } from './keys.js'

/**
 * The keys of a key set (RFC 7517 §5) of your own, private ones and secrets among them, as `portcullis keys` makes it. The first signs,
 * all verify: `bearer({ keys })`, `tokenIssuer({ key: keys[0] })`, `authorizationServer({ keys })`. Each has the algorithm that it names
 * (`alg`), or that of its curve; RSA without a name is RS256, a secret HS256. Throws a `TypeError` where it is no key set, or
 * where a key is one that no token is signed with; whether each is strong enough is for those to say that take them.
 */
export function keysOfSet(document: { readonly keys: readonly Jwk[] }): readonly [KeyOptions, ...KeyOptions[]] {
  const keys: unknown = (document as { readonly keys?: unknown } | null | undefined)?.keys
  const [first, ...others] = Array.isArray(keys) ? keys.map(toKeyOptions) : []
  if (first === undefined)
    throw new TypeError('the key set holds no keys: write { "keys": [ … ] }, or make one with portcullis keys generate')
  return [first, ...others]
}

function toKeyOptions(jwk: unknown, index: number): KeyOptions {
  const place = `keys[${index}]`
  if (!isObject(jwk)) throw new TypeError(`${place} is no JWK: write an object with a kty (RFC 7517 §4)`)
  const algorithm = jwk['use'] === 'enc' ? undefined : algorithmOf(jwk)
  if (algorithm === undefined) throw new TypeError(`${place} is no key that tokens are signed with: take it out of the set`)
  // Whatever it is: a name that is no text is refused with the others.
  const facts = { ...(jwk['kid'] === undefined ? {} : { kid: jwk['kid'] as string }), algorithm }
  if (jwk.kty !== 'oct') return { ...facts, [jwk['d'] === undefined ? 'publicKey' : 'privateKey']: jwk }
  const { k } = jwk
  if (typeof k !== 'string' || k === '') throw new TypeError(`${place} has no secret: "k" holds it, in base64url (RFC 7518 §6.4.1)`)
  return { ...facts, secret: Buffer.from(k, 'base64url') }
}

function isObject(value: unknown): value is Jwk {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
