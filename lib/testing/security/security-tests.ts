import { fail } from 'node:assert/strict'
import type { Api } from '../../api.js'
import type { Case } from '../case.js'
import { accessCases, issuerCases } from './access-cases.js'
import { edgeCases } from './edge-cases.js'
import { inputCases } from './input-cases.js'
import { limitCases } from './limit-cases.js'
import { objectCases } from './object-cases.js'
import type { SecurityTestOptions } from './options.js'
import { surveyOf } from './survey.js'

/**
 * Cases that try to get past what the declarations of an API promise, for any test runner:
 * `for (const { name, run } of securityTests(api, { issuer, objects })) it(name, run)`.
 *
 * Each route is called without credentials, with forged and expired tokens, without each permission, role and scope that it asks for, about
 * objects of others, with unknown properties, past each of its limits, and with bodies that are too large, of another type or broken; each
 * path by methods that it does not have. Every answer must bear its security headers, and tell nothing of the server.
 *
 * What a case cannot know must be given. Until it is, the case fails, and says what it wants. Cases call handlers where the input of a limit
 * or the owner of an object is to be tried: give them an API that is there for tests, made by `testApi` or with stores of its own.
 */
export function securityTests(api: Api, options: SecurityTestOptions = {}): readonly Case[] {
  const survey = surveyOf(api, options)
  const cases = [
    ...survey.description.routes.flatMap((route) => [
      ...accessCases(route, survey),
      ...objectCases(route, survey),
      ...inputCases(route, survey),
      ...limitCases(route, survey),
    ]),
    ...issuerCases(survey),
    ...edgeCases(survey),
  ]
  return [...withAccepted(cases, options), ...unknownNames(cases, survey.description.routes, options)]
}

/** What was accepted stands in the report all the same, with its reason. */
function withAccepted(cases: readonly Case[], { accepted = {} }: SecurityTestOptions): readonly Case[] {
  return cases.map((one) => {
    const reason = Object.hasOwn(accepted, one.name) ? (accepted[one.name] ?? '') : undefined
    if (reason === undefined) return one
    if (reason.trim() === '') return { name: one.name, run: async () => fail('it is accepted without a reason: write one') }
    return { name: `${one.name} — accepted: ${reason}`, run: () => Promise.resolve() }
  })
}

/** A name that was mistyped would leave something untested. */
function unknownNames(
  cases: readonly Case[],
  routes: ReadonlyArray<{ readonly name: string }>,
  options: SecurityTestOptions,
): readonly Case[] {
  const { accepted = {}, samples = {}, objects = {}, mayUse = {} } = options
  const handlers = new Set(routes.map(({ name }) => name))
  const titles = new Set(cases.map(({ name }) => name))
  const wrong = [
    ...Object.keys(accepted).flatMap((name) => (titles.has(name) ? [] : [`accepted[${JSON.stringify(name)}]: there is no such case`])),
    ...Object.entries({ samples, objects, mayUse }).flatMap(([option, given]) =>
      Object.keys(given).flatMap((name) => (handlers.has(name) ? [] : [`${option}[${JSON.stringify(name)}]: there is no such route`])),
    ),
  ]
  return wrong.map((problem) => ({ name: `options: ${problem}`, run: async () => fail(problem) }))
}
