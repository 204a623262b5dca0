import type { ValidationFailed } from '../errors.js'
import type { Exchange } from '../exchange.js'
import type { OperationDraft } from '../operation.js'
import type { Policy } from '../policy.js'
import type { Protection, RouteSetup, Step } from '../protection.js'
import { sensitiveProperties } from '../sensitive.js'
import { validateKind } from './decorator.js'
import type { ValidateDeclaration } from './decorator.js'
import { Issues, refusalFor, refusalOf } from './issues.js'
import type { InputPart } from './issues.js'
import { propertiesOfRules, schemaOfRules } from './json-schema.js'
import { partCheck } from './part.js'
import type { PartCheck, PartOptions, Rules } from './part.js'
import { isSchema } from './standard-schema.js'
import { readerOf } from './texts.js'

const mostItems = 10_000

/** One part of a request, and how it is read and checked. */
interface Prepared {
  readonly part: InputPart
  readonly check: (exchange: Exchange, issues: Issues) => unknown
}

/** Whether a route wants a body. */
export function validatesBody(policy: Policy): boolean {
  return declaredFor(policy, 'body') !== undefined
}

/** The properties of the class for a part that records mask. */
export function sensitiveNames(policy: Policy, part: InputPart): readonly string[] {
  const rules = declaredFor(policy, part)?.parts[part]
  return typeof rules === 'function' && !isSchema(rules) ? sensitiveProperties(rules) : []
}

/** Checks headers, path parameters and query, before anybody waits for a body; what is wrong in any of them is told together. */
export function inputValidation(): Protection {
  return {
    name: 'validation',
    phase: 'input',
    compile(route) {
      describeRules(route)
      const prepared = (['headers', 'params', 'query'] as const).flatMap((part): Prepared[] => {
        const check = checkOf(route, part, true)
        if (check === undefined) return []
        if (part === 'params') reportParams(route, check)
        const read = readerOf(part, check.names)
        return [{ part, check: (exchange, issues) => check.texts(read(exchange), issues) }]
      })
      return prepared.length === 0 ? undefined : stepOf(prepared)
    },
    document(route, operation) {
      for (const part of textParts) documentTexts(part, route, operation)
    },
  }
}

/** Checks the body that was read and parsed; the values of a form are texts. */
export function bodyValidation({ isForm }: { readonly isForm: (policy: Policy) => boolean }): Protection {
  return {
    name: 'body-validation',
    phase: 'input',
    compile(route) {
      const check = checkOf(route, 'body', isForm(route.policy))
      return check === undefined ? undefined : stepOf([{ part: 'body', check: ({ rawBody }, issues) => checkBody(check, rawBody, issues) }])
    },
    document({ policy }, operation) {
      const declared = declaredFor(policy, 'body')
      const rules = declared?.parts.body
      if (declared === undefined || rules === undefined) return
      const setting = { options: optionsOf(declared), fromTexts: isForm(policy), components: operation.schemas }
      operation.body({ schema: schemaOfRules(rules, setting), required: !isSchema(rules) })
      operation.refusal(validationFailed)
    },
  }
}

const textParts = ['headers', 'params', 'query'] as const
const validationFailed = { status: 422, code: 'validation-failed' } as const

function documentTexts(part: (typeof textParts)[number], { policy, params }: RouteSetup, operation: OperationDraft): void {
  const declared = declaredFor(policy, part)
  const rules = declared?.parts[part]
  const setting = { options: optionsOf(declared), fromTexts: true, components: operation.schemas }
  const described = rules === undefined ? [] : propertiesOfRules(rules, setting)
  if (rules !== undefined) operation.refusal(validationFailed)
  if (described === undefined) operation.note(`Its ${part} are checked by rules that cannot be written down here.`)
  const place = ({ headers: 'header', params: 'path', query: 'query' } as const)[part]
  for (const [name, { schema, isRequired }] of described ?? []) {
    operation.parameter({ in: place, name, schema, required: place === 'path' || isRequired })
  }
  if (part !== 'params') return
  for (const name of params.filter((one) => described?.some(([other]) => other === one) !== true)) {
    operation.parameter({ in: 'path', name, schema: { type: 'string' }, required: true })
  }
}

/** A schema says for itself whether the body may be missing. */
function checkBody({ value, names }: PartCheck, rawBody: unknown, issues: Issues): unknown {
  if (rawBody === undefined && names !== undefined) return issues.add(undefined, 'required', 'a body is required')
  return value(rawBody, issues)
}

