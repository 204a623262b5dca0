import type { Class } from './decorator.js'

/**
 * Lets `instanceof` know the instances of a class that another installed copy of the package made: they bear a brand, a registered
 * symbol. JSON holds no symbols, so nothing that a request brought is taken for one. Subclasses are told apart as ever.
 */
export function brand(owner: Class, name: string): void {
  const mark = Symbol.for(`portcullis.${name}`)
  Object.defineProperty(owner.prototype, mark, { value: true })
  Object.defineProperty(owner, Symbol.hasInstance, {
    value: function isInstance(this: unknown, value: unknown): boolean {
      if (this !== owner) return isDescendant(this, value)
      return typeof value === 'object' && value !== null && (value as Readonly<Record<symbol, unknown>>)[mark] === true
    },
  })
}

function isDescendant(target: unknown, value: unknown): boolean {
  return Function.prototype[Symbol.hasInstance].call(target as () => void, value)
}
