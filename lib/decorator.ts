import 'reflect-metadata'

/** Any class, whatever its constructor takes. */
export type Class<T = object> = abstract new (...args: never) => T

/** A decorator for methods, in the legacy protocol (`experimentalDecorators`) and in the standard one (TC39). */
export interface MethodDecorator {
  // Of a method alone: the descriptor of an accessor has another type.
  <Method extends (...args: never[]) => unknown>(target: object, member: string | symbol, descriptor: TypedPropertyDescriptor<Method>): void
  (method: (this: never, ...args: never[]) => unknown, context: ClassMethodDecoratorContext): void
}

/** A decorator for classes, in both protocols. */
export interface ClassDecorator {
  (target: Class): void
  (target: Class, context: ClassDecoratorContext): void
}

/** A decorator for a method, or for a class as the default of its methods. */
export type RouteDecorator = ClassDecorator & MethodDecorator

/** One sort of declaration. */
export interface DeclarationKind {
  /** What declarations are found by: the same in two installed copies of the package. */
  readonly id: string
  /** The decorator's name, as it stands in messages. */
  readonly name: string
}

/** What one decorator said. `value` is frozen by convention: nothing changes it after the class is defined. */
export interface Declaration {
  readonly kind: DeclarationKind
  readonly value: unknown
}

/** What decorators said about one class: of itself, of its members, and what cannot be right. */
export interface ClassDeclarations {
  readonly self: Declaration[]
  readonly members: Map<string, Declaration[]>
  readonly misplaced: Misplaced[]
}

/** A decorator on something that is no public instance method. */
interface Misplaced {
  readonly kind: string
  readonly member: string
  readonly on: string
}

interface Place {
  readonly declarations: ClassDeclarations
  readonly member: string | undefined
  /** What the decorator stands on, when that is nothing it can work on. */
  readonly wrong: string | undefined
}

// Node 20 has no Symbol.metadata, and compilers read it when a class is defined: it must exist before the first decorated class.
const metadataKey: symbol = ((Symbol as { metadata?: symbol }).metadata ??= Symbol.for('Symbol.metadata'))

// A registered symbol: two installed copies of the package read each other's declarations.
const declarationsKey = Symbol.for('portcullis.declarations')

type Metadata = Record<PropertyKey, unknown>

/** Makes a decorator that does nothing but write `declaration` next to the class and the name of the method. */
export function recorder(declaration: Declaration): RouteDecorator {
  return function record(...args: readonly unknown[]): void {
    const { declarations, member, wrong } = placeOf(args)
    if (wrong !== undefined) {
      declarations.misplaced.push({ kind: declaration.kind.name, member: member ?? '', on: wrong })
    } else if (member === undefined) {
      declarations.self.unshift(declaration)
    } else {
      const said = declarations.members.get(member)
      // Decorators run bottom-up: the list reads as the source does.
      if (said === undefined) declarations.members.set(member, [declaration])
      else said.unshift(declaration)
    }
  } as RouteDecorator
}

type NotOfMethod<Value> = Value extends (...args: never[]) => unknown ? never : TypedPropertyDescriptor<Value>

/** A decorator for fields, accessors and getters of a class whose instances hold data. */
export interface PropertyRecorder {
  <Value>(target: object, member: string | symbol, descriptor?: NotOfMethod<Value>): void
  (value: undefined | object, context: ClassFieldDecoratorContext | ClassGetterDecoratorContext | ClassAccessorDecoratorContext): void
}

/** Makes a decorator that writes `declaration` next to the name of a property. */
export function propertyRecorder(declaration: Declaration): PropertyRecorder {
  return function record(...args: readonly unknown[]): void {
    const { declarations, member = '' } = placeOf(args)
    const said = declarations.members.get(member)
    if (said === undefined) declarations.members.set(member, [declaration])
    else said.unshift(declaration)
  }
}

/** What decorators said about `target` itself, without its parents; undefined where they said nothing. */
export function ownDeclarations(target: Class): ClassDeclarations | undefined {
  const metadata = ownMetadata(target)
  return metadata === undefined || !Object.hasOwn(metadata, declarationsKey) ? undefined : (metadata[declarationsKey] as ClassDeclarations)
}

function placeOf(args: readonly unknown[]): Place {
  return isStandardContext(args[1]) ? standardPlace(args[1]) : legacyPlace(args)
}

function isStandardContext(value: unknown): value is DecoratorContext {
  return typeof value === 'object' && value !== null && 'kind' in value
}

function standardPlace(context: DecoratorContext): Place {
  const declarations = declarationsIn(context.metadata)
  if (context.kind === 'class') return { declarations, member: undefined, wrong: undefined }
  const member = String(context.name)
  if (context.private) return { declarations, member, wrong: 'a private member' }
  if (context.static) return { declarations, member, wrong: 'a static member' }
  if (typeof context.name === 'symbol') return { declarations, member, wrong: 'a member named by a symbol' }
  return { declarations, member, wrong: context.kind === 'method' ? undefined : `a ${context.kind}` }
}

function legacyPlace(args: readonly unknown[]): Place {
  const [target, name, descriptor] = args as [object, PropertyKey | undefined, PropertyDescriptor | undefined]
  if (name === undefined) {
    return { declarations: declarationsIn(legacyMetadata(target as Class)), member: undefined, wrong: undefined }
  }
  const isStatic = typeof target === 'function'
  const owner = (isStatic ? target : target.constructor) as Class
  return {
    declarations: declarationsIn(legacyMetadata(owner)),
    member: String(name),
    wrong: isStatic ? 'a static member' : wrongLegacyMember(name, descriptor),
  }
}

function wrongLegacyMember(name: PropertyKey, descriptor: PropertyDescriptor | undefined): string | undefined {
  if (typeof name === 'symbol') return 'a member named by a symbol'
  if (descriptor === undefined) return 'a field'
  return typeof descriptor.value === 'function' ? undefined : 'an accessor'
}

function declarationsIn(metadata: Metadata | undefined): ClassDeclarations {
  if (metadata === undefined) {
    throw new TypeError(
      'this compiler gives standard decorators no metadata object; compile with TypeScript 5.2 or newer, a current esbuild or SWC, or use experimentalDecorators',
    )
  }
  if (!Object.hasOwn(metadata, declarationsKey)) {
    Object.defineProperty(metadata, declarationsKey, { value: { self: [], members: new Map(), misplaced: [] } })
  }
  return metadata[declarationsKey] as ClassDeclarations
}

function ownMetadata(target: Class): Metadata | undefined {
  return Object.hasOwn(target, metadataKey) ? (target as unknown as Record<symbol, Metadata>)[metadataKey] : undefined
}

/** The object that a standard compiler would have made for this class: its own, on top of its parent's. */
function legacyMetadata(target: Class): Metadata {
  const own = ownMetadata(target)
  if (own !== undefined) return own
  const inherited = (target as unknown as Record<symbol, Metadata | undefined>)[metadataKey] ?? null
  const metadata = Object.create(inherited) as Metadata
  Object.defineProperty(target, metadataKey, { value: metadata, configurable: true, writable: true })
  return metadata
}
