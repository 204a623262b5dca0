import type { ApiDescription } from '../../api-facts.js'
import { schemaOfStandard } from '../../json-schema.js'
import type { JsonSchema } from '../../json-schema.js'
import { validateKind } from '../../validation/decorator.js'
import { isSchema } from '../../validation/standard-schema.js'
import type { Noticed } from './finding.js'
import type { Placed } from './patterns.js'

/** One value that a Standard Schema describes. */
export interface SchemaPart {
  /** `OrdersController.create.body.note` */
  readonly place: string
  readonly schema: JsonSchema
}

/** Deeper than a schema that means something goes. */
const deepest = 20

/** Everything that Standard Schemas of routes describe, as far as they say it as JSON Schema (zod and arktype do, valibot does not). */
export function schemaParts({ routes }: ApiDescription): readonly SchemaPart[] {
  const seen = new Set<unknown>()
  return routes.flatMap(({ name, policy }) =>
    policy.all(validateKind).flatMap(({ value }) =>
      Object.entries(value.parts).flatMap(([part, schema]) => {
        if (schema === undefined || !isSchema(schema) || seen.has(schema)) return []
        seen.add(schema)
        // A reference is a schema of its own: it is looked into where it is made.
        const referred: SchemaPart[] = []
        const refer = (target: object, _variant: string, own: string, make: () => JsonSchema): JsonSchema => {
          if (!seen.has(target)) {
            seen.add(target)
            referred.push(...partsOf(`${name}.${part}.${own}`, make()))
          }
          return { $ref: own }
        }
        return [...partsOf(`${name}.${part}`, schemaOfStandard(schema, 'input', { refer })), ...referred]
      }),
    ),
  )
}

function partsOf(place: string, schema: JsonSchema, depth = 0): readonly SchemaPart[] {
  if (depth > deepest) return []
  const named = Object.entries((schema['properties'] ?? {}) as Readonly<Record<string, unknown>>).map(([name, one]) => [
    `${place}.${name}`,
    one,
  ])
  const choices = ['anyOf', 'oneOf', 'allOf', 'prefixItems'].flatMap((keyword) =>
    ((schema[keyword] ?? []) as readonly unknown[]).map((one) => [place, one]),
  )
  const elements = [
    [`${place}[]`, schema['items']],
    [`${place}.*`, isOpen(schema['additionalProperties']) ? undefined : schema['additionalProperties']],
  ]
  const inner = [...named, ...choices, ...elements].flatMap(([at, one]) => (isObject(one) ? partsOf(String(at), one, depth + 1) : []))
  return [{ place, schema }, ...inner]
}

function isObject(value: unknown): value is JsonSchema {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** What schemas let through that nothing is known of. */
export function schemaFindings(parts: readonly SchemaPart[]): readonly Noticed[] {
  return parts.flatMap(({ place, schema }): readonly Noticed[] => {
    if (isOpen(schema['additionalProperties']) || (schema['type'] === 'object' && isBare(schema))) {
      const problem = 'its schema lets objects through with properties of any name and type'
      return [{ rule: 'object-untyped', place, problem, mend: 'name the properties, such as by z.strictObject({ … })' }]
    }
    if (!isBare(schema) || schema['type'] !== undefined) return []
    const problem = 'its schema lets values of every type through'
    return [{ rule: 'property-untyped', place, problem, mend: 'give it a type, such as z.string().max(100)' }]
  })
}

/** Zod writes `{}` for what an object may hold besides, arktype `true`. */
function isOpen(more: unknown): boolean {
  return more === true || (isObject(more) && Object.keys(more).length === 0)
}

/** Keywords that say nothing of a value. A description is the whole of a schema that cannot be written down. */
const wordless: ReadonlySet<string> = new Set(['type', 'default', 'title', 'examples', 'deprecated', 'readOnly', 'writeOnly'])

function isBare(schema: JsonSchema): boolean {
  return Object.keys(schema).every((keyword) => wordless.has(keyword))
}

/** The patterns in schemas, which are of texts that are as long as their senders like where no length is said. */
export function schemaPatterns(parts: readonly SchemaPart[]): readonly Placed[] {
  return parts.flatMap(({ place, schema }) => {
    const pattern = toPattern(schema['pattern'])
    return pattern === undefined ? [] : [{ place, pattern }]
  })
}

function toPattern(source: unknown): RegExp | undefined {
  try {
    return typeof source === 'string' ? new RegExp(source) : undefined
  } catch {
    return undefined
  }
}
