import { createRequire } from 'node:module'
import { ValidateNested } from 'class-validator'
import type { Class } from '../decorator.js'

/** Options of `@Nested`. */
export interface NestedOptions {
  /** Whether the property holds a list of them. @default false */
  readonly each?: boolean
  readonly groups?: string[]
}

const nestedTypes = new WeakMap<object, Map<string, () => Class>>()

/**
 * The property is an object with rules of its own: `@Nested(() => Address) address!: Address`, or with `{ each: true }` a list of
 * them. It is required unless `@IsOptional()` says otherwise, and its unknown properties are refused like all others.
 */
export function Nested(type: () => Class, options: NestedOptions = {}): PropertyDecorator {
  return function nested(target, property) {
    const types = nestedTypes.get(target) ?? new Map<string, () => Class>()
    types.set(String(property), type)
    nestedTypes.set(target, types)
    ValidateNested(options)(target, property)
  }
}

/** The class of a nested property, as `@Nested` or class-transformer's `@Type` says it; undefined where neither does. */
export function nestedTypeOf(controller: Class, property: string): Class | undefined {
  let target: unknown = controller.prototype
  while (typeof target === 'object' && target !== null) {
    const type = nestedTypes.get(target)?.get(property)
    if (type !== undefined) return type()
    target = Object.getPrototypeOf(target)
  }
  return transformerType(controller, property)
}

interface TransformerStorage {
  findTypeMetadata(target: Class, property: string): { typeFunction?: () => unknown } | undefined
}

/** class-transformer is there when the application uses it; its metadata lives in its CommonJS build. */
const transformer = loadTransformer()

function loadTransformer(): TransformerStorage | undefined {
  try {
    const required = createRequire(import.meta.url)('class-transformer/cjs/storage.js') as { defaultMetadataStorage: TransformerStorage }
    return required.defaultMetadataStorage
  } catch {
    return undefined
  }
}

function transformerType(controller: Class, property: string): Class | undefined {
  const type = transformer?.findTypeMetadata(controller, property)?.typeFunction?.()
  return typeof type === 'function' ? (type as unknown as Class) : undefined
}
