import type { JsonSchema, SchemaComponents } from '../json-schema.js'

/** The parts of a document that are written once and referred to by name. */
export class Components implements SchemaComponents {
  readonly #schemas = new Map<string, JsonSchema>()
  readonly #known = new Map<object, Map<string, string>>()
  readonly #shared = new Map<string, Map<string, JsonSchema>>()

  refer(target: object, variant: string, name: string, make: () => JsonSchema): JsonSchema {
    const variants = this.#known.get(target) ?? new Map<string, string>()
    this.#known.set(target, variants)
    const known = variants.get(variant)
    if (known !== undefined) return referenceTo('schemas', known)
    const own = freeName(name, (one) => this.#schemas.has(one))
    variants.set(variant, own)
    // Taken before it is made: it may refer to itself.
    this.#schemas.set(own, {})
    this.#schemas.set(own, make())
    return referenceTo('schemas', own)
  }

  /** Gives a reference to a part of another sort; two that are the same are one. */
  share(sort: 'responses' | 'headers' | 'securitySchemes', name: string, part: JsonSchema): { name: string; reference: JsonSchema } {
    const parts = this.#shared.get(sort) ?? new Map<string, JsonSchema>()
    this.#shared.set(sort, parts)
    const text = JSON.stringify(part)
    const same = [...parts].find(([own, other]) => isNumbered(own, nameFor(name)) && JSON.stringify(other) === text)?.[0]
    const own = same ?? freeName(name, (one) => parts.has(one))
    parts.set(own, part)
    return { name: own, reference: referenceTo(sort, own) }
  }

  /** As they stand in the document, by name. */
  written(): JsonSchema {
    const sorts = [['schemas', this.#schemas] as const, ...this.#shared]
    return Object.fromEntries(
      sorts.filter(([, parts]) => parts.size > 0).map(([sort, parts]) => [sort, Object.fromEntries([...parts].toSorted(byName))]),
    )
  }
}

function referenceTo(sort: string, name: string): JsonSchema {
  return { $ref: `#/components/${sort}/${name}` }
}

/** What may be the name of a component (OpenAPI 3.1 §4.8.7). */
function nameFor(name: string): string {
  return name.replaceAll(/[^\w.-]/g, '_') || 'Schema'
}

/** The name, or with the first number behind it that makes it one that nobody has. */
function freeName(name: string, isTaken: (name: string) => boolean): string {
  const wanted = nameFor(name)
  let number = 1
  while (isTaken(numbered(wanted, number))) number += 1
  return numbered(wanted, number)
}

function numbered(name: string, number: number): string {
  return number === 1 ? name : `${name}${number}`
}

function isNumbered(name: string, stem: string): boolean {
  return name === stem || (name.startsWith(stem) && /^\d+$/.test(name.slice(stem.length)))
}

function byName([one]: readonly [string, unknown], [other]: readonly [string, unknown]): number {
  return one < other ? -1 : 1
}
