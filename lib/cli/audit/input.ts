import type { Class } from '../../decorator.js'
import type { ApiDescription } from '../../api-facts.js'
import { readsForms } from '../../body/body.js'
import { validateKind } from '../../validation/decorator.js'
import { classPlan } from '../../validation/plan.js'
import type { ClassPlan, PropertyPlan } from '../../validation/plan.js'
import { isSchema } from '../../validation/standard-schema.js'
import type { Noticed } from './finding.js'

/** One property of a DTO class, wherever it is nested. */
export interface DtoProperty {
  /** `CreateOrder.note` */
  readonly place: string
  readonly property: PropertyPlan
}

/** The properties of all DTO classes that routes name, each class once. */
export function dtoProperties({ routes }: ApiDescription): readonly DtoProperty[] {
  const seen = new Set<Class>()
  const found: DtoProperty[] = []
  const visit = (plan: ClassPlan) => {
    if (seen.has(plan.target)) return
    seen.add(plan.target)
    for (const property of plan.properties) {
      found.push({ place: `${plan.target.name}.${property.name}`, property })
      if (property.nested !== undefined) visit(property.nested.plan)
    }
  }
  for (const { policy } of routes) {
    for (const { value } of policy.all(validateKind)) {
      for (const [part, rules] of Object.entries(value.parts)) {
        if (rules === undefined || isSchema(rules)) continue
        const fromTexts = part !== 'body' || readsForms(policy)
        visit(classPlan(rules, { groups: value.options.groups ?? [], fromTexts, report: () => undefined }))
      }
    }
  }
  return found
}

/** Rules that say nothing of a value's type. */
const typeless: ReadonlySet<string> = new Set([
  ...['isDefined', 'isNotEmpty', 'notEquals', 'isNotIn'],
  ...['isArray', 'arrayMinSize', 'arrayMaxSize', 'arrayNotEmpty', 'arrayUnique', 'arrayContains', 'arrayNotContains'],
])

/** What DTO classes let through that nothing is known of. */
export function inputFindings(properties: readonly DtoProperty[]): readonly Noticed[] {
  return properties.flatMap(({ place, property: { nested, rules, isComputed } }): readonly Noticed[] => {
    if (nested !== undefined || isComputed) return []
    const codes = rules.map(({ code }) => code)
    if (codes.includes('isObject') || codes.includes('isNotEmptyObject')) {
      const problem = '@IsObject() lets objects of any form through, with any properties'
      return [{ rule: 'object-untyped', place, problem, mend: 'write @Nested(() => Type), a class with rules of its own' }]
    }
    if (!codes.every((code) => typeless.has(code))) return []
    const what = codes.includes('isArray') ? 'its rules say nothing of the elements' : 'its rules let values of every type through'
    return [
      {
        rule: 'property-untyped',
        place,
        problem: what,
        mend: 'add the rule of its type, such as @IsString(), with { each: true } for a list',
      },
    ]
  })
}
