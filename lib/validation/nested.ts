import { ValidateNested } from 'class-validator'
import type { Class } from '../decorator.js'

/** Options of `@Nested`. */
export interface NestedOptions {
  /** Whether the property holds a list of them. Rules on lists, such as `@ArrayMaxSize(10)`, say so too. @default false */
  readonly each?: boolean
  /** The groups of class-validator in which this counts. @default always, as long as no groups are asked for */
  readonly groups?: readonly string[]
}

// A registered symbol: two installed copies of the package read each other's DTOs.
const nestedKey = Symbol.for('portcullis.nested')

/**
 * The property is an object with rules of its own: `@Nested(() => Address) address!: Address`, or with `{ each: true }` a list of
 * them. It is class-validator's `@ValidateNested`, with the class said, so that it works without emitted metadata. It is required
 * unless `@IsOptional()` or `@ValidateIf()` says otherwise, and its unknown properties are refused like all others.
 */
export function Nested(type: () => Class, { each = false, groups }: NestedOptions = {}): PropertyDecorator {
  return ValidateNested({ each, context: { [nestedKey]: type }, ...(groups === undefined ? {} : { groups: [...groups] }) })
}

/** What `@Nested` said in the context of its rule; undefined where the rule is not its. */
export function nestedTypeIn(context: unknown): (() => unknown) | undefined {
  if (typeof context !== 'object' || context === null) return undefined
  return (context as Readonly<Record<symbol, (() => unknown) | undefined>>)[nestedKey]
}
