import type { StandardSchemaV1 } from '@standard-schema/spec'
import { pointer } from './issues.js'
import type { Issues } from './issues.js'

/** A schema of zod, valibot, arktype or any other library that speaks Standard Schema. */
export type Schema = StandardSchemaV1

export function isSchema(value: unknown): value is Schema {
  return (typeof value === 'object' || typeof value === 'function') && value !== null && '~standard' in value
}

/** Asks the schema; gives what it made of the value. A schema that throws says no. */
export function checkSchema(schema: Schema, value: unknown, issues: Issues): unknown {
  try {
    const result = schema['~standard'].validate(value)
    if (!(result instanceof Promise)) return accept(result, issues)
    return result.then(
      (later) => accept(later, issues),
      () => refuse(issues),
    )
  } catch {
    return refuse(issues)
  }
}

function accept(result: StandardSchemaV1.Result<unknown>, issues: Issues): unknown {
  if (result.issues === undefined) return result.value
  for (const issue of result.issues) {
    const steps = (issue.path ?? []).map((step) => String(typeof step === 'object' ? step.key : step))
    const { code } = issue as { readonly code?: unknown }
    issues.add(steps.reduce(pointer, ''), typeof code === 'string' ? code : 'invalid', issue.message)
  }
  // A refusal that names no issue is a refusal all the same.
  return issues.list.length === 0 ? refuse(issues) : undefined
}

function refuse(issues: Issues): undefined {
  issues.add('', 'invalid', 'this cannot be checked')
  return undefined
}
