import type { JsonSchema } from '../json-schema.js'

type Join = (one: unknown, other: unknown) => unknown

const least: Join = (one, other) => Math.min(one as number, other as number)
const most: Join = (one, other) => Math.max(one as number, other as number)

/** How one keyword says what two of it say; undefined where it cannot. */
const joins: Readonly<Record<string, Join>> = {
  minimum: most,
  exclusiveMinimum: most,
  minLength: most,
  minItems: most,
  minProperties: most,
  maximum: least,
  exclusiveMaximum: least,
  maxLength: least,
  maxItems: least,
  type: (one, other) => (isIntegerOf(one, other) ? 'integer' : undefined),
  allOf: (one, other) => [...(one as readonly unknown[]), ...(other as readonly unknown[])],
}

function isIntegerOf(one: unknown, other: unknown): boolean {
  return (one === 'integer' && other === 'number') || (one === 'number' && other === 'integer')
}

/** One schema that says what all of them say. */
export function mergedSchema(schemas: readonly JsonSchema[]): JsonSchema {
  const merged: Record<string, unknown> = {}
  const apart: JsonSchema[] = []
  for (const [keyword, value] of schemas.flatMap((schema) => Object.entries(schema))) {
    const before = merged[keyword]
    const joined = before === undefined || isSame(before, value) ? value : joins[keyword]?.(before, value)
    if (joined !== undefined) merged[keyword] = joined
    else if (!apart.some((one) => isSame(one, { [keyword]: value }))) apart.push({ [keyword]: value })
  }
  if (apart.length === 0) return merged
  return { ...merged, allOf: [...((merged['allOf'] as readonly unknown[] | undefined) ?? []), ...apart] }
}

function isSame(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other)
}