function stepOf(prepared: readonly Prepared[]): Step {
  const [first, ...others] = prepared
  return first !== undefined && others.length === 0 ? stepOfOne(first) : stepOfSeveral(prepared)
}

/** As for several, with less to keep track of: bodies are validated alone. */
function stepOfOne({ part, check }: Prepared): Step {
  return function validate(exchange) {
    const issues = new Issues(part)
    const checked = check(exchange, issues)
    if (checked instanceof Promise) return checked.then((value) => provideOne(exchange, part, value, issues))
    return provideOne(exchange, part, checked, issues)
  }
}

function provideOne(exchange: Exchange, part: InputPart, value: unknown, issues: Issues): ValidationFailed | undefined {
  if (issues.list.length > 0) return refusalFor(issues.list, issues.thrown[0])
  exchange.provide(part, value)
  return undefined
}

function stepOfSeveral(prepared: readonly Prepared[]): Step {
  return function validate(exchange) {
    const issues = prepared.map(({ part }) => new Issues(part))
    const checked = prepared.map(({ check }, index) => check(exchange, issues[index] as Issues))
    if (checked.some((value) => value instanceof Promise)) return provideLater(exchange, prepared, checked, issues)
    return provide(exchange, prepared, checked, issues)
  }
}

async function provideLater(
  exchange: Exchange,
  prepared: readonly Prepared[],
  checked: readonly unknown[],
  issues: readonly Issues[],
): Promise<ValidationFailed | undefined> {
  return provide(exchange, prepared, await Promise.all(checked), issues)
}

/** Lets all parts through, or none. */
function provide(
  exchange: Exchange,
  prepared: readonly Prepared[],
  checked: readonly unknown[],
  issues: readonly Issues[],
): ValidationFailed | undefined {
  const refusal = refusalOf(issues)
  if (refusal !== undefined) return refusal
  for (const [index, { part }] of prepared.entries()) exchange.provide(part, checked[index])
  return undefined
}

/** What is said of a part nearest to the method; of two that stand on one place, the one on top. */
function declaredFor(policy: Policy, part: InputPart): ValidateDeclaration | undefined {
  return placesOf(policy, part)[0]?.value
}

function placesOf(policy: Policy, part: InputPart) {
  const said = policy.all(validateKind).filter(({ value }) => value.parts[part] !== undefined)
  const nearest = said.at(-1)
  return said.filter(({ place }) => place === nearest?.place)
}

function checkOf(route: RouteSetup, part: InputPart, fromTexts: boolean): PartCheck | undefined {
  const declared = declaredFor(route.policy, part)
  const rules = declared?.parts[part]
  if (declared === undefined || rules === undefined) return undefined
  if (placesOf(route.policy, part).length > 1) {
    route.mistake(`two @Validate on one place speak of its ${part}`, 'keep one of them')
  }
  return partCheck({ part, fromTexts, route }, rules, optionsOf(declared))
}

function optionsOf(declared: ValidateDeclaration | undefined): PartOptions {
  const { groups = [], unknown = 'refuse', maxItems = mostItems } = declared?.options ?? {}
  return { groups, unknown, maxItems }
}

function describeRules(route: RouteSetup): void {
  const named = (['body', 'query', 'params', 'headers'] as const).flatMap((part) => {
    const rules = declaredFor(route.policy, part)?.parts[part]
    return rules === undefined ? [] : [[part, nameOf(rules)] as const]
  })
  if (named.length > 0) route.describe('validates', Object.fromEntries(named))
}

function nameOf(rules: Rules): string {
  if (isSchema(rules)) return `${rules['~standard'].vendor} schema`
  return typeof rules === 'function' ? rules.name : 'nothing'
}

/** A parameter that the rules do not know would be refused on each request; one that the path does not have never comes. */
function reportParams(route: RouteSetup, { names }: PartCheck): void {
  if (names === undefined) return
  for (const name of route.params.filter((one) => !names.includes(one))) {
    route.mistake(`its params have no rules for ":${name}" of ${route.path}`, `give the class a property ${name}`)
  }
  for (const name of names.filter((one) => !route.params.includes(one))) {
    route.mistake(
      `its params have rules for ${name}, which ${route.path} does not have`,
      `add ":${name}" to the path, or take the property away`,
    )
  }
}
