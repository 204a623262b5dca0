import type { Exchange } from '../exchange.js'
import type { AuditDeclaration } from './declaration.js'

/** Gives the id of what a request acts on. */
export type IdOf = (exchange: Exchange, status: number) => string | undefined

/** Which thing is acted on: as the route says, by its path, or by the object that was loaded. */
export function resourceId(declared: AuditDeclaration, param: string | undefined, isSecret: (name: string) => boolean): IdOf {
  if (typeof declared.id === 'function') {
    return (exchange, status) => textOf(attempted(() => declared.id?.(exchange, status), 'the id in an audit record', exchange))
  }
  if (param === undefined) return (exchange) => textOf((exchange.provided('resource') as { id?: unknown } | null | undefined)?.id)
  if (isSecret(param)) return () => undefined
  return ({ target }) => (Object.hasOwn(target.params, param) ? target.params[param] : undefined)
}

function textOf(id: unknown): string | undefined {
  return typeof id === 'string' ? id : typeof id === 'number' || typeof id === 'bigint' ? String(id) : undefined
}

/** What a function of the application's gives; a record goes without what it throws. */
export function attempted<T>(make: () => T, what: string, exchange: Exchange): T | undefined {
  try {
    return make()
  } catch (error) {
    // Not before: asking for the log makes a logger.
    exchange.log.warn(`${what} could not be made`, { error })
    return undefined
  }
}
