import template, { Sql } from 'sql-template-tag'

declare const parameterized: unique symbol

/** A query whose values are apart from its text. Only `sql` and what is made from it are queries, for the compiler and at run time. */
export type Query = Sql & { readonly [parameterized]: true }

/** What may stand in the place of a value. */
export type SqlValue = string | number | bigint | boolean | null | Date | Uint8Array

/** The queries that were made here. An object that looks like one, such as a parsed body, is not among them. */
const made = new WeakSet<object>()

/**
 * Makes a query: ``sql`SELECT * FROM orders WHERE id = ${id}` ``. Each value becomes a parameter; a query in the place of
 * a value is joined in. Throws a `TypeError` when it is called like a function, and for values that are none.
 */
export function sql(strings: TemplateStringsArray, ...values: ReadonlyArray<SqlValue | Query>): Query {
  // A template's strings are frozen, and so is what they were written as; what a request holds never is.
  if (!Array.isArray(strings) || !Object.isFrozen(strings) || !Array.isArray(strings.raw) || !Object.isFrozen(strings.raw)) {
    throw new TypeError('sql is a tag: write sql`…`, not sql(…)')
  }
  values.forEach(requireValue)
  return keep(template(strings, ...values))
}

/** Queries or values one after the other, for lists and for conditions: `join(conditions, ' AND ')`. Throws on an empty list. */
export function join(parts: ReadonlyArray<SqlValue | Query>, separator: ', ' | ' AND ' | ' OR ' = ', '): Query {
  if (parts.length === 0) throw new TypeError('join needs one part at least: SQL has no empty list')
  if (![', ', ' AND ', ' OR '].includes(separator)) throw new TypeError('join separates by ", ", " AND " or " OR "')
  parts.forEach(requireValue)
  return keep(new Sql(['', ...Array.from({ length: parts.length - 1 }, () => separator), ''], parts))
}

/** No text at all, for a part of a query that is left out. */
export const empty: Query = keep(template``)

/**
 * The name of a column or table that is chosen at run time, out of a list that is not: `identifier(sort, ['name', 'age'])`.
 * Throws a `RangeError` for any other name.
 */
export function identifier(name: string, allowed: readonly string[]): Query {
  if (!allowed.includes(name) || !/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) {
    throw new RangeError(`not one of the names that are allowed here: ${allowed.join(', ')}`)
  }
  return keep(new Sql([`"${name}"`], []))
}

/** Throws a `TypeError` unless `query` was made by `sql`. */
export function requireQuery(query: unknown): asserts query is Query {
  if (typeof query !== 'object' || query === null || !made.has(query)) {
    throw new TypeError(
      'this is no parameterized query: write it with the sql tag of portcullis/sql; if it is, two copies of the package are installed (npm ls portcullis)',
    )
  }
}

function keep(query: Sql): Query {
  made.add(Object.freeze(query))
  return query as Query
}

function requireValue(value: unknown, index: number): void {
  if (value === null || typeof value === 'string' || typeof value === 'bigint' || typeof value === 'boolean') return
  if (typeof value === 'number' && Number.isFinite(value)) return
  if (value instanceof Date || value instanceof Uint8Array) return
  if (typeof value === 'object' && made.has(value)) return
  throw new TypeError(
    `value ${index + 1} of the query is ${nameOf(value)}: values are text, finite numbers, booleans, null, dates and bytes`,
  )
}

function nameOf(value: unknown): string {
  if (value === undefined) return 'undefined'
  if (Array.isArray(value)) return 'an array'
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`
}
