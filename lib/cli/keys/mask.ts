import type { Jwk } from '../../authentication/key-material.js'

/** Takes what is secret in keys out of a text. */
export type Mask = (text: string) => string

const secretMembers = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'k', 'priv', 'r', 't'] as const

/** Shorter ones stand in every text by chance, and are no secret. */
const shortest = 4

/**
 * A mask for what people have written beside a key: in its name, say. Knows a secret in base64url and as text, hexadecimal and
 * base64.
 */
export function maskOf(keys: readonly Jwk[]): Mask {
  const secrets = [...new Set(keys.flatMap(secretsOf).flatMap(spellings))].filter((one) => one.length >= shortest)
  // The longest first: what a shorter one leaves of it would be told.
  secrets.sort((one, other) => other.length - one.length)
  return (text) => secrets.reduce((rest, secret) => rest.replaceAll(secret, '[masked]'), text)
}

/** Masks every text in a value of JSON, names too. */
export function maskedValue(value: unknown, mask: Mask): unknown {
  if (typeof value === 'string') return mask(value)
  if (Array.isArray(value)) return value.map((one) => maskedValue(one, mask))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [mask(name), maskedValue(one, mask)]))
}

function secretsOf(jwk: Readonly<Record<string, unknown>>): readonly string[] {
  const own = secretMembers.flatMap((name) => (typeof jwk[name] === 'string' ? [jwk[name]] : []))
  const others = Array.isArray(jwk['oth']) ? (jwk['oth'] as readonly unknown[]) : []
  return [
    ...own,
    ...others.flatMap((one) => (typeof one === 'object' && one !== null ? secretsOf(one as Readonly<Record<string, unknown>>) : [])),
  ]
}

function spellings(secret: string): readonly string[] {
  const bytes = Buffer.from(secret, 'base64url')
  const hex = bytes.toString('hex')
  const plain = [
    secret,
    bytes.toString('base64'),
    bytes.toString('base64url'),
    hex,
    hex.toUpperCase(),
    bytes.toString('utf8'),
    bytes.toString('latin1'),
  ]
  return [...plain, ...plain.map((one) => JSON.stringify(one).slice(1, -1)), bytes.toString('base64').replace(/=+$/, '')]
}
