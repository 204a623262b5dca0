import { ValidationFailed } from '../errors.js'
import type { Exchange } from '../exchange.js'
import type { Policy } from '../policy.js'
import type { Protection, RouteSetup } from '../protection.js'
import { validateKind } from './decorator.js'
import type { InputPart } from './issues.js'
import { partCheck } from './part.js'
import type { PartCheck, Rules, Texts } from './part.js'
import { parseQuery } from './query.js'

/** Whether a route wants a body. */
export function validatesBody(policy: Policy): boolean {
  return rulesOf(policy, 'body') !== undefined
}

/** Checks headers, path parameters and query, before anybody waits for a body. */
export function inputValidation(): Protection {
  return {
    name: 'validation',
    phase: 'input',
    compile(route) {
      describeRules(route)
      const checks = (['headers', 'params', 'query'] as const).flatMap((part) => {
        const check = checkOf(route, part)
        return check === undefined ? [] : [{ part, check, read: readers[part](check) }]
      })
      reportParams(route, checks.find(({ part }) => part === 'params')?.check)
      if (checks.length === 0) return undefined
      return function validateInput(exchange) {
        for (const [index, { part, check, read }] of checks.entries()) {
          const checked = check.texts(read(exchange))
          if (checked instanceof Promise) return provideLater(exchange, checks, index, checked)
          exchange.provide(part, checked)
        }
        return undefined
      }
    },
  }
}

/** Checks the body that was read and parsed. */
export function bodyValidation(): Protection {
  return {
    name: 'body-validation',
    phase: 'input',
    compile(route) {
      const check = checkOf(route, 'body')
      if (check === undefined) return undefined
      return function validateBody(exchange) {
        if (exchange.rawBody === undefined) throw new ValidationFailed(missingBody)
        const checked = check.value(exchange.rawBody)
        if (checked instanceof Promise) return provideBodyLater(exchange, checked)
        exchange.provide('body', checked)
        return undefined
      }
    },
  }
}

const missingBody = Object.freeze([{ in: 'body', path: '', code: 'isDefined', message: 'a body is required' } as const])

interface Prepared {
  readonly part: 'headers' | 'params' | 'query'
  readonly check: PartCheck
  readonly read: (exchange: Exchange) => Texts
}

async function provideLater(exchange: Exchange, checks: readonly Prepared[], from: number, first: Promise<unknown>): Promise<void> {
  for (const [index, { part, check, read }] of checks.entries()) {
    if (index >= from) exchange.provide(part, index === from ? await first : await check.texts(read(exchange)))
  }
}

async function provideBodyLater(exchange: Exchange, checked: Promise<unknown>): Promise<void> {
  exchange.provide('body', await checked)
}

/** Where the texts of each part come from. */
const readers: Readonly<Record<Prepared['part'], (check: PartCheck) => (exchange: Exchange) => Texts>> = {
  query: () => (exchange) => parseQuery(exchange.target.query),
  params: () => (exchange) => new Map(Object.entries(exchange.target.params).map(([name, value]) => [name, [value ?? '']] as const)),
  headers: ({ names }) => {
    const wanted = names?.map((name) => [name, name.toLowerCase()] as const)
    return ({ request }) => {
      const sent = Object.entries(request.headers)
      const all = wanted ?? sent.map(([name]) => [name, name] as const)
      return new Map(all.flatMap(([name, header]) => textsOf(name, request.headers[header])))
    }
  },
}

function textsOf(name: string, value: string | string[] | undefined): ReadonlyArray<readonly [string, readonly string[]]> {
  if (value === undefined) return []
  return [[name, typeof value === 'string' ? [value] : value]]
}

/** The rules of a part that are declared nearest to the method. */
function rulesOf(policy: Policy, part: InputPart) {
  return policy.all(validateKind).findLast(({ value }) => value.parts[part] !== undefined)?.value
}

function checkOf(route: RouteSetup, part: InputPart): PartCheck | undefined {
  const declared = rulesOf(route.policy, part)
  const rules = declared?.parts[part]
  if (declared === undefined || rules === undefined) return undefined
  const { groups = [], unknown = 'refuse' } = declared.options
  return partCheck(part, rules, { groups, unknown }, route)
}

function describeRules(route: RouteSetup): void {
  const named = (['body', 'query', 'params', 'headers'] as const).flatMap((part) => {
    const rules = rulesOf(route.policy, part)?.parts[part]
    return rules === undefined ? [] : [[part, nameOf(rules)] as const]
  })
  if (named.length > 0) route.describe('validates', Object.fromEntries(named))
}

function nameOf(rules: Rules): string {
  return typeof rules === 'function' ? rules.name : 'schema'
}

/** A parameter that the rules do not know would be refused on each request; one that the path does not have never comes. */
function reportParams(route: RouteSetup, check: PartCheck | undefined): void {
  if (check?.names === undefined) return
  for (const name of route.params.filter((one) => !check.names?.includes(one))) {
    route.mistake(`its params have no rules for ":${name}" of ${route.path}`, `give the class a property ${name}`)
  }
  for (const name of check.names.filter((one) => !route.params.includes(one))) {
    route.mistake(
      `its params have rules for ${name}, which ${route.path} does not have`,
      `add ":${name}" to the path, or take the property away`,
    )
  }
}
