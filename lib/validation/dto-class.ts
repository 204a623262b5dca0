import type { Class } from '../decorator.js'
import type { Source } from './source.js'

/** A getter without a setter takes no value. */
export function isComputed(target: Class, name: string): boolean {
  const accessor = accessorOf(target, name)
  return accessor !== undefined && accessor.set === undefined
}

/** The getter and setter of a property, where it has any. */
export function accessorOf(target: Class, name: string): PropertyDescriptor | undefined {
  for (let at: unknown = target.prototype; at !== Object.prototype && at !== null; at = Object.getPrototypeOf(at)) {
    const found = Object.getOwnPropertyDescriptor(at, name)
    if (found !== undefined) return found.get === undefined && found.set === undefined ? undefined : found
  }
  return undefined
}

/** How instances are made, and one of them. */
interface Made {
  readonly Target: new () => object
  readonly sample: Source
}

/** Finds out whether instances can be made of nothing, as they must. */
export function constructorOf(target: Class, report: (problem: string, mend: string) => void): Made {
  const Target = target as unknown as new () => object
  const sample = attempt(() => Reflect.construct(Target, []))
  if (!(sample instanceof Error)) return { Target, sample: sample as Source }
  report(`${target.name} cannot be made without arguments: ${sample.message}`, 'let a DTO class have no constructor')
  return { Target, sample: {} }
}

/** What a function gives, or the error that it throws. */
export function attempt(make: () => unknown): unknown {
  try {
    return make()
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error))
  }
}
