import { validate, validateSync } from 'class-validator'
import type { ValidationError } from 'class-validator'
import { pointer } from './issues.js'
import type { Issues } from './issues.js'
import type { ClassPlan } from './rules.js'

interface Options {
  readonly groups: string[]
  readonly forbidUnknownValues: false
}

/** Asks class-validator; what it refuses is added to `issues`. A validator that throws says no. */
export function judge(copy: object, plan: ClassPlan, groups: readonly string[], issues: Issues): void | Promise<void> {
  const options = { groups: [...groups], forbidUnknownValues: false as const }
  if (plan.isAsync) return judgeLater(copy, plan, options, issues)
  try {
    addAll(validateSync(copy, options), '', issues)
  } catch {
    blame(copy, plan, issues, (part) => validateSync(part, options))
  }
  return undefined
}

async function judgeLater(copy: object, plan: ClassPlan, options: Options, issues: Issues): Promise<void> {
  try {
    addAll(await validate(copy, options), '', issues)
  } catch {
    for (const [part, name] of parts(copy, plan)) {
      const refusal = await validate(part, options).then(
        (errors) => errors.filter(({ property }) => property === name),
        () => undefined,
      )
      addPart(refusal, name, issues)
    }
    requireBlame(issues)
  }
}

/** Finds the property whose validator throws, one by one: isEmail does, on half a surrogate pair. */
function blame(copy: object, plan: ClassPlan, issues: Issues, check: (part: object) => ValidationError[]): void {
  for (const [part, name] of parts(copy, plan)) {
    let refusal: ValidationError[] | undefined
    try {
      refusal = check(part).filter(({ property }) => property === name)
    } catch {
      refusal = undefined
    }
    addPart(refusal, name, issues)
  }
  requireBlame(issues)
}

/** Copies with all properties but one left out. */
function* parts(copy: object, { target: Target, properties }: ClassPlan): Generator<readonly [object, string]> {
  const source = copy as Readonly<Record<string, unknown>>
  for (const name of properties.keys()) {
    const part = new Target() as Record<string, unknown>
    for (const other of Object.keys(part)) part[other] = undefined
    part[name] = source[name]
    yield [part, name]
  }
}

function addPart(refusal: readonly ValidationError[] | undefined, name: string, issues: Issues): void {
  if (refusal === undefined) issues.add(pointer('', name), 'invalid', `${name} cannot be checked`)
  else addAll(refusal, '', issues)
}

/** Where only the whole makes a validator throw, the whole is refused. */
function requireBlame(issues: Issues): void {
  if (issues.list.length === 0) issues.add('', 'invalid', 'this cannot be checked')
}

function addAll(errors: readonly ValidationError[], path: string, issues: Issues): void {
  for (const { property, constraints, children } of errors) {
    if (issues.isFull) return
    const own = pointer(path, property)
    for (const [code, message] of Object.entries(constraints ?? {})) issues.add(own, code, message)
    addAll(children ?? [], own, issues)
  }
}
