import { createHash } from 'node:crypto'
import { placeOfItem, placeOfMember } from './mask-paths.js'
import type { MaskPlace } from './mask-paths.js'
import type { Redactor } from './redact.js'
import { mask } from './secrets.js'

/** How much of a value is compared, and how much of what differs is written. */
const limits = Object.freeze({ leaves: 1_000, depth: 8, changes: 100, total: 16_384 })

/** One value that holds no others. */
interface Leaf {
  /** What is compared. Never written. */
  readonly value: unknown
  /** What is written, as JSON: masked. */
  readonly text: string
}

/** The values that a value holds, by their paths: `address.street`, `items[0].sku`. */
export type Leaves = ReadonlyMap<string, Leaf>

/** One value on its way into leaves. */
interface Reading {
  readonly leaves: Map<string, Leaf>
  readonly redactor: Redactor
  readonly parents: object[]
}

/** Where a value stands, and whether it is masked there. */
interface Standing {
  readonly path: string
  readonly place: MaskPlace | undefined
  readonly isHidden: boolean
}

/** Reads all of a value at once, so that it may change afterwards. Never throws. Past 1,000 values the rest is left out. */
export function leavesOf(value: unknown, redactor: Redactor): Leaves {
  const reading: Reading = { leaves: new Map(), redactor, parents: [] }
  read(value, { path: '', place: redactor.places, isHidden: false }, reading)
  return reading.leaves
}

/**
 * What differs, as the JSON of a list: `{ path, before, after }`, without `before` where something was added and without `after`
 * where it was taken away. `isWhole` says whether what is missing in `after` was taken away, or is not shown there. Undefined where
 * nothing differs.
 */
export function changesBetween(before: Leaves, after: Leaves, isWhole: boolean, redactor: Redactor): string | undefined {
  const paths = new Set([...(isWhole ? before.keys() : []), ...after.keys()])
  const changed = [...paths].filter((path) => differ(before.get(path), after.get(path)))
  if (changed.length === 0) return undefined
  let text = ''
  for (const [index, path] of changed.entries()) {
    if (index === limits.changes || text.length > limits.total) return `[${text},"[${changed.length - index} more]"]`
    const one = `{"path":${redactor.text(path)}${side('before', before.get(path))}${side('after', after.get(path))}}`
    text += index === 0 ? one : `,${one}`
  }
  return `[${text}]`
}

function side(name: string, leaf: Leaf | undefined): string {
  return leaf === undefined ? '' : `,"${name}":${leaf.text}`
}

function differ(one: Leaf | undefined, other: Leaf | undefined): boolean {
  return one === undefined || other === undefined || !Object.is(one.value, other.value)
}

function read(value: unknown, standing: Standing, reading: Reading): void {
  const { leaves, parents } = reading
  if (leaves.size >= limits.leaves || value === undefined || typeof value === 'function') return
  if (typeof value !== 'object' || value === null) return keep(value, value, standing, reading)
  if (parents.includes(value)) return keep('[circular]', '[circular]', standing, reading)
  if (parents.length === limits.depth) return keep('[too deep]', '[too deep]', standing, reading)
  parents.push(value)
  try {
    readObject(value, standing, reading)
  } catch {
    keep('[unreadable]', '[unreadable]', standing, reading)
  } finally {
    parents.pop()
  }
}

function keep(value: unknown, shown: unknown, { path, isHidden }: Standing, { leaves, redactor }: Reading): void {
  leaves.set(path, { value, text: isHidden && value !== null ? `"${mask}"` : redactor.json(shown) })
}

function readObject(value: object, standing: Standing, reading: Reading): void {
  if (ArrayBuffer.isView(value)) {
    const bytes = new Uint8Array(value.buffer, value.byteOffset, value.byteLength)
    const digest = createHash('sha256').update(bytes).digest('base64')
    return keep(digest, value, standing, reading)
  }
  const { toJSON } = value as { toJSON?: unknown }
  if (typeof toJSON === 'function') {
    const converted: unknown = toJSON.call(value)
    if (!isObject(converted)) return read(converted, standing, reading)
    return readMembers(value, Object.entries(converted), standing, reading)
  }
  if (value instanceof Error) return keep(value.message, value.message, standing, reading)
  if (Array.isArray(value) || value instanceof Set) return readItems([...(value as Iterable<unknown>)], standing, reading)
  if (value instanceof Map) {
    const entries = [...value].map(([key, member]) => [String(key), member as unknown] as const)
    return readMembers(value, entries, standing, reading)
  }
  return readMembers(value, Object.entries(value), standing, reading)
}

function readItems(items: readonly unknown[], standing: Standing, reading: Reading): void {
  if (items.length === 0) keep('[]', [], standing, reading)
  for (const [index, item] of items.entries()) {
    if (reading.leaves.size >= limits.leaves) return
    read(item, inner(standing, `${standing.path}[${index}]`, placeOfItem(standing.place, index), false), reading)
  }
}

function readMembers(owner: object, members: ReadonlyArray<readonly [string, unknown]>, standing: Standing, reading: Reading): void {
  if (members.length === 0) keep('{}', {}, standing, reading)
  for (const [name, member] of members) {
    if (reading.leaves.size >= limits.leaves) return
    const path = standing.path === '' ? name : `${standing.path}.${name}`
    read(member, inner(standing, path, placeOfMember(standing.place, name), reading.redactor.hides(owner, name)), reading)
  }
}

function inner(outer: Standing, path: string, place: MaskPlace | undefined, isHidden: boolean): Standing {
  return { path, place, isHidden: outer.isHidden || isHidden || place?.isMasked === true }
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}
