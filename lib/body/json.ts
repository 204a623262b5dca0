import { isUtf8 } from 'node:buffer'
import { MalformedRequest } from '../errors.js'

/** Keys that mean something to JavaScript itself: an object that is copied or merged by them changes all objects. */
export const poisonKeys: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype'])

/** A text without these cannot hold a poison key, in whatever spelling. */
const suspicious = /__proto__|constructor|prototype|\\u/

/** Decodes strict UTF-8 without a byte order mark. */
export function utf8(bytes: Buffer): string {
  if (!isUtf8(bytes)) throw new MalformedRequest('The body is not UTF-8.', { reason: 'utf8' })
  if (bytes.length >= 3 && bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) {
    throw new MalformedRequest('The body starts with a byte order mark.', { reason: 'utf8' })
  }
  return bytes.toString('utf8')
}

/** Parses JSON (RFC 8259) that is nested at most `depth` levels and holds no poison keys. */
export function parseJson(text: string, depth: number): unknown {
  // Before the parser: deep nesting must not cost what it would to build it.
  if (opens(text) > depth) requireDepth(text, depth)
  const value = parse(text)
  if (suspicious.test(text)) requireClean(value, Number.POSITIVE_INFINITY)
  return value
}

/** Throws on poison keys and on nesting deeper than `depth`, without recursion: depth must not end the process. */
export function requireClean(value: unknown, depth: number): void {
  const pending: Array<readonly [unknown, number]> = [[value, 1]]
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const [one, level] = next
    if (typeof one !== 'object' || one === null) continue
    if (level > depth) throw tooDeep()
    if (Array.isArray(one)) {
      for (const element of one as readonly unknown[]) pending.push([element, level + 1])
      continue
    }
    for (const key of Object.keys(one)) {
      if (poisonKeys.has(key)) throw new MalformedRequest('The body holds a key that no object may have.', poisonous)
      pending.push([(one as Record<string, unknown>)[key], level + 1])
    }
  }
}

export const poisonous = { reason: 'poison-key', event: 'malicious_extraneous' } as const

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    // The parser's own message quotes the body.
    throw new MalformedRequest('The body is not JSON.', { reason: 'json' })
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
      if (++level > depth) throw tooDeep()
    } else if (code === 125 || code === 93) level--
  }
}

function tooDeep(): MalformedRequest {
  return new MalformedRequest('The body is nested too deep.', { reason: 'depth', event: 'malicious_extraneous' })
}
