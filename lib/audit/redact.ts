import { mask, secretMasker, secretNames } from './secrets.js'
import type { RedactionOptions } from './secrets.js'

/** How much of a value is written. What is left out leaves a marker. */
const limits = Object.freeze({
  /** Objects and arrays within each other. */
  depth: 8,
  /** Properties of an object, items of an array. */
  members: 100,
  /** Characters of a text, of a stack trace, of a name. */
  text: 1_000,
  stack: 4_000,
  name: 100,
  /** Characters of a whole value, about: objects that share parts can be small in memory and endless on paper. */
  total: 32_768,
})

/** How far a text is searched past its limit, so that a secret is not cut into pieces that look harmless. */
const overlap = 512

/** How many names are remembered with what was found out about them. */
const knownNames = 1_000

/** Line breaks, terminal commands and reordering marks that JSON lets through: one record stays one honest line. */
const unprintable = /[\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|\udb40[\udc00-\udc7f]/g
const needsEscape = /[^ !#-[\]-~]/

interface Name {
  /** `"quantity":` */
  readonly text: string
  readonly isSecret: boolean
}

/** One value on its way to paper. */
interface Walk {
  room: number
  readonly parents: object[]
}

/**
 * Writes values as JSON on one line, with secrets masked by the name they stand under and by what they look like, at
 * every depth. Takes any value: cycles, getters that throw, binary data and endless structures come out short and
 * harmless. Never throws; the result always parses.
 */
export class Redactor {
  readonly #isSecret: (name: string) => boolean
  readonly #maskSecrets: (text: string) => string
  readonly #hasOwnPatterns: boolean
  readonly #names = new Map<string, Name>()

  constructor(options: RedactionOptions = {}) {
    this.#isSecret = secretNames(options.keys)
    this.#maskSecrets = secretMasker(options.patterns)
    this.#hasOwnPatterns = (options.patterns ?? []).length > 0
  }

  /** The JSON of any value. */
  json(value: unknown): string {
    return this.#text(value, { room: limits.total, parents: [] })
  }

  /** The JSON of a text, its secrets masked. */
  text(value: string, limit: number = limits.text): string {
    // No secret is shorter than four characters, and most texts are short words.
    if (value.length < 4 && !this.#hasOwnPatterns) return quote(value)
    if (value.length <= limit) return quote(this.#maskSecrets(value))
    return quote(this.#shorten(value, limit))
  }

  /** Whether values under this name are masked. */
  isSecret(name: string): boolean {
    return this.#name(name).isSecret
  }

  #shorten(value: string, limit: number): string {
    const searched = limit + overlap
    let masked = this.#maskSecrets(value.slice(0, searched))
    // What was cut off at the end of the search may be the first half of a secret.
    if (value.length > searched) masked = masked.slice(0, -overlap)
    return masked.length <= limit && value.length <= searched ? masked : `${masked.slice(0, limit)}… [${value.length} characters]`
  }

  #text(value: unknown, walk: Walk): string {
    if (typeof value === 'object' && value !== null) return this.#object(value, walk)
    const text = typeof value === 'string' ? this.text(value) : this.#scalar(value)
    walk.room -= text.length
    return text
  }

  #scalar(value: unknown): string {
    if (typeof value === 'boolean') return value ? 'true' : 'false'
    if (typeof value === 'number') return this.#number(value)
    if (typeof value === 'bigint') return this.text(String(value))
    return value === undefined || value === null ? 'null' : `"[${typeof value}]"`
  }

  #number(value: number): string {
    const text = String(value)
    if (!Number.isFinite(value)) return `"${text}"`
    // Only numbers this long can be card numbers.
    return value > 1e12 && this.#maskSecrets(text) !== text ? `"${mask}"` : text
  }

  #object(value: object, walk: Walk): string {
    if (walk.room <= 0) return '"[too much]"'
    if (walk.parents.includes(value)) return '"[circular]"'
    if (walk.parents.length === limits.depth) return '"[too deep]"'
    walk.room -= 2
    walk.parents.push(value)
    try {
      return this.#contents(value, walk)
    } catch {
      return '"[unreadable]"'
    } finally {
      walk.parents.pop()
    }
  }

  #contents(value: object, walk: Walk): string {
    if (Array.isArray(value)) return this.#items(value, value.length, walk)
    const toJSON = (value as { toJSON?: unknown }).toJSON
    if (typeof toJSON === 'function' && !Buffer.isBuffer(value)) return this.#converted(value, toJSON.call(value), walk)
    const prototype: unknown = Object.getPrototypeOf(value)
    if (prototype === Object.prototype || prototype === null) return this.#members(value, Object.keys(value), walk)
    return this.#special(value, walk)
  }

  #converted(value: object, converted: unknown, walk: Walk): string {
    return converted === value ? this.#special(value, walk) : this.#text(converted, walk)
  }

  #special(value: object, walk: Walk): string {
    if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return `"[${value.byteLength} bytes]"`
    if (value instanceof Error) return this.#error(value, walk)
    if (value instanceof Map || value instanceof URLSearchParams || value instanceof Headers) return this.#entries(value, walk)
    if (value instanceof Set) return this.#items(firstOf(value), value.size, walk)
    if (value instanceof RegExp || value instanceof String || value instanceof Number || value instanceof Boolean) {
      return this.#text(String(value), walk)
    }
    return this.#members(value, Object.keys(value), walk)
  }

  #items(values: readonly unknown[], length: number, walk: Walk): string {
    let text = ''
    for (let index = 0; index < length; index++) {
      if (index > 0) text += ','
      if (index === limits.members || walk.room <= 0) return `[${text}"[${length - index} more]"]`
      text += this.#text(values[index], walk)
    }
    return `[${text}]`
  }

  #members(value: object, names: readonly string[], walk: Walk, first = ''): string {
    let text = first
    let count = 0
    for (const name of names) {
      if (count === limits.members || walk.room <= 0) return `{${text}${text === '' ? '' : ','}"…":"[${names.length - count} more]"}`
      const member = this.#member(value, name, walk)
      if (member === undefined) continue
      text += text === '' ? member : `,${member}`
      count++
    }
    return `{${text}}`
  }

  #member(value: object, name: string, walk: Walk): string | undefined {
    let member: unknown
    try {
      member = (value as Record<string, unknown>)[name]
    } catch {
      member = '[unreadable]'
    }
    return member === undefined ? undefined : this.#pair(name, member, walk)
  }

  #pair(name: string, value: unknown, walk: Walk): string {
    const { text, isSecret } = this.#name(name)
    walk.room -= text.length
    if (isSecret && value !== null && value !== undefined) return `${text}"${mask}"`
    return text + this.#text(value, walk)
  }

  #entries(entries: Iterable<[unknown, unknown]>, walk: Walk): string {
    const pairs: string[] = []
    for (const [key, value] of entries) {
      if (pairs.length === limits.members || walk.room <= 0) {
        pairs.push('"…":"[more]"')
        break
      }
      pairs.push(this.#pair(nameOf(key), value, walk))
    }
    return `{${pairs.join(',')}}`
  }

  #error(error: Error, walk: Walk): string {
    const stack = typeof error.stack === 'string' ? this.text(error.stack, limits.stack) : 'null'
    walk.room -= stack.length
    const hidden = ['cause', 'errors'].filter((name) => Object.hasOwn(error, name))
    const shown = Object.keys(error).filter((name) => !['name', 'message', 'stack', ...hidden].includes(name))
    return this.#members(error, ['name', 'message', ...hidden, ...shown], walk, `"stack":${stack}`)
  }

  #name(name: string): Name {
    const known = this.#names.get(name)
    if (known !== undefined) return known
    const made = { text: `${this.text(name, limits.name)}:`, isSecret: this.#isSecret(name.slice(0, limits.name + overlap)) }
    if (name.length > limits.name) return made
    // Names come from outside too: forget them all rather than grow.
    if (this.#names.size === knownNames) this.#names.clear()
    this.#names.set(name, made)
    return made
  }
}

/** The JSON of a text as it is, on one line. For texts that are ours: nothing is masked or shortened. */
export function quote(text: string): string {
  if (!needsEscape.test(text)) return `"${text}"`
  return JSON.stringify(text).replace(unprintable, escapeUnits)
}

function escapeUnits(text: string): string {
  let escaped = ''
  for (let index = 0; index < text.length; index++) escaped += `\\u${text.charCodeAt(index).toString(16).padStart(4, '0')}`
  return escaped
}

function nameOf(key: unknown): string {
  if (typeof key === 'string') return key
  return typeof key === 'number' || typeof key === 'bigint' || typeof key === 'boolean' ? String(key) : `[${typeof key}]`
}

/** As many members as are written, and one more: iterators of others can be endless. */
function firstOf(values: Iterable<unknown>): readonly unknown[] {
  const first: unknown[] = []
  for (const value of values) {
    first.push(value)
    if (first.length > limits.members) break
  }
  return first
}
