import type { StandardJSONSchemaV1, StandardSchemaV1 } from '@standard-schema/spec'

/** A JSON Schema of draft 2020-12, as OpenAPI 3.1 has it. */
export interface JsonSchema {
  readonly [keyword: string]: unknown
}

/** Where schemas with a name are kept, each once. */
export interface SchemaComponents {
  /**
   * Gives a reference to the schema of `target`, which `make` makes when it is asked for the first time: it may refer to itself.
   * `variant` tells schemas apart that are made of one class in several ways.
   */
  refer(target: object, variant: string, name: string, make: () => JsonSchema): JsonSchema
}

const dialect = { target: 'draft-2020-12' } as const

/** The JSON Schema that a Standard Schema gives of what comes in or goes out; an open one, with a note, where it gives none. */
export function schemaOfStandard(schema: StandardSchemaV1, direction: 'input' | 'output', components: SchemaComponents): JsonSchema {
  const given = givenBy(schema, direction)
  if (given === undefined) {
    return { description: `What it holds is decided by a schema of ${schema['~standard'].vendor}, which cannot be written down here.` }
  }
  const { $schema: _dialect, ...plain } = given
  return JSON.stringify(plain).includes('"$ref"') ? embedded(schema, direction, plain, components) : plain
}

/** Its own words: Standard JSON Schema, or the methods that zod and arktype had before it. */
function givenBy(schema: StandardSchemaV1, direction: 'input' | 'output'): JsonSchema | undefined {
  const { jsonSchema } = schema['~standard'] as Partial<StandardJSONSchemaV1.Props>
  const { toJSONSchema, toJsonSchema } = schema as { toJSONSchema?: unknown; toJsonSchema?: unknown }
  try {
    if (jsonSchema !== undefined) return jsonSchema[direction](dialect)
    if (typeof toJSONSchema === 'function') return toJSONSchema.call(schema, { io: direction }) as JsonSchema
    if (typeof toJsonSchema === 'function') return toJsonSchema.call(schema) as JsonSchema
  } catch {
    // It has a transformation, or a type that JSON has not.
  }
  return undefined
}

/** A schema that refers to parts of itself, with those parts where references of the whole document find them. */
function embedded(schema: object, direction: string, { $defs = {}, ...plain }: JsonSchema, components: SchemaComponents): JsonSchema {
  const definitions = $defs as Readonly<Record<string, JsonSchema>>
  const { title } = plain
  const name = typeof title === 'string' ? title : 'Schema'
  const whole = (): JsonSchema => components.refer(schema, direction, name, () => referring(plain) as JsonSchema)
  const part = (own: string): JsonSchema => {
    const definition = definitions[own]
    if (definition === undefined) return {}
    const partName = /^[A-Za-z]/.test(own) ? own : `${name}${own.replaceAll(/\W/g, '')}`
    return components.refer(definition, direction, partName, () => referring(definition) as JsonSchema)
  }

  function referring(value: unknown): unknown {
    if (Array.isArray(value)) return value.map(referring)
    if (typeof value !== 'object' || value === null) return value
    const { $ref, ...others } = value as JsonSchema
    const rest = Object.fromEntries(Object.entries(others).map(([keyword, inner]) => [keyword, referring(inner)]))
    if (typeof $ref !== 'string') return rest
    return { ...($ref === '#' ? whole() : part(decodeURIComponent($ref.replace('#/$defs/', '')))), ...rest }
  }

  return whole()
}
