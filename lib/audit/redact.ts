import type { Class } from '../decorator.js'
import { detached } from '../detached.js'
import { sensitiveProperties } from '../sensitive.js'
import { maskPlaces, placeOfItem, placeOfMember } from './mask-paths.js'
import type { MaskPlace } from './mask-paths.js'
import { MaskedTexts, overlap } from './masked-texts.js'
import type { Harmless } from './masked-texts.js'
import { Memo } from '../memo.js'
import { mask, secretNames } from './secrets.js'
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

/** How many names are remembered with what was found out about them. */
const mostKnown = 1_000

interface Name {
  /** `"quantity":` */
  readonly text: string
  /** `,"quantity":` */
  readonly next: string
  readonly isSecret: boolean
  /** Whether a sibling may say what its value is: `{ name: 'password', value: … }`. */
  readonly isNamedBeside: boolean
  /** What stood under it last: the headers of one caller's requests are alike, and many are those of everybody's. */
  last: Harmless | undefined
}

/** Names of members whose meaning another member tells, and names of those others. */
const valueNames: ReadonlySet<string> = new Set(['value', 'values', 'val', 'content', 'contents', 'data', 'text'])
const labels = ['name', 'key', 'header', 'field', 'property', 'label', 'param', 'parameter', 'k', 'id'] as const

