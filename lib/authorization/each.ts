import { Answer } from '../answer.js'
import type { Class } from '../decorator.js'
import type { Exchange } from '../exchange.js'
import { kind } from '../policy.js'
import type { Protection } from '../protection.js'
import type { Decorated, Handler } from '../typed-decorator.js'
import { decisionOf } from './access-policy.js'
import type { Rule } from './access-policy.js'

/** Where the list stands in what a handler returns. */
export interface AuthorizeEachOptions {
  /** The member that holds the list, where an answer is more than a list: `data` of `{ data, total }`. @default the answer itself */
  readonly in?: string
}

interface EachDeclaration {
  readonly rule: Rule<unknown>
  readonly member: string | undefined
}

const eachKind = kind<EachDeclaration>('AuthorizeEach')

/** What a method returns besides whole answers. */
type Returned<Method> = Method extends (...args: never[]) => infer Result ? Exclude<Awaited<Result>, Answer | undefined> : never

/** The list in a value: the value itself, or its member. */
type ListIn<Value, Name extends string | undefined> = Name extends string
  ? Value extends { readonly [Key in Name]: infer Member }
    ? Member
    : never
  : Value

type ElementOf<List> = [List] extends [never] ? never : List extends ReadonlyArray<infer Element> ? Element : unknown

/** Nothing where all is well; otherwise a sentence, which the compiler prints because no target is one. */
type Complaint<Resource, Method, Name extends string | undefined> = Method extends Class
  ? unknown
  : Method extends Handler
    ? [ElementOf<ListIn<Returned<Method>, Name>>] extends [Resource]
      ? unknown
      : 'The handler returns a list of something else than this @AuthorizeEach decides about.'
    : 'This is no method and no class.'

/** A decorator for methods that return lists of what the rule decides about, and for classes. */
export type AuthorizeEachDecorator<Resource, Name extends string | undefined> = <Target, Context = undefined, Descriptor = undefined>(
  target: Target & Complaint<Resource, Decorated<Target, Context, Descriptor>, Name>,
  context?: Context,
  descriptor?: Descriptor,
) => void

/**
 * Lets of a list only those elements out that the rule allows: `@AuthorizeEach(isOwner, { in: 'data' })`. It is the last gate, for what
 * a query let through; the query is still where to filter, since counts and pages are made there. Several must all allow. An answer
 * that holds no list in its place is a 500.
 */
export function AuthorizeEach<Resource, const Name extends string | undefined = undefined>(
  rule: Rule<Resource>,
  options: AuthorizeEachOptions & { readonly in?: Name } = {},
): AuthorizeEachDecorator<Resource, Name> {
  return eachKind.declare({ rule: rule as Rule<unknown>, member: options.in }) as AuthorizeEachDecorator<Resource, Name>
}

/** Decides about each element of lists that leave. */
export function elementAccess(): Protection {
  return {
    name: 'element-access',
    phase: 'answer',
    compile(route) {
      const declared = route.policy.all(eachKind).map(({ value }) => value)
      if (declared.length === 0) return undefined
      route.describe('elements', true)
      return async function requireElementAccess(exchange) {
        for (const one of declared) await filter(route.name, one, exchange)
      }
    },
  }
}

async function filter(routeName: string, { rule, member }: EachDeclaration, exchange: Exchange): Promise<void> {
  const { result } = exchange
  const body = result instanceof Answer ? result.body : result
  if (body === undefined) return
  const list = member === undefined ? body : (body as Readonly<Record<string, unknown>> | null)?.[member]
  if (!Array.isArray(list))
    throw new TypeError(
      `${routeName} returned no list${member === undefined ? '' : ` in ${member}`}, and @AuthorizeEach decides about lists`,
    )
  const kept: unknown[] = []
  for (const element of list as readonly unknown[]) {
    const { isAllowed } = await decisionOf(rule, exchange.principal, element, exchange)
    if (isAllowed) kept.push(element)
  }
  const dropped = list.length - kept.length
  if (dropped === 0) return
  exchange.event ??= 'authz_fail'
  exchange.decisions.push(`dropped ${dropped} of ${list.length}${'policyName' in rule ? ` by ${String(rule.policyName)}` : ''}`)
  const shaped = member === undefined ? kept : { ...(body as object), [member]: kept }
  exchange.result = result instanceof Answer ? new Answer(result.status, shaped, result.headers) : shaped
}
