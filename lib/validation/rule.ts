import { getMetadataStorage } from 'class-validator'
import type { ValidationArguments, ValidatorConstraintInterface } from 'class-validator'
import { keepQuoted } from '../quoted.js'
import { shown } from './issues.js'
import { knownRule } from './known-rules.js'
import type { QuickRule, Test } from './shape.js'

/** What class-validator's decorators wrote down. */
export type Metadata = ReturnType<ReturnType<typeof getMetadataStorage>['getTargetValidationMetadatas']>[number]

/** One rule of a property, ready to be asked. */
export interface Rule {
  /** The rule's name, such as `isInt`. */
  readonly code: string
  /** Whether each element of a list is asked about. */
  readonly each: boolean
  /** Whether it says of itself that it answers later. */
  readonly isAsync: boolean
  /** The rule's own `validateIf`. */
  readonly condition: ((object: object, value: unknown) => boolean) | undefined
  /** Says yes at once to what class-validator would say yes to. Anything else is asked of class-validator. */
  readonly quick: QuickRule | undefined
  readonly validator: () => ValidatorConstraintInterface
  readonly constraints: () => unknown[]
  readonly message: string | ((args: ValidationArguments) => string) | undefined
}

/** What a rule is asked about. */
export interface Subject {
  readonly object: object
  readonly targetName: string
  readonly property: string
  readonly value: unknown
}

const longestEcho = 64

/** The rules that one decorator stands for; none, where a validator class lacks its own decorator. */
export function rulesOf(metadata: Metadata): readonly Rule[] {
  const { name, each, validateIf, message } = metadata
  const constraints: unknown[] = metadata.constraints ?? []
  return getMetadataStorage()
    .getTargetValidatorConstraints(metadata.constraintCls)
    .map((constraint) => {
      // A container of the application's own may make a new one for each question.
      const validator = () => constraint.instance
      const known = constraint.async ? undefined : knownRule(name, constraints, each, validator)
      return {
        code: keepQuoted(constraint.name || metadata.type),
        each,
        isAsync: constraint.async,
        condition: validateIf,
        quick: validateIf === undefined ? known : undefined,
        validator: known?.decides === undefined ? validator : decidedBy(known.decides, validator),
        constraints: constraintsOf(constraints),
        message,
      }
    })
}

/** The validator's words, and another judgement. */
export function decidedBy(validate: Test, validator: Rule['validator']): Rule['validator'] {
  return () => ({ validate, defaultMessage: (args) => validator().defaultMessage?.(args) ?? '' })
}

/** Global and sticky expressions remember where they stopped: each question gets its own. */
function constraintsOf(constraints: unknown[]): () => unknown[] {
  if (!constraints.some(remembers)) return () => constraints
  return () => constraints.map((one) => (remembers(one) ? new RegExp(one) : one))
}

function remembers(constraint: unknown): constraint is RegExp {
  return constraint instanceof RegExp && (constraint.global || constraint.sticky)
}

/** What a validator is told besides the value. */
export function argumentsOf(rule: Pick<Rule, 'constraints'>, { object, targetName, property, value }: Subject): ValidationArguments {
  return { object, targetName, property, value, constraints: rule.constraints() }
}

type Speaking = Pick<Rule, 'constraints' | 'message' | 'validator'> & Partial<Pick<Rule, 'code' | 'quick'>>

/** What rules say that always say the same; a rule is one property's. */
const lastWords = new WeakMap<Speaking, string>()

/** What a client is told of a rule that said no: the decorator's own words, or class-validator's. */
export function messageOf(rule: Speaking, subject: Subject): string {
  const known = lastWords.get(rule)
  if (known !== undefined) return known
  const fallback = `${subject.property} is not valid`
  try {
    const args = argumentsOf(rule, subject)
    const said = rule.message || rule.validator().defaultMessage?.(args) || fallback
    const message = filled(typeof said === 'function' ? said(args) : said, args)
    if (isSettled(rule, said)) lastWords.set(rule, keepQuoted(message))
    return message
  } catch {
    return fallback
  }
}

/** Whether a rule will say the same of any other value: words that are written down, or those of a rule of class-validator's own. */
function isSettled({ code, message, quick }: Speaking, said: unknown): boolean {
  if (typeof said !== 'string' || said.includes('$value') || said.includes('$target')) return false
  // An empty message is none.
  if (message) return typeof message === 'string'
  // The one rule of class-validator whose words depend on the value: they are others for too short and for too long.
  return quick !== undefined && code !== 'isLength'
}

/** Puts values for `$property` and the like. The value is put in last: what was sent is never read as a template. */
function filled(template: string, { constraints, property, targetName, value }: ValidationArguments): string {
  const all = /\$(?:constraint(\d+)|property|target|value)/g
  return template.replaceAll(all, (token, index: string | undefined) => {
    if (index !== undefined) return Number(index) <= constraints.length ? text(constraints[Number(index) - 1]) : token
    if (token === '$property') return property
    if (token === '$target') return targetName
    return ['string', 'boolean', 'number'].includes(typeof value) ? shown(String(value), longestEcho) : token
  })
}

function text(constraint: unknown): string {
  if (typeof constraint === 'symbol') return String(constraint.description)
  return Array.isArray(constraint) ? constraint.join(', ') : String(constraint)
}
