import type { Class } from '../decorator.js'
import { kind } from '../policy.js'
import type { Decorated, Expected, Handler } from '../typed-decorator.js'
import type { UnknownProperties } from './source.js'
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
  /** The groups of class-validator whose rules count. @default all rules, as class-validator has it */
  readonly groups?: readonly string[]
  /** What happens to properties without rules, at every depth. @default 'refuse' */
  readonly unknown?: UnknownProperties
  /** The longest list that a property may hold, at every depth, where no rule says less. @default 10,000 */
  readonly maxItems?: number
}

/** What one `@Validate` says. */
export interface ValidateDeclaration {
  readonly parts: ValidatedParts
  readonly options: ValidateOptions
}

export const validateKind = kind<ValidateDeclaration>('Validate')

type PartName = keyof ValidatedParts

/** What rules make of a part: the output of the schema, or an instance of the class. */
type Checked<R> = R extends { readonly '~standard': { readonly types?: { readonly output: infer Output } | undefined } }
  ? Output
  : R extends Class<infer Instance>
    ? Instance
    : unknown

/** What the handler gets of a part; nothing is known of one that this decorator does not declare. */
type Given<Parts, Part extends PartName> = Part extends keyof Parts ? Checked<Parts[Part]> : unknown

/** The parts of which the handler expects something else than it gets. */
type Misfit<Parts, Method> = {
  [Part in PartName]: [Given<Parts, Part>] extends [Expected<Method, Part>] ? never : Part
}[PartName]

type Sentence<Parts, Part extends PartName> = Part extends keyof Parts
  ? `The handler expects another ${Part} than this @Validate gives it.`
  : `The handler reads ${Part}, which this @Validate does not declare.`

/** Nothing where all is well; otherwise a sentence, which the compiler prints because no target is one. */
type Complaint<Parts, Method> = Method extends Class
  ? unknown
  : Method extends Handler
    ? [Misfit<Parts, Method>] extends [never]
      ? unknown
      : Sentence<Parts, Misfit<Parts, Method>>
    : 'This is no method and no class.'

/**
 * A decorator for classes, and for methods whose context expects what is validated. It has one signature for both
 * protocols: of several, the compiler would explain the last alone.
 */
export type ValidateDecorator<Parts> = <Target, Context = undefined, Descriptor = undefined>(
  target: Target & Complaint<Parts, Decorated<Target, Context, Descriptor>>,
  context?: Context,
  descriptor?: Descriptor,
) => void

/**
 * Lets through what follows the rules, and nothing else: `@Validate({ body: CreateOrder })`. For each part the nearest
 * declaration wins. Unknown properties are refused at every depth, texts of query, path, headers and forms are converted strictly,
 * and what is wrong is answered with 422 and a JSON Pointer (RFC 6901) to it. A Standard Schema decides by itself about
 * unknown properties and conversions.
 *
 * On a method, the compiler checks that the handler's `Context<{ body: … }>` expects what the rules make; a part that the
 * handler reads must be declared here, even where the class declares it for all its methods.
 */
export function Validate<const Parts extends ValidatedParts>(parts: Parts, options: ValidateOptions = {}): ValidateDecorator<Parts> {
  return validateKind.declare({ parts, options }) as ValidateDecorator<Parts>
}
