import type { Class } from './decorator.js'

/** A method, whatever it takes. */
export type Handler = (...args: never[]) => unknown

/** What a handler expects of a member of its context. */
export type Expected<Method, Member extends string> = Method extends (context: infer Received) => unknown
  ? Received extends { readonly [Name in Member]: infer Value }
    ? Value
    : unknown
  : unknown

/** What a decorator stands on: the method, in the legacy protocol or the standard one; or a class, which all fit. */
export type Decorated<Target, Context, Descriptor> =
  Descriptor extends TypedPropertyDescriptor<infer Method>
    ? Method
    : Context extends ClassMethodDecoratorContext
      ? Target
      : Target extends Class
        ? Target
        : undefined
