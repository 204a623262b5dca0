import { Readable } from 'node:stream'
import type { StandardSchemaV1 } from '@standard-schema/spec'
import { Answer } from '../answer.js'
import type { Class } from '../decorator.js'
import { InternalError } from '../errors.js'
import type { Exchange } from '../exchange.js'
import { indexOf } from '../header-block.js'
import { kind } from '../policy.js'
import type { Protection, RouteSetup, Step } from '../protection.js'
import type { Decorated, Handler } from '../typed-decorator.js'
import { schemaOfView } from './json-schema.js'
import { isSchema, Unshaped } from './view.js'
import type { View } from './view.js'
import { Misfit, writerOf } from './writer.js'
import type { Sight, Write } from './writer.js'

export { Expose, unshaped, Visible } from './view.js'
export type { Unshaped, ValueType, View, ViewOf } from './view.js'

const returnsKind = kind<{ readonly view: View }>('Returns')

/** What a handler may return for a view: something that has at least what leaves. */
type Viewed<V> = V extends StringConstructor
  ? string
  : V extends NumberConstructor
    ? number
    : V extends BooleanConstructor
      ? boolean
      : V extends BigIntConstructor
        ? bigint
        : V extends DateConstructor
          ? Date | string
          : V extends { readonly '~standard': { readonly types?: { readonly input: infer Input } | undefined } }
            ? Input
            : V extends Class<infer Instance>
              ? Instance
              : V extends readonly [infer Inner]
                ? ReadonlyArray<Viewed<Inner>>
                : { readonly [Name in keyof V]: Viewed<V[Name]> }

type Returned<Method> = Method extends (...args: never[]) => infer Result ? Exclude<Awaited<Result>, Answer | undefined | void> : never

/** Nothing where all is well; otherwise a sentence, which the compiler prints because no target is one. */
type Complaint<V, Method> = Method extends Class
  ? unknown
  : Method extends Handler
    ? [Returned<Method>] extends [Viewed<V>]
      ? unknown
      : 'The handler returns something else than this @Returns lets out.'
    : 'This is no method and no class.'

/** A decorator for methods whose answer fits the view, and for classes. */
export type ReturnsDecorator<V> = <Target, Context = undefined, Descriptor = undefined>(
  target: Target & Complaint<V, Decorated<Target, Context, Descriptor>>,
  context?: Context,
  descriptor?: Descriptor,
) => void

/**
 * Says what leaves: `@Returns(OrderView)`, `@Returns([OrderView])`, `@Returns({ data: [OrderView], total: Number })`, or a Standard
 * Schema. Whatever the handler returns, properties that the view does not name stay here, at every depth; those that are `@Visible`
 * to others stay too. An answer that does not fit its view is a 500 that says nothing, and a line in the log that says where.
 * Nearest wins. Answers of `created` and `reply` are shaped like all others; one without a body has nothing to shape.
 */
export function Returns<const V extends View>(view: V): ReturnsDecorator<V> {
  return returnsKind.declare({ view }) as ReturnsDecorator<V>
}

/** What shaping needs of the rest of the API. */
export interface ReturnsOptions {
  /** All permissions that exist; undefined where nobody listed them. */
  readonly permissions: { readonly names: ReadonlySet<string> } | undefined
  /** Whether every route must say what it returns. */
  readonly required: boolean
}

/** Shapes answers: what the route's view does not name does not leave. */
export function returning({ permissions, required }: ReturnsOptions): Protection {
  return {
    name: 'returns',
    phase: 'answer',
    compile(route) {
      const declared = route.policy.nearest(returnsKind)
      if (declared === undefined) {
        if (required) route.mistake('nothing says what it returns', 'add @Returns(View)')
        return undefined
      }
      const { view } = declared
      route.describe('returns', nameOf(view))
      if (isSchema(view)) return schemaStep(route, view)
      if (view instanceof Unshaped) return unshapedStep(route, view)
      const guards: Array<readonly string[]> = []
      const write = writerOf(view, { guards, mistake: route.mistake, written: new Map() })
      for (const name of guards.flat().filter((one) => permissions?.names.has(one) === false)) {
        route.mistake(`@Visible names the permission ${JSON.stringify(name)}, which does not exist`, 'add it to definePermissions({ … })')
      }
      return viewStep(route, write, guards)
    },
    document({ policy }, operation) {
      const declared = policy.nearest(returnsKind)
      const view = declared?.view
      if (view instanceof Unshaped) operation.answer({ type: 'string' }, view.mediaType)
      else if (view !== undefined) operation.answer(schemaOfView(view, operation.schemas))
      operation.refusal({ status: 500, code: 'internal-error' })
    },
  }
}

