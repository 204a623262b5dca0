import type { Class } from '../decorator.js'
import { schemaOfStandard } from '../json-schema.js'
import type { JsonSchema, SchemaComponents } from '../json-schema.js'
import { isSchema, propertiesOf, Unshaped } from './view.js'
import type { View, ViewProperty } from './view.js'

/** A bigint leaves as a text: as a number, most readers would round it. */
const values: ReadonlyMap<unknown, JsonSchema> = new Map<unknown, JsonSchema>([
  [String, { type: 'string' }],
  [Number, { type: 'number' }],
  [Boolean, { type: 'boolean' }],
  [BigInt, { type: 'string', pattern: '^-?\\d+$' }],
  [Date, { type: 'string', format: 'date-time' }],
])

const single = ['string', 'number', 'boolean', 'null']
/** What a property holds of which no more is said than that it leaves. */
const anyValue: JsonSchema = {
  type: [...single, 'array'],
  items: { type: single },
  description: 'A text, a number, true or false, null, or a list of those.',
}

/** The schema of what a view lets out. */
export function schemaOfView(view: View, components: SchemaComponents): JsonSchema {
  const value = values.get(view)
  if (value !== undefined) return value
  if (Array.isArray(view)) return { type: 'array', items: schemaOfView(view[0] as View, components) }
  if (view instanceof Unshaped) return { type: 'string' }
  if (isSchema(view)) return schemaOfStandard(view, 'output', components)
  if (typeof view === 'function') {
    const target = view as Class
    return components.refer(target, 'view', target.name, () => objectSchema(propertiesOf(target), components))
  }
  const own = Object.entries(view as Readonly<Record<string, View>>)
  return objectSchema(
    own.map(([name, inner]) => ({ name, view: inner, permissions: [] })),
    components,
  )
}

/** Nothing is required: what a handler leaves out is left out. */
function objectSchema(properties: readonly ViewProperty[], components: SchemaComponents): JsonSchema {
  const described = properties.map((property) => [property.name, propertySchema(property, components)] as const)
  return { type: 'object', properties: Object.fromEntries(described), additionalProperties: false }
}

function propertySchema({ view, permissions }: ViewProperty, components: SchemaComponents): JsonSchema {
  const schema = view === undefined ? components.refer(anyValue, '', 'Value', () => anyValue) : orNull(schemaOfView(view, components))
  if (permissions.length === 0) return schema
  const needed = permissions.map((name) => `\`${name}\``).join(' and ')
  return { ...schema, description: `Only for callers with ${needed}.`, 'x-visible-to': permissions }
}

/** A property that holds nothing leaves as null, whatever its view. */
function orNull(schema: JsonSchema): JsonSchema {
  const { type, ...rest } = schema
  return typeof type === 'string' ? { type: [type, 'null'], ...rest } : { anyOf: [schema, { type: 'null' }] }
}
