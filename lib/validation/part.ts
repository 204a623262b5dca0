import type { Class } from '../decorator.js'
import { ApiError, MalformedRequest } from '../errors.js'
import { requireClean } from '../poison.js'
import type { RouteSetup } from '../protection.js'
import { check } from './check.js'
import type { Reading } from './check.js'
import { convertForm, convertTexts } from './convert.js'
import type { Texts } from './convert.js'
import { Copier } from './copy.js'
import type { InputPart, Issues } from './issues.js'
import { classPlan } from './plan.js'
import type { ClassPlan } from './plan.js'
import { quickReader } from './quick-read.js'
import type { QuickReader } from './quick-read.js'
import { isObject } from './source.js'
import type { CopyOptions, Source } from './source.js'
import { checkSchema, isSchema } from './standard-schema.js'
import type { Schema } from './standard-schema.js'
import { Stop } from './stop.js'

const none: readonly never[] = Object.freeze([])

/** A class with rules of class-validator, or a Standard Schema. */
export type Rules = Class | Schema

/** How one part of a route's requests is checked. Gives the checked value, or adds to the issues why it is none. */
export interface PartCheck {
  /** Checks a value that was parsed: JSON, or a form, whose texts are converted to the declared types first. */
  readonly value: (value: unknown, issues: Issues) => unknown
  /** Checks texts, converted to the declared types first. */
  readonly texts: (texts: Texts, issues: Issues) => unknown
  /** The names that may come, where the rules tell. */
  readonly names: readonly string[] | undefined
}

/** Options for the rules of one `@Validate`. */
export interface PartOptions extends CopyOptions {
  readonly groups: readonly string[]
}

/** A part of the requests of one route. */
export interface CheckedPart {
  readonly part: InputPart
  /** Whether its values come as texts by name. */
  readonly fromTexts: boolean
  readonly route: RouteSetup
}

/** Prepares the check of one part. */
export function partCheck(checked: CheckedPart, rules: Rules, options: PartOptions): PartCheck {
  if (isSchema(rules)) return schemaCheck(rules)
  if (typeof rules === 'function') return classCheck(checked, rules, options)
  const { part, route } = checked
  route.mistake(`@Validate({ ${part}: … }) is given no rules`, 'give it a class with decorators of class-validator, or a Standard Schema')
  return { value: () => undefined, texts: () => undefined, names: undefined }
}

function schemaCheck(schema: Schema): PartCheck {
  return {
    value(input, issues) {
      requireClean(input)
      return checkSchema(schema, input, issues)
    },
    texts(input, issues) {
      const plain = [...input].map(([name, own]) => [name, own.length === 1 ? own[0] : own] as const)
      return checkSchema(schema, Object.fromEntries(plain), issues)
    },
    names: undefined,
  }
}

function classCheck({ part, fromTexts, route }: CheckedPart, rules: Class, options: PartOptions): PartCheck {
  const report = (problem: string, mend: string) => route.mistake(problem, mend)
  const plan = classPlan(rules, { groups: options.groups, fromTexts, report })
  const instance = instanceMaker(plan, options)
  const value = (input: unknown, issues: Issues) => {
    if (isObject(input)) return instance(input, issues)
    return issues.add(undefined, 'isObject', `the ${part} must be an object`)
  }
  return {
    value: fromTexts ? (input, issues) => value(isObject(input) ? convertForm(input, plan.inputs) : input, issues) : value,
    texts: (input, issues) => value(convertTexts(input, plan.inputs, refuseRepeated), issues),
    names: [...plan.inputs.keys()],
  }
}

/** Makes instances of a class out of what was sent: in one go where that is plainly right, or else from there on property by property. */
export function instanceMaker(
  plan: ClassPlan,
  options: CopyOptions,
  reader: QuickReader = quickReader(plan, options),
): (source: Source, issues: Issues) => unknown {
  const whole: Reading = { remaining: (_, one) => reader.later.get(one) ?? none, held: undefined, unknown: options.unknown }
  const isDone = reader.later.size === 0
  const copyAndCheck = (source: Source, issues: Issues): unknown => {
    const quick = reader.object(source, reader.root, 0)
    if (quick instanceof Stop) return resume(source, quick, issues)
    return isDone ? quick : settled(quick, check(quick, source, plan, issues, whole))
  }
  const resume = (source: Source, stop: Stop, issues: Issues): unknown => {
    const copier = new Copier(reader, options, issues)
    const copy = copier.resume(source, reader.root, stop)
    // A copy that was given up halfway is refused already.
    return issues.isFull ? undefined : settled(copy, check(copy, source, plan, issues, copier))
  }
  return (source, issues) => {
    try {
      return copyAndCheck(source, issues)
    } catch (thrown) {
      if (thrown instanceof ApiError) throw thrown
      // A constructor or a setter of the class.
      issues.blame(thrown)
      return issues.add(undefined, 'invalid', 'this cannot be read')
    }
  }
}

function settled(copy: object, pending: void | Promise<void>): object | Promise<object> {
  return pending === undefined ? copy : pending.then(() => copy)
}

function refuseRepeated(): never {
  throw new MalformedRequest('A parameter was sent more than once.', {
    reason: 'repeated-parameter',
    event: 'input_validation_fail',
  })
}
