import { isUtf8 } from 'node:buffer'
import { Bare } from '../bare.js'

/** A JSON object of a token: frozen at every depth, and without a prototype that a name could reach. */
export type Fields = Readonly<Record<string, unknown>>

/** A JWS taken apart, whatever it is that it signs; nothing of it believed. */
export interface CompactSignature {
  readonly header: Fields
  /** What is signed, as it stands between the dots. */
  readonly payload: string
  /** How many characters the signature has. */
  readonly signatureLength: number
}

/** A token taken apart, nothing of it believed. */
export interface CompactToken extends CompactSignature {
  readonly claims: Fields
}

// jsonwebtoken lets padding, white space and the other base64 alphabet pass: one token would have many spellings.
const threeSegments = /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/

/** The last characters of a segment that leave no bit unused, by its length modulo 4. */
const canonicalEnds: readonly string[] = ['', '', 'AQgw', 'AEIMQUYcgkosw048']

const deepest = 32

/**
 * The parts of a JWS in compact form (RFC 7515 §7.1); undefined where it is none to the letter, or where nothing is signed: what
 * stands elsewhere (RFC 7515 appendix F) is not read.
 */
export function readCompactSignature(token: string): CompactSignature | undefined {
  if (!threeSegments.test(token)) return undefined
  const first = token.indexOf('.')
  const last = token.lastIndexOf('.')
  if (!isCanonical(token, 0, first) || !isCanonical(token, first + 1, last) || !isCanonical(token, last + 1, token.length)) return undefined
  const header = readHeader(token.slice(0, first))
  if (header === undefined) return undefined
  return { header, payload: token.slice(first + 1, last), signatureLength: token.length - last - 1 }
}

/** The parts of a JWS in compact form that holds a JWT (RFC 7519 §7.2); undefined where it is none to the letter. */
export function readCompactToken(token: string): CompactToken | undefined {
  const read = readCompactSignature(token)
  if (read === undefined) return undefined
  const { header, payload, signatureLength } = read
  const claims = readFields(payload)
  return claims === undefined ? undefined : { header, payload, signatureLength, claims }
}

function isCanonical(token: string, start: number, end: number): boolean {
  const rest = (end - start) % 4
  return rest === 0 || (canonicalEnds[rest] ?? '').includes(token.charAt(end - 1))
}

let lastHeader: { readonly segment: string; readonly header: Fields } | undefined

/** Remembers the last header: those of one issuer's tokens are the same text. */
function readHeader(segment: string): Fields | undefined {
  if (segment === lastHeader?.segment) return lastHeader.header
  const header = readFields(segment)
  if (header !== undefined) lastHeader = { segment, header }
  return header
}

/** The JSON object that a segment holds; undefined where it holds none, or one that two parsers could read in two ways. */
export function readFields(segment: string): Fields | undefined {
  const bytes = Buffer.from(segment, 'base64url')
  if (!isUtf8(bytes)) return undefined
  const text = bytes.toString('utf8')
  const value = parse(text)
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
  // A name that stands twice is counted twice in the text and once in the value: two parsers could read two tokens.
  if (countFreezing(value, deepest) !== countMembers(text)) return undefined
  return Object.freeze(Object.assign(new Bare(), value))
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Counts the members of an object or a list, and of all in it, which is frozen; NaN where it is too deep. */
function countFreezing(value: object, depth: number): number {
  if (depth === 0) return Number.NaN
  const inner: readonly unknown[] = Array.isArray(value) ? value : Object.values(value)
  let members = Array.isArray(value) ? 0 : inner.length
  for (const one of inner) {
    if (typeof one !== 'object' || one === null) continue
    members += countFreezing(one, depth - 1)
    Object.freeze(one)
  }
  return members
}

/** How many members the objects in a valid JSON text have: each has a name, and behind that a colon. */
function countMembers(text: string): number {
  let members = 0
  for (let start = text.indexOf('"'); start >= 0; start = text.indexOf('"', start)) {
    start = endOfString(text, start + 1) + 1
    if (isColonNext(text, start)) members += 1
  }
  return members
}

const colon = 0x3a
const backslash = 0x5c

/** Where the string ends that begins at `start`: at a quote that is not escaped. */
function endOfString(text: string, start: number): number {
  let end = text.indexOf('"', start)
  while (isEscaped(text, end)) end = text.indexOf('"', end + 1)
  return end
}

/** A backslash before it escapes it, unless that one is escaped itself. */
function isEscaped(text: string, index: number): boolean {
  let first = index
  while (text.charCodeAt(first - 1) === backslash) first -= 1
  return (index - first) % 2 === 1
}

function isColonNext(text: string, start: number): boolean {
  let index = start
  while (text.charCodeAt(index) <= space) index += 1
  return text.charCodeAt(index) === colon
}

/** No character of a higher code is white space in JSON. */
const space = 0x20
