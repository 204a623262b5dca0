import type { Class } from '../../decorator.js'
import { readsForms } from '../../body/body.js'
import { classPlan } from '../../validation/plan.js'
import type { ClassPlan, PropertyPlan } from '../../validation/plan.js'
import { validateKind } from '../../validation/decorator.js'
import type { ValidateDeclaration } from '../../validation/decorator.js'
import { isSchema } from '../../validation/standard-schema.js'
import { argumentsOf } from '../../validation/rule.js'
import type { Rule } from '../../validation/rule.js'
import type { RouteDescription } from '../../api-facts.js'

type Part = keyof ValidateDeclaration['parts']

/** What `@Validate` says of a part of a route's requests, nearest to the method. */
export function rulesFor(
  { policy }: RouteDescription,
  part: Part,
): (ValidateDeclaration & { readonly target: Class | undefined }) | undefined {
  const declared = policy.all(validateKind).findLast(({ value }) => value.parts[part] !== undefined)?.value
  if (declared === undefined) return undefined
  const rules = declared.parts[part]
  return { ...declared, target: rules === undefined || isSchema(rules) ? undefined : rules }
}

/**
 * Something that the rules of a part allow, as far as they tell: what is optional is left out, of a schema nothing is known. Whether it
 * is really allowed shows when it is sent.
 */
export function sampleOf(route: RouteDescription, part: Part): Readonly<Record<string, unknown>> {
  const rules = rulesFor(route, part)
  if (rules?.target === undefined) return {}
  const reading = { groups: rules.options.groups ?? [], fromTexts: part !== 'body' || readsForms(route.policy), report: () => undefined }
  return objectOf(classPlan(rules.target, reading), 0)
}

const deepest = 8

function objectOf({ inputs, target }: ClassPlan, depth: number): Readonly<Record<string, unknown>> {
  const needed = [...inputs.values()].filter(({ conditions, isOptional }) => conditions.length === 0 && !isOptional)
  return Object.fromEntries(needed.map((property) => [property.name, valueOf(property, target.name, depth)]))
}

function valueOf(property: PropertyPlan, targetName: string, depth: number): unknown {
  const { nested, isList, rules } = property
  if (nested !== undefined) {
    const one = depth < deepest ? objectOf(nested.plan, depth + 1) : {}
    return isList || nested.form === 'list' ? [one] : one
  }
  const accepts = (value: unknown) => rules.every((rule) => isAllowed(rule, value, property.name, targetName))
  const found = candidates(rules).find((value) => accepts(isList ? [value] : value))
  return isList ? [found] : found
}

function isAllowed(rule: Rule, value: unknown, property: string, targetName: string): boolean {
  const subject = { object: {}, targetName, property, value }
  const ask = (one: unknown) => rule.validator().validate(one, argumentsOf(rule, { ...subject, value: one })) === true
  try {
    return rule.each && Array.isArray(value) ? value.every(ask) : ask(value)
  } catch {
    return false
  }
}

/** What is tried, the plainest first. Patterns are not read: they are asked. */
function candidates(rules: readonly Rule[]): readonly unknown[] {
  const said = rules.flatMap((rule) => rule.constraints())
  const numbers = said.filter((one) => typeof one === 'number')
  const listed = said.flatMap((one) =>
    Array.isArray(one) ? (one as unknown[]) : typeof one === 'object' && one !== null ? Object.values(one) : [],
  )
  const lengths = [...new Set([8, 1, 4, 5, 6, 10, 12, 16, 32, 64, ...numbers.filter((one) => one > 0 && one <= 10_000)])]
  return [
    ...listed.filter((one) => typeof one !== 'function'),
    ...['A', 'a', '1', 'A1'].flatMap((text) => lengths.map((length) => text.repeat(length).slice(0, length))),
    ...['8c6f1b3e-52a7-4d0f-9b1e-3a7d5c2e9f40', 'somebody@example.com', 'https://example.com/', '2026-01-31', '2026-01-31T12:00:00Z'],
    ...['192.0.2.1', 'a-b', 'EUR', 'en', '+41446681800'],
    ...[1, 0, ...numbers, ...numbers.map((one) => one + 1), 1.5],
    ...[true, false],
    new Date('2026-01-31T12:00:00Z'),
    {},
  ]
}
