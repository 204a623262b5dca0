import { pointer } from './issues.js'
import type { Issues } from './issues.js'
import type { ClassPlan, PropertyPlan } from './rules.js'

/** What happens to properties without rules. */
export type UnknownProperties = 'refuse' | 'drop'

const deepest = 32

/**
 * Copies what a DTO declares, and nothing else, into instances of its classes: what is not declared cannot reach a
 * handler, however deep it stands. Says of each unknown property that it is one.
 */
export function copyDeclared(
  value: unknown,
  plan: ClassPlan,
  unknown: UnknownProperties,
  issues: Issues,
  path = '',
  depth = 0,
): object | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    issues.add(path, 'isObject', `${path === '' ? 'it' : 'this'} must be an object`)
    return undefined
  }
  if (depth > deepest) {
    issues.add(path, 'depth', 'this is nested too deep')
    return undefined
  }
  const source = value as Readonly<Record<string, unknown>>
  if (unknown === 'refuse') refuseUnknown(source, plan, issues, path)
  const copy = new plan.target() as Record<string, unknown>
  for (const [name, property] of plan.properties) {
    // Own properties only: what an object inherits was sent by nobody.
    if (Object.hasOwn(source, name)) copy[name] = copyProperty(source[name], property, unknown, issues, pointer(path, name), depth)
    else if (property.nested !== undefined && !property.isOptional) issues.add(pointer(path, name), 'isDefined', `${name} is required`)
  }
  return copy
}

function refuseUnknown(source: object, { properties }: ClassPlan, issues: Issues, path: string): void {
  for (const name of Object.keys(source)) {
    if (issues.isFull) return
    if (!properties.has(name)) issues.add(pointer(path, name), 'unknown', 'this property is not known here')
  }
}

function copyProperty(
  value: unknown,
  { name, isList, isOptional, nested }: PropertyPlan,
  unknown: UnknownProperties,
  issues: Issues,
  path: string,
  depth: number,
): unknown {
  if (isOptional && (value === null || value === undefined)) return value
  if (isList && !Array.isArray(value)) {
    issues.add(path, 'isArray', `${name} must be an array`)
    return undefined
  }
  if (nested === undefined) return value
  if (!isList) return copyDeclared(value, nested, unknown, issues, path, depth + 1)
  const elements: unknown[] = []
  for (const [index, element] of (value as readonly unknown[]).entries()) {
    if (issues.isFull) break
    elements.push(copyDeclared(element, nested, unknown, issues, pointer(path, index), depth + 1))
  }
  return elements
}
