import { isUtf8 } from 'node:buffer'
import { MalformedRequest } from '../errors.js'
import { refuseDepth, requireClean } from '../poison.js'

/** Only a number with an exponent of three digits, or with so many digits that two are enough, can be infinite: the largest is 1.8e308. */
const largeExponent = /\d[eE]\+?\d{3}/
const mostDigits = 209

/** Decodes strict UTF-8 without a byte order mark. */
export function utf8(bytes: Buffer): string {
  if (!isUtf8(bytes)) throw new MalformedRequest('The body is not UTF-8.', { reason: 'utf8', event: 'input_validation_fail' })
  if (bytes.length >= 3 && bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) {
    throw new MalformedRequest('The body starts with a byte order mark.', { reason: 'utf8', event: 'input_validation_fail' })
  }
  return bytes.toString('utf8')
}

/** Parses JSON (RFC 8259) that is nested at most `depth` levels and holds no poison keys. */
export function parseJson(text: string, depth: number): unknown {
  // Before the parser: deep nesting must not cost what it would to build it.
  if (opens(text) > depth) requireDepth(text, depth)
  const value = parse(text)
  if (maybePoisonous(text)) requireClean(value)
  if (maybeInfinite(text)) requireFinite(value)
  return value
}

/** A text without these cannot hold a poison key, in whatever spelling. One search each is several times quicker than one for all. */
function maybePoisonous(text: string): boolean {
  return text.includes('__proto__') || text.includes('constructor') || text.includes('prototype') || text.includes('\\u')
}

function maybeInfinite(text: string): boolean {
  return largeExponent.test(text) || hasManyDigits(text)
}

/** Looks where a run of so many digits must have one: an expression would try a shorter run again from each of its digits. */
function hasManyDigits(text: string): boolean {
  for (let at = mostDigits - 1; at < text.length; at += mostDigits) {
    if (isDigit(text, at) && digitsAround(text, at) >= mostDigits) return true
  }
  return false
}

function digitsAround(text: string, at: number): number {
  let [first, last] = [at, at]
  while (isDigit(text, first - 1)) first--
  while (isDigit(text, last + 1)) last++
  return last - first + 1
}

function isDigit(text: string, at: number): boolean {
  const code = text.charCodeAt(at)
  return code >= 48 && code <= 57
}

/** `1e400` would go through as Infinity, which is larger than any amount that a rule thought of, and null once it is written. */
export function requireFinite(value: unknown): void {
  const pending = [value]
  while (pending.length > 0) {
    const one = pending.pop()
    if (typeof one === 'object' && one !== null) for (const part of Object.values(one)) pending.push(part)
    else if (typeof one === 'number' && !Number.isFinite(one))
      throw new MalformedRequest('The body holds a number that is too large.', { reason: 'number', event: 'input_validation_fail' })
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    // The parser's own message quotes the body.
    throw new MalformedRequest('The body is not JSON.', { reason: 'json', event: 'input_validation_fail' })
  }
}

/** How many brackets open, those in strings included: never fewer than the levels there are. */
function opens(text: string): number {
  let count = 0
  for (let at = text.indexOf('{'); at >= 0; at = text.indexOf('{', at + 1)) count++
  for (let at = text.indexOf('['); at >= 0; at = text.indexOf('[', at + 1)) count++
  return count
}

function requireDepth(text: string, depth: number): void {
  let level = 0
  let inString = false
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index)
    if (inString) {
      if (code === 92) index++
      else if (code === 34) inString = false
    } else if (code === 34) inString = true
    else if (code === 123 || code === 91) {
      if (++level > depth) refuseDepth()
    } else if (code === 125 || code === 93) level--
  }
}