function viewStep(route: RouteSetup, write: Write, guards: ReadonlyArray<readonly string[]>): Step {
  return function shapeAnswer(exchange) {
    const answer = ofValues(route, answerOf(exchange))
    if (answer.body === undefined) return
    const { permissions } = exchange.principal
    const sight = guards.map((names) => names.every((name) => permissions.has(name)))
    exchange.result = json(exchange, answer, written(route, write, answer.body, sight))
  }
}

function written(route: RouteSetup, write: Write, body: unknown, sight: Sight): string {
  try {
    return write(body, sight, undefined)
  } catch (cause) {
    throw misfitOf(route, whereabouts(write, body, sight), cause)
  }
}

/** Written again, slowly, to tell the log where. */
function whereabouts(write: Write, body: unknown, sight: Sight): string {
  try {
    write(body, sight, [])
    return 'it is not the same each time it is read'
  } catch (thrown) {
    return thrown instanceof Misfit ? thrown.message : 'it cannot be read'
  }
}

function schemaStep(route: RouteSetup, schema: StandardSchemaV1): Step {
  function accept(exchange: Exchange, answer: Answer, result: StandardSchemaV1.Result<unknown>): Answer {
    if (result.issues === undefined && result.value !== undefined) return json(exchange, answer, JSON.stringify(result.value))
    const [first] = result.issues ?? []
    const path = (first?.path ?? []).map((step) => String(typeof step === 'object' ? step.key : step))
    throw misfitOf(route, `/${path.join('/')} is not what the schema says`)
  }

  return function shapeAnswer(exchange) {
    const answer = ofValues(route, answerOf(exchange))
    if (answer.body === undefined) return undefined
    const result = schema['~standard'].validate(answer.body)
    if (!('then' in result)) {
      exchange.result = accept(exchange, answer, result)
      return undefined
    }
    return acceptLater(exchange, result, (later) => accept(exchange, answer, later))
  }
}

async function acceptLater(
  exchange: Exchange,
  result: Promise<StandardSchemaV1.Result<unknown>>,
  accept: (result: StandardSchemaV1.Result<unknown>) => Answer,
): Promise<void> {
  exchange.result = accept(await result)
}

/** A value must not leave by calling itself a document. */
function unshapedStep(route: RouteSetup, { mediaType }: Unshaped): Step {
  return function checkAnswer(exchange) {
    const { body, headers } = answerOf(exchange)
    if (body === undefined) return
    if (typeof body !== 'string' && !(body instanceof Uint8Array) && !(body instanceof Readable)) {
      throw misfitOf(route, `/ is no ${mediaType}, but a value`)
    }
    const at = indexOf(headers, 'content-type')
    const type = headers[at + 1]?.split(';', 1)[0]?.trim().toLowerCase()
    if (at < 0 || type !== mediaType) throw misfitOf(route, `/ is not called ${mediaType}`)
  }
}

function answerOf({ result }: Exchange): Answer {
  return result instanceof Answer ? result : new Answer(200, result, [])
}

/** The answer, unless it is a stream or bytes: no view says what may leave of those. */
function ofValues(route: RouteSetup, answer: Answer): Answer {
  if (!(answer.body instanceof Readable || answer.body instanceof Uint8Array)) return answer
  throw misfitOf(route, '/ is bytes, and no value: write @Returns(unshaped(type))')
}

/** `text` in the place of the body; a JSON type that the handler named stays. */
function json({ namedHeaders }: Exchange, { status, headers }: Answer, text: string): Answer {
  const isNamed = indexOf(headers, 'content-type') >= 0 || indexOf(namedHeaders, 'content-type') >= 0
  return new Answer(status, text, isNamed ? headers : [...headers, 'Content-Type', 'application/json'])
}

function misfitOf({ name }: RouteSetup, where: string, cause?: unknown): InternalError {
  const told = new TypeError(`the answer of ${name} does not fit its view: ${where}`, cause instanceof Misfit ? undefined : { cause })
  return new InternalError(told, { reason: 'answer-misfit' })
}

/** `[OrderView]`, `{ data, total }`: stands in the inventory. */
function nameOf(view: View): string {
  if (isSchema(view)) return `${view['~standard'].vendor} schema`
  if (view instanceof Unshaped) return view.mediaType
  if (typeof view === 'function') return view.name
  return Array.isArray(view) ? `[${nameOf(view[0] as View)}]` : `{ ${Object.keys(view).join(', ')} }`
}
