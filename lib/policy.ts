import { ownDeclarations, recorder } from './decorator.js'
import type { Class, ClassDeclarations, Declaration, DeclarationKind, RouteDecorator } from './decorator.js'

/**
 * One sort of declaration, such as a rate limit. A feature makes its kind once, hands out decorators with
 * `declare(value)`, and reads at start-up what was said with `policy.nearest(kind)` or `policy.all(kind)`.
 */
export interface Kind<T> extends DeclarationKind {
  /** The decorator that says `value` of the method or class it is put on. */
  declare(value: T): RouteDecorator
}

/** A value that a decorator declared, and where. */
export interface Declared<T> {
  readonly value: T
  readonly level: 'class' | 'method'
  /** `OrdersController` or `OrdersController.create`: where to look in the source. */
  readonly place: string
}

/** Everything that decorators say about one method, its class and its parent classes. */
export interface Policy {
  readonly controller: Class
  readonly member: string
  /** `OrdersController.create`, as messages name it. */
  readonly name: string
  /** What was said closest to the method: on itself, on a method it overrides, on its class, on a parent class. */
  nearest<T>(kind: Kind<T>): T | undefined
  /** All that was said, widest first: parent classes, the class, overridden methods, the method. */
  all<T>(kind: Kind<T>): ReadonlyArray<Declared<T>>
  /** The kinds that were declared anywhere for this method, each once. */
  kinds(): readonly DeclarationKind[]
}

/** Makes a kind of declaration for one decorator, or with an `id` for several that say the same sort of thing. */
export function kind<T>(name: string, id = name): Kind<T> {
  const made: Kind<T> = Object.freeze({ id, name, declare: (value: T) => recorder({ kind: made, value }) })
  return made
}

/** Collects what decorators say about `member` of `controller`, walking the parent classes. */
export function policyOf(controller: Class, member: string): Policy {
  const classes = lineage(controller)
  const said: Array<Declared<unknown> & Declaration> = []
  for (const { target, declarations } of classes) {
    said.push(...declarations.self.map((one) => at(one, 'class', target.name)))
  }
  for (const { target, declarations } of classes) {
    const own = declarations.members.get(member) ?? []
    said.push(...own.map((one) => at(one, 'method', `${target.name}.${member}`)))
  }
  const all = <T>(wanted: Kind<T>) => said.filter((one) => one.kind.id === wanted.id) as Array<Declared<T> & Declaration>
  return {
    controller,
    member,
    name: `${controller.name}.${member}`,
    all,
    nearest: (wanted) => nearestOf(all(wanted)),
    kinds: () => [...new Set(said.map((one) => one.kind))],
  }
}

/** What was declared of the class itself, closest first. */
export function classDeclaration<T>(controller: Class, wanted: Kind<T>): T | undefined {
  for (const { declarations } of lineage(controller).toReversed()) {
    const found = declarations.self.find((one) => one.kind.id === wanted.id)
    if (found !== undefined) return found.value as T
  }
  return undefined
}

/** The names of all members that some decorator spoke of, on the class or a parent. */
export function declaredMembers(controller: Class): readonly string[] {
  return [...new Set(lineage(controller).flatMap(({ declarations }) => [...declarations.members.keys()]))]
}

/** What was declared of one member by the class closest to `controller` that speaks of it in this kind. */
export function ownMemberDeclarations<T>(controller: Class, member: string, wanted: Kind<T>): readonly T[] {
  for (const { declarations } of lineage(controller).toReversed()) {
    const found = (declarations.members.get(member) ?? []).filter((one) => one.kind.id === wanted.id)
    if (found.length > 0) return found.map((one) => one.value as T)
  }
  return []
}

/** The classes from the oldest parent to `controller` that bear declarations. */
export function lineage(controller: Class): ReadonlyArray<{ target: Class; declarations: ClassDeclarations }> {
  const classes: Array<{ target: Class; declarations: ClassDeclarations }> = []
  let target: Class | null = controller
  while (typeof target === 'function') {
    const declarations = ownDeclarations(target)
    if (declarations !== undefined) classes.unshift({ target, declarations })
    target = Object.getPrototypeOf(target) as Class | null
  }
  return classes
}

function at(declaration: Declaration, level: 'class' | 'method', place: string) {
  return { ...declaration, level, place }
}

/** The last source place wins; within one place, the decorator written on top. */
function nearestOf<T>(declared: ReadonlyArray<Declared<T>>): T | undefined {
  const last = declared.at(-1)
  if (last === undefined) return undefined
  return declared.find((one) => one.place === last.place && one.level === last.level)?.value
}
