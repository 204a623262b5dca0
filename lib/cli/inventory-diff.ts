import type { InventoryRow, ProtectionFacts } from '../inventory.js'
import { accessText, requirementsOf } from './access.js'

/** What became of a route since an inventory was kept. */
export interface RouteChange {
  readonly method: string
  readonly path: string
  readonly name: string
  /** `worse` where it lost a protection or became public; the others are for people to know. */
  readonly verdict: 'worse' | 'changed' | 'better' | 'new' | 'gone'
  /** What changed, in words. */
  readonly what: string
}

/** Facts that say how much is let in, and not whether somebody is kept out: a change of them is no loss. */
const measures: ReadonlySet<string> = new Set(['body', 'timeout', 'overload', 'authentication'])

/** Compares two inventories, route by route; what is worse comes first. */
export function inventoryChanges(before: readonly InventoryRow[], after: readonly InventoryRow[]): readonly RouteChange[] {
  const known = new Map(before.map((row) => [keyOf(row), row]))
  const now = new Set(after.map(keyOf))
  const changes = after.flatMap((row) => {
    const old = known.get(keyOf(row))
    const access = accessText(row.protections)
    return old === undefined ? [change(row, 'new', `new: ${access}`)] : rowChanges(old, row)
  })
  const gone = before.filter((row) => !now.has(keyOf(row))).map((row) => change(row, 'gone', 'gone'))
  const order = ['worse', 'changed', 'new', 'gone', 'better']
  return [...changes, ...gone].toSorted((one, other) => order.indexOf(one.verdict) - order.indexOf(other.verdict))
}

function keyOf({ method, path }: InventoryRow): string {
  return `${method} ${path}`
}

function change({ method, path, name }: InventoryRow, verdict: RouteChange['verdict'], what: string): RouteChange {
  return { method, path, name, verdict, what }
}

function rowChanges(before: InventoryRow, after: InventoryRow): readonly RouteChange[] {
  const names = new Set([...Object.keys(before.protections), ...Object.keys(after.protections)])
  names.delete('access')
  names.delete('login')
  return [
    ...accessChanges(before.protections, after.protections),
    ...loginChanges(before.protections.login, after.protections.login),
    ...[...names].flatMap((name) => factChanges(name, before.protections[name], after.protections[name])),
  ].map(([verdict, what]) => change(after, verdict, what))
}

type Change = readonly [verdict: RouteChange['verdict'], what: string]

function accessChanges(before: ProtectionFacts, after: ProtectionFacts): readonly Change[] {
  if (isSame(before.access, after.access)) return []
  const words = `was ${accessText(before)}, is ${accessText(after)}`
  if (before.access === 'public') return [['better', words]]
  if (after.access === 'public') return [['worse', `became public: ${words}`]]
  const now = requirementsOf(after.access)
  const lost = requirementsOf(before.access).filter((one) => !now.includes(one))
  if (lost.length > 0) return [['worse', `lost ${lost.join(', ')}: ${words}`]]
  // An inventory of another version may say nothing at all.
  return after.access === undefined ? [['worse', `lost its access: ${words}`]] : [['better', words]]
}

type Login = NonNullable<ProtectionFacts['login']>

/** A login is asked for less where it may be older, where another kind of it is enough now, or where it needs one method less. */
function loginChanges(before: Login | undefined, after: Login | undefined): readonly Change[] {
  if (isSame(before, after) || before === undefined || after === undefined) return factChanges('login', before, after)
  const { acr, amr = [], maxAge = Number.POSITIVE_INFINITY } = after
  const isWeaker =
    maxAge > (before.maxAge ?? Number.POSITIVE_INFINITY) ||
    (before.acr !== undefined && (acr === undefined || acr.some((name) => before.acr?.includes(name) === false))) ||
    (before.amr ?? []).some((name) => !amr.includes(name))
  return [[isWeaker ? 'worse' : 'better', `${isWeaker ? 'asks less of the login' : 'login'}: was ${textOf(before)}, is ${textOf(after)}`]]
}

function factChanges(name: string, before: unknown, after: unknown): readonly Change[] {
  if (isSame(before, after)) return []
  // A rule that is only observed refuses nobody.
  if (name === 'observed') return [after === undefined ? ['better', 'observed no more, but enforced'] : ['worse', 'observed only']]
  if (measures.has(name)) return [['changed', `${name}: was ${textOf(before)}, is ${textOf(after)}`]]
  if (isNothing(before)) return [['better', `has ${name}: ${textOf(after)}`]]
  if (isNothing(after)) return [['worse', `lost ${name}: ${textOf(before)}`]]
  const lost = partsOf(before).length > partsOf(after).length || missingKeys(before, after).length > 0
  return [[lost ? 'worse' : 'changed', `${lost ? 'lost a part of ' : ''}${name}: was ${textOf(before)}, is ${textOf(after)}`]]
}

function isNothing(fact: unknown): boolean {
  return fact === undefined || fact === null || fact === false || (Array.isArray(fact) && fact.length === 0)
}

function partsOf(fact: unknown): readonly unknown[] {
  return Array.isArray(fact) ? fact : [fact]
}

function missingKeys(before: unknown, after: unknown): readonly string[] {
  if (!isRecord(before) || !isRecord(after)) return []
  return Object.keys(before).filter((key) => !Object.hasOwn(after, key))
}

function isRecord(fact: unknown): fact is Readonly<Record<string, unknown>> {
  return typeof fact === 'object' && fact !== null && !Array.isArray(fact)
}

function isSame(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other)
}

function textOf(fact: unknown): string {
  if (fact === undefined) return 'nothing'
  if (Array.isArray(fact)) return fact.length === 0 ? 'nothing' : fact.map(String).join(', ')
  return typeof fact === 'string' ? fact : JSON.stringify(fact)
}
