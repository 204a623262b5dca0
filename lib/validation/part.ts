import type { Class } from '../decorator.js'
import { MalformedRequest, ValidationFailed } from '../errors.js'
import type { RouteSetup } from '../protection.js'
import { convertTexts } from './convert.js'
import { copyDeclared } from './copy.js'
import type { UnknownProperties } from './copy.js'
import { Issues } from './issues.js'
import type { InputPart } from './issues.js'
import { classPlan } from './rules.js'
import type { ClassPlan } from './rules.js'
import { checkSchema, isSchema } from './standard-schema.js'
import type { Schema } from './standard-schema.js'
import { judge } from './verdict.js'

/** A class with rules of class-validator, or a Standard Schema. */
export type Rules = Class | Schema

/** Texts by name, each with all values that were sent under it. */
export type Texts = ReadonlyMap<string, readonly string[]>

/** How one part of a route's requests is checked: gives the checked value, or throws `ValidationFailed`. */
export interface PartCheck {
  /** Checks a value that has its types already, such as parsed JSON. */
  readonly value: (value: unknown) => unknown
  /** Checks texts, converted to the declared types first. */
  readonly texts: (texts: Texts) => unknown
  /** The names that may come, where the rules tell. */
  readonly names: readonly string[] | undefined
}

/** Options for the rules of one `@Validate`. */
export interface PartOptions {
  readonly groups: readonly string[]
  readonly unknown: UnknownProperties
}

/** Prepares the check of one part. */
export function partCheck(part: InputPart, rules: Rules, options: PartOptions, route: RouteSetup): PartCheck {
  if (isSchema(rules)) return schemaCheck(part, rules)
  if (typeof rules === 'function') return classCheck(part, classPlan(rules, options.groups, route.mistake), options)
  route.mistake(`@Validate({ ${part}: … }) is given no rules`, 'give it a class with decorators of class-validator, or a Standard Schema')
  return { value: () => undefined, texts: () => undefined, names: undefined }
}

function schemaCheck(part: InputPart, schema: Schema): PartCheck {
  const value = (input: unknown) => {
    const issues = new Issues(part)
    const checked = checkSchema(schema, input, issues)
    return checked instanceof Promise ? checked.then((later) => passed(later, issues)) : passed(checked, issues)
  }
  const texts = (input: Texts) => value(Object.fromEntries([...input].map(([name, own]) => [name, own.length === 1 ? own[0] : own])))
  return { value, texts, names: undefined }
}

function classCheck(part: InputPart, plan: ClassPlan, { groups, unknown }: PartOptions): PartCheck {
  const value = (input: unknown) => {
    const issues = new Issues(part)
    const copy = copyDeclared(input, plan, unknown, issues)
    // What has the wrong shape is told alone: rules that look at it would speak of its consequences.
    if (copy === undefined || issues.list.length > 0) throw new ValidationFailed(issues.list)
    const pending = judge(copy, plan, groups, issues)
    return pending instanceof Promise ? pending.then(() => passed(copy, issues)) : passed(copy, issues)
  }
  return { value, texts: (input) => value(convertTexts(input, plan, refuseRepeated)), names: [...plan.properties.keys()] }
}

function refuseRepeated(): never {
  throw new MalformedRequest('A parameter was sent more than once.', { reason: 'repeated-parameter', event: 'input_validation_fail' })
}

function passed(checked: unknown, issues: Issues): unknown {
  if (issues.list.length > 0) throw new ValidationFailed(issues.list)
  return checked
}
