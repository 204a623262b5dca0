import type { Class } from '../decorator.js'
import { jsonText } from '../quoted.js'
import { isSchema, propertiesOf, Unshaped } from './view.js'
import type { View, ViewProperty } from './view.js'

/** Whether each guard of a route lets the caller see what it guards. */
export type Sight = readonly boolean[]

/** Writes a value as JSON. `trail` is where it stands, where somebody wants to know. Throws a `Misfit`. */
export type Write = (value: unknown, sight: Sight, trail: string[] | undefined) => string

/** An answer holds something that its view does not. What it is, is said; what it holds, is not. */
export class Misfit extends Error {}

/** What the writers of one route share. */
export interface WriterSetup {
  /** The permissions of each guard. */
  readonly guards: Array<readonly string[]>
  readonly mistake: (problem: string, mend: string) => void
  readonly written: Map<Class, Write>
}

/** Deeper than that, nobody reads; a circle is deeper than any number. */
const deepest = 64

const values: ReadonlyMap<unknown, string> = new Map<unknown, string>([
  [String, 'string'],
  [Number, 'number'],
  [Boolean, 'boolean'],
  [BigInt, 'bigint'],
  [Date, 'date'],
])

/** Decides, once, how values of a view are written: there is nothing left to look up for an answer. */
export function writerOf(view: View | undefined, setup: WriterSetup): Write {
  if (view === undefined) return writePlain
  const value = values.get(view)
  if (value !== undefined) return (given, sight, trail) => writeOf(given, value, sight, trail)
  if (isList(view)) return listWriter(writerOf(view[0], setup))
  if (isSchema(view)) {
    setup.mistake('a schema stands within a view', 'give @Returns the schema of the whole answer, or describe it with classes')
    return writePlain
  }
  if (view instanceof Unshaped) {
    setup.mistake('a document stands within a view', 'give @Returns the document alone')
    return writePlain
  }
  if (typeof view === 'function') return classWriter(view as Class, setup)
  return objectWriter(
    Object.entries(view as Readonly<Record<string, View>>).map(([name, inner]) => ({ name, view: inner, permissions: [] })),
    setup,
  )
}

function classWriter(target: Class, setup: WriterSetup): Write {
  const known = setup.written.get(target)
  if (known !== undefined) return known
  let write: Write | undefined
  // A view may hold itself: it is looked up when it is first written.
  const later: Write = (value, sight, trail) => (write ?? writePlain)(value, sight, trail)
  setup.written.set(target, later)
  const properties = propertiesOf(target)
  if (properties.length === 0) {
    setup.mistake(`the view ${target.name} exposes nothing`, "put @Expose() (portcullis's own) on the properties that may leave")
  }
  write = objectWriter(properties, setup)
  return later
}

interface Member {
  readonly name: string
  /** `"total":` */
  readonly key: string
  /** Its guard's place; -1 where everybody sees it. */
  readonly guard: number
  readonly write: Write
}

function objectWriter(properties: readonly ViewProperty[], setup: WriterSetup): Write {
  const members = properties.map(({ name, view, permissions }): Member => {
    const guard = permissions.length === 0 ? -1 : setup.guards.push(permissions) - 1
    return { name, key: `${JSON.stringify(name)}:`, guard, write: writerOf(view, setup) }
  })
  return function writeObject(value, sight, trail) {
    if (value === null) return 'null'
    if (typeof value !== 'object' || Array.isArray(value)) throw misfit('is no object', trail)
    const source = value as Readonly<Record<string, unknown>>
    let text = ''
    for (const { name, key, guard, write } of members) {
      if (guard >= 0 && sight[guard] !== true) continue
      const member = source[name]
      if (member === undefined) continue
      const written = trail === undefined ? write(member, sight, undefined) : within(name, member, write, sight, trail)
      text += text === '' ? key + written : `,${key}${written}`
    }
    return `{${text}}`
  }
}

/** A property may hold nothing, which leaves as null; in a list of what a view describes, each element is what it says. */
function listWriter(write: Write, mayHoldNothing = false): Write {
  return function writeList(value, sight, trail) {
    if (!Array.isArray(value)) throw misfit('is no list', trail)
    let text = ''
    for (let index = 0; index < value.length; index += 1) {
      const element: unknown = value[index] ?? null
      if (element === null && !mayHoldNothing) throw misfit('is nothing, as only a property may be', trail && [...trail, String(index)])
      const written = trail === undefined ? write(element, sight, undefined) : within(String(index), element, write, sight, trail)
      text += index === 0 ? written : `,${written}`
    }
    return `[${text}]`
  }
}

function within(name: string, value: unknown, write: Write, sight: Sight, trail: string[]): string {
  trail.push(name)
  if (trail.length > deepest) throw misfit('is nested too deep, or in itself', trail)
  const text = write(value, sight, trail)
  trail.pop()
  return text
}

function writeOf(value: unknown, type: string, sight: Sight, trail: string[] | undefined): string {
  const own = value instanceof Date ? 'date' : typeof value
  // A date that a driver gives as a text is one.
  if (value !== null && own !== type && !(type === 'date' && own === 'string')) throw misfit(`is a ${own}, not a ${type}`, trail)
  return writePlain(value, sight, trail)
}

/** A single value, or a list of them: an object that no view describes must not leave, whatever is in it. */
function writePlain(value: unknown, sight: Sight, trail: string[] | undefined): string {
  if (typeof value === 'string') return jsonText(value)
  if (typeof value === 'number') {
    if (Number.isFinite(value)) return String(value)
    throw misfit(`is ${value}, which JSON cannot hold`, trail)
  }
  if (typeof value === 'boolean') return String(value)
  // As a text: as a number, most readers would round it.
  if (typeof value === 'bigint') return `"${value}"`
  if (typeof value === 'object') return writePlainObject(value, sight, trail)
  throw misfit(`is a ${typeof value}`, trail)
}

function writePlainObject(value: object | null, sight: Sight, trail: string[] | undefined): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return writePlainList(value, sight, trail)
  if (value instanceof Date && Number.isNaN(value.getTime())) throw misfit('is a date that is none', trail)
  // Dates, decimals and the like say themselves how they are written.
  const { toJSON } = value as { readonly toJSON?: unknown }
  const said: unknown = typeof toJSON === 'function' ? toJSON.call(value) : value
  if (typeof said === 'object' && said !== null) throw misfit('is an object that no view describes', trail)
  return writePlain(said, sight, trail)
}

/** Lists within lists of single values are no views: how deep they are, nobody said. */
const writeElement: Write = (value, sight, trail) => {
  if (Array.isArray(value)) throw misfit('is a list within a list that no view describes', trail)
  return writePlain(value, sight, trail)
}

const writePlainList = listWriter(writeElement, true)

function misfit(what: string, trail: readonly string[] | undefined): Misfit {
  return new Misfit(trail === undefined ? what : `/${trail.join('/')} ${what}`)
}

function isList(view: View): view is readonly [View] {
  return Array.isArray(view)
}
