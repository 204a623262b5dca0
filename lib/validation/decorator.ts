import type { Class } from '../decorator.js'
import { kind } from '../policy.js'
import type { UnknownProperties } from './copy.js'
import type { Rules } from './part.js'

/** The rules of each part of a request. */
export interface ValidatedParts {
  readonly body?: Rules
  readonly query?: Rules
  readonly params?: Rules
  readonly headers?: Rules
}

/** How a DTO is applied. */
export interface ValidateOptions {
  /** The groups of class-validator whose rules count. @default those without a group */
  readonly groups?: readonly string[]
  /** What happens to properties without rules, at every depth. @default 'refuse' */
  readonly unknown?: UnknownProperties
}

/** What one `@Validate` says. */
export interface ValidateDeclaration {
  readonly parts: ValidatedParts
  readonly options: ValidateOptions
}

export const validateKind = kind<ValidateDeclaration>('Validate')

type Method = (...args: never[]) => unknown

/** What rules make of a part: an instance of the class, or the output of the schema. */
type Checked<R> = R extends { readonly '~standard': { readonly types?: { readonly output: infer Output } | undefined } }
  ? Output
  : R extends abstract new (...args: never) => infer Instance
    ? Instance
    : unknown

/** What a handler expects of a part. */
type Expected<M, Part extends string> = M extends (context: infer C) => unknown
  ? C extends { readonly [Name in Part]: infer Value }
    ? Value
    : unknown
  : unknown

/** What the handler gets of a part that this decorator declares; nothing is known of one that it does not. */
type Given<Parts, Part extends string> = Part extends keyof Parts ? Checked<Parts[Part]> : unknown

/** Nothing where the handler gets what it expects; otherwise a type that no method has, and that names the part. */
type Fits<Parts, M> = {
  readonly [
    Part in 'body' | 'query' | 'params' | 'headers' as [Given<Parts, Part>] extends [Expected<M, Part>]
      ? never
      : // Headers are often declared once, on the class.
        Part extends 'headers'
        ? Part extends keyof Parts
          ? `the handler expects other ${Part}`
          : never
        : `the handler expects another ${Part}`
  ]: Expected<M, Part>
}

/** A decorator for classes, and for methods whose context expects what is validated. */
export interface ValidateDecorator<Parts> {
  (target: Class, context?: ClassDecoratorContext): void
  <M extends Method>(target: object, member: string | symbol, descriptor: TypedPropertyDescriptor<M> & Fits<Parts, M>): void
  <M extends Method>(method: M & Fits<Parts, M>, context: ClassMethodDecoratorContext): void
}

/**
 * Lets through what follows the rules, and nothing else: `@Validate({ body: CreateOrder })`. For each part the nearest
 * declaration wins. Unknown properties are refused at every depth, texts of query, path and headers are converted strictly,
 * and what is wrong is answered with 422 and a JSON Pointer (RFC 6901) to it. The compiler checks that the handler's
 * `Context<{ body: … }>` expects what the rules make.
 */
export function Validate<const Parts extends ValidatedParts>(parts: Parts, options: ValidateOptions = {}): ValidateDecorator<Parts> {
  return validateKind.declare({ parts, options })
}
