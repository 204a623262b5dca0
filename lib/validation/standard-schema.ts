import type { StandardSchemaV1 } from '@standard-schema/spec'
import { segment } from './issues.js'
import type { Issues, Place } from './issues.js'

/** A schema of zod, valibot, arktype or any other library that speaks Standard Schema. */
export type Schema = StandardSchemaV1

export function isSchema(value: unknown): value is Schema {
  return (typeof value === 'object' || typeof value === 'function') && value !== null && '~standard' in value
}

/** Asks the schema; gives what it made of the value. A schema that throws says no. */
export function checkSchema(schema: Schema, value: unknown, issues: Issues): unknown {
  try {
    const result = schema['~standard'].validate(value)
    return 'then' in result ? later(result, issues) : accept(result, issues)
  } catch (thrown) {
    return refuse(issues, thrown)
  }
}

async function later(result: Promise<StandardSchemaV1.Result<unknown>>, issues: Issues): Promise<unknown> {
  try {
    return accept(await result, issues)
  } catch (thrown) {
    return refuse(issues, thrown)
  }
}

function accept(result: StandardSchemaV1.Result<unknown>, issues: Issues): unknown {
  if (result.issues === undefined) return result.value
  for (const issue of result.issues) {
    if (issues.isFull) break
    issues.add(placeOf(issue), codeOf(issue), issue.message)
  }
  // A refusal that names no issue is a refusal all the same.
  if (issues.list.length === 0) issues.add(undefined, 'invalid', 'this is not valid')
  return undefined
}

function placeOf({ path = [] }: StandardSchemaV1.Issue): Place | undefined {
  let place: Place | undefined
  for (const step of path) place = { within: place, name: segment(String(typeof step === 'object' ? step.key : step)) }
  return place
}

/** The name of the rule: zod and arktype call it code, valibot calls it type. */
function codeOf(issue: StandardSchemaV1.Issue): string {
  const { code, type } = issue as { readonly code?: unknown; readonly type?: unknown }
  const name = code ?? type
  return typeof name === 'string' && /^[\w.-]{1,64}$/.test(name) ? name : 'invalid'
}

function refuse(issues: Issues, thrown: unknown): undefined {
  issues.blame(thrown)
  issues.add(undefined, 'invalid', 'this cannot be checked')
  return undefined
}
