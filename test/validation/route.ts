import { ApiError } from '../../lib/errors.js'
import { readsForms } from '../../lib/body/body.js'
import type { Class } from '../../lib/decorator.js'
import type { Exchange } from '../../lib/exchange.js'
import { policyOf } from '../../lib/policy.js'
import type { RouteSetup } from '../../lib/protection.js'
import { Validate } from '../../lib/validation/decorator.js'
import type { ValidateOptions, ValidatedParts } from '../../lib/validation/decorator.js'
import { bodyValidation, inputValidation } from '../../lib/validation/validation.js'
import { exchangeOf, take } from '../exchange.js'

/** A route as start-up leaves it. */
export interface Compiled {
  readonly mistakes: readonly string[]
  readonly facts: Readonly<Record<string, unknown>>
  /** Runs the steps, as the pipeline does. */
  readonly run: (exchange: Exchange) => Promise<Exchange>
}

/** Compiles a route whose class bears the declaration. */
export function compiled(parts: ValidatedParts, options: ValidateOptions = {}, params: readonly string[] = []): Compiled {
  class Controller {
    method() {}
  }
  ;(Validate(parts, options) as (target: Class) => void)(Controller)
  return compiledOf(Controller, params)
}

/** Compiles `method` of a class. */
export function compiledOf(controller: Class, params: readonly string[] = []): Compiled {
  const mistakes: string[] = []
  const facts: Record<string, unknown> = {}
  const setup: RouteSetup = {
    policy: policyOf(controller, 'method'),
    name: 'Controller.method',
    method: 'POST',
    path: `/${params.map((name) => `:${name}`).join('/')}`,
    params,
    mistake: (problem, mend) => void mistakes.push(`${problem}: ${mend}`),
    describe: (name, value) => {
      facts[name] = value
    },
  }
  const steps = [inputValidation().compile(setup), bodyValidation({ isForm: readsForms }).compile(setup)]
  const run = async (exchange: Exchange) => {
    for (const step of steps) await take(step, exchange)
    return exchange
  }
  return { mistakes, facts, run }
}

/** The handler's body, or the error that is thrown instead. */
export async function bodyOf(rules: ValidatedParts['body'], rawBody: unknown, options: ValidateOptions = {}): Promise<unknown> {
  const exchange = exchangeOf()
  exchange.rawBody = rawBody
  return compiled({ body: rules! }, options)
    .run(exchange)
    .then(
      ({ body }) => body,
      (error: unknown) => error,
    )
}

/** The handler's query, or the error that is thrown instead. */
export async function queryOf(rules: ValidatedParts['query'], query: string, options: ValidateOptions = {}): Promise<unknown> {
  return compiled({ query: rules! }, options)
    .run(exchangeOf({ target: { query } }))
    .then(
      (exchange) => exchange.query,
      (error: unknown) => error,
    )
}

/** What a client makes of it: what passed, as JSON; the paths and codes of a 422; the status of anything else. */
export function told(outcome: unknown): unknown {
  if (outcome instanceof ApiError) return outcome.errors?.map(({ path, code }) => `${path} ${code}`) ?? outcome.status
  if (outcome instanceof Error) throw outcome
  return outcome === undefined ? undefined : (JSON.parse(JSON.stringify(outcome)) as unknown)
}

/** What a body becomes, as a client is told. */
export async function bodyTold(rules: ValidatedParts['body'], rawBody: unknown, options: ValidateOptions = {}): Promise<unknown> {
  return told(await bodyOf(rules, rawBody, options))
}

/** What a query becomes, as a client is told. */
export async function queryTold(rules: ValidatedParts['query'], query: string, options: ValidateOptions = {}): Promise<unknown> {
  return told(await queryOf(rules, query, options))
}