const maskJson = `"${mask}"`

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
  readonly #texts: MaskedTexts
  readonly #places: MaskPlace | undefined
  readonly #names = new Memo<Name>(mostKnown)
  readonly #classes = new WeakMap<object, ReadonlySet<string>>()

  constructor(options: RedactionOptions = {}) {
    this.#isSecret = secretNames(options.keys)
    this.#texts = new MaskedTexts(options)
    this.#places = maskPlaces(options.paths)
  }

  /** The JSON of any value. */
  json(value: unknown): string {
    return this.#text(value, { room: limits.total, parents: [] }, this.#places)
  }

  /** The JSON of a text, its secrets masked. */
  text(value: string, limit: number = limits.text): string {
    return this.#texts.json(value, limit)
  }

  /** Whether values under this name are masked. */
  isSecret(name: string): boolean {
    return this.#name(name).isSecret
  }

  /** Whether the member `name` of `owner` is masked, by its name or by its class. */
  hides(owner: object, name: string): boolean {
    return this.#name(name).isSecret || this.#sensitiveOf(owner)?.has(name) === true
  }

  /** The members of a value, those masked that its class calls sensitive: for whoever copies it, and loses its class. */
  membersOf(value: object): Record<string, unknown> {
    const sensitive = this.#sensitiveOf(value)
    const entries: ReadonlyArray<readonly [string, unknown]> = Object.entries(value)
    return Object.fromEntries(sensitive === undefined ? entries : entries.map(([name, own]) => [name, sensitive.has(name) ? mask : own]))
  }

  /** What the options say of paths, for whoever walks values by itself. */
  get places(): MaskPlace | undefined {
    return this.#places
  }

  #text(value: unknown, walk: Walk, place: MaskPlace | undefined): string {
    if (typeof value === 'object' && value !== null) return this.#object(value, walk, place)
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
    return value > 1e12 && this.#texts.isSecret(text) ? `"${mask}"` : text
  }

  #object(value: object, walk: Walk, place: MaskPlace | undefined): string {
    if (walk.room <= 0) return '"[too much]"'
    if (walk.parents.includes(value)) return '"[circular]"'
    if (walk.parents.length === limits.depth) return '"[too deep]"'
    walk.room -= 2
    walk.parents.push(value)
    try {
      return this.#contents(value, walk, place)
    } catch {
      return '"[unreadable]"'
    } finally {
      walk.parents.pop()
    }
  }

  #contents(value: object, walk: Walk, place: MaskPlace | undefined): string {
    if (Array.isArray(value)) return this.#items(value, value.length, walk, place)
    const toJSON = (value as { toJSON?: unknown }).toJSON
    if (typeof toJSON === 'function' && !Buffer.isBuffer(value)) return this.#converted(value, toJSON.call(value), walk, place)
    const prototype: unknown = Object.getPrototypeOf(value)
    if (prototype === Object.prototype || prototype === null) return this.#members(value, Object.keys(value), walk, place)
    return this.#special(value, walk, place)
  }

  #converted(value: object, converted: unknown, walk: Walk, place: MaskPlace | undefined): string {
    if (converted === value) return this.#special(value, walk, place)
    // What a conversion gives is as secret as what its class holds.
    const sensitive = this.#sensitiveOf(value)
    if (sensitive === undefined || !isPlain(converted)) return this.#text(converted, walk, place)
    return this.#members(converted, Object.keys(converted), walk, place, '', sensitive)
  }

  #special(value: object, walk: Walk, place: MaskPlace | undefined): string {
    if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return `"[${value.byteLength} bytes]"`
    if (value instanceof Error) return this.#error(value, walk, place)
    if (value instanceof Map || value instanceof URLSearchParams || value instanceof Headers || value instanceof FormData) {
      return this.#entries(value, walk, place)
    }
    if (value instanceof Set) return this.#items(firstOf(value), value.size, walk, place)
    if (value instanceof RegExp || value instanceof String || value instanceof Number || value instanceof Boolean) {
      return this.#text(String(value), walk, place)
    }
    return this.#members(value, Object.keys(value), walk, place, '', this.#sensitiveOf(value))
  }

  #items(values: readonly unknown[], length: number, walk: Walk, place: MaskPlace | undefined): string {
    const isPairs = length > 0 && length % 2 === 0 && typeof values[0] === 'string'
    let text = ''
    for (let index = 0; index < length; index++) {
      if (index > 0) text += ','
      if (index === limits.members || walk.room <= 0) return `[${text}"[${length - index} more]"]`
      const own = placeOfItem(place, index)
      const isHidden = own?.isMasked === true || (isPairs && index % 2 === 1 && this.#isLabel(values[index - 1]))
      text += isHidden ? this.#hidden(values[index]) : this.#text(values[index], walk, own)
    }
    return `[${text}]`
  }

  #members(
    value: object,
    names: readonly string[],
    walk: Walk,
    place: MaskPlace | undefined,
    first = '',
    sensitive?: ReadonlySet<string>,
  ): string {
    let text = `{${first}`
    let isFirst = first === ''
    let count = 0
    for (const name of names) {
      if (count === limits.members || walk.room <= 0) return `${text}${isFirst ? '' : ','}"…":"[${names.length - count} more]"}`
      const known = this.#name(name)
      let member: unknown
      let isHidden = known.isSecret || sensitive?.has(name) === true
      try {
        member = (value as Record<string, unknown>)[name]
        if (known.isNamedBeside) isHidden ||= this.#isLabelled(value as Record<string, unknown>)
      } catch {
        member = '[unreadable]'
      }
      if (member === undefined) continue
      text += isFirst ? known.text : known.next
      text += this.#member(known, member, walk, placeOfMember(place, name), isHidden)
      isFirst = false
      count++
    }
    return `${text}}`
  }

  /** What stands under a name. */
  #member(known: Name, value: unknown, walk: Walk, place: MaskPlace | undefined, isHidden: boolean): string {
    walk.room -= known.text.length
    if (isHidden || place?.isMasked === true) return this.#hidden(value)
    if (typeof value !== 'string') return this.#text(value, walk, place)
    const text = this.#textUnder(known, value)
    walk.room -= text.length
    return text
  }

  /** As `text` writes it. */
  #textUnder(name: Name, value: string): string {
    if (name.last?.text === value) return name.last.json
    const known = this.#texts.known(value)
    if (known === undefined) return this.text(value)
    name.last = known
    return known.json
  }

  #isLabelled(value: Readonly<Record<string, unknown>>): boolean {
    return labels.some((label) => Object.hasOwn(value, label) && this.#isLabel(value[label]))
  }

  /** That nothing was there is worth knowing. */
  #hidden(value: unknown): string {
    return value === null || value === undefined ? 'null' : maskJson
  }

  /** Whether a text says that what stands beside it is a secret. */
  #isLabel(text: unknown): boolean {
    return typeof text === 'string' && text.length <= limits.name && this.#name(text).isSecret
  }

  #entries(entries: Iterable<[unknown, unknown]>, walk: Walk, place: MaskPlace | undefined): string {
    const pairs: string[] = []
    for (const [key, value] of entries) {
      if (pairs.length === limits.members || walk.room <= 0) {
        pairs.push('"…":"[more]"')
        break
      }
      const name = nameOf(key)
      const known = this.#name(name)
      pairs.push(known.text + this.#member(known, value, walk, placeOfMember(place, name), known.isSecret))
    }
    return `{${pairs.join(',')}}`
  }

  #error(error: Error, walk: Walk, place: MaskPlace | undefined): string {
    const stack = typeof error.stack === 'string' ? this.text(error.stack, limits.stack) : 'null'
    walk.room -= stack.length
    const hidden = ['cause', 'errors'].filter((name) => Object.hasOwn(error, name))
    const shown = Object.keys(error).filter((name) => !['name', 'message', 'stack', ...hidden].includes(name))
    const names = ['name', 'message', ...hidden, ...shown]
    return this.#members(error, names, walk, place, `"stack":${stack}`, this.#sensitiveOf(error))
  }

  /** What `@Sensitive` says of the class of a value: looked up once for each class. */
  #sensitiveOf(value: object): ReadonlySet<string> | undefined {
    const prototype = Object.getPrototypeOf(value) as object | null
    if (prototype === null || prototype === Object.prototype) return undefined
    const known = this.#classes.get(prototype)
    if (known !== undefined) return known.size === 0 ? undefined : known
    const { constructor } = prototype
    const names = new Set(typeof constructor === 'function' ? sensitiveProperties(constructor as unknown as Class) : [])
    this.#classes.set(prototype, names)
    return names.size === 0 ? undefined : names
  }

  #name(name: string): Name {
    const known = this.#names.get(name)
    if (known !== undefined) return known
    const isSecret = this.#isSecret(name.slice(0, limits.name + overlap))
    const text = detached(`${this.text(name, limits.name)}:`)
    const made = { text, next: detached(`,${text}`), isSecret, isNamedBeside: valueNames.has(name.toLowerCase()), last: undefined }
    return name.length > limits.name ? made : this.#names.keep(name, made)
  }
}

/** A redactor that masks more than the options say. */
export function redactorWith({ keys = [], paths = [] }: RedactionOptions, options: RedactionOptions = {}): Redactor {
  return new Redactor({ ...options, keys: [...(options.keys ?? []), ...keys], paths: [...(options.paths ?? []), ...paths] })
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

function isPlain(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
