import { MalformedRequest } from '../errors.js'

const poisonous: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype'])

/** Whether a name means something to JavaScript itself: an object that is merged or copied by it changes all objects. */
export function isPoisonous(name: string): boolean {
  return poisonous.has(name)
}

/** Refuses a poisonous name, whatever the rules say of it. */
export function refusePoison(): never {
  throw new MalformedRequest('The request holds a name that no object may have.', { reason: 'poison-key', event: 'malicious_extraneous' })
}

/** Refuses poisonous names anywhere in a value that is let through as it is. Does not recurse: depth must not end the process. */
export function requireClean(value: unknown): void {
  const pending: unknown[] = [value]
  while (pending.length > 0) {
    const one = pending.pop()
    if (typeof one !== 'object' || one === null) continue
    for (const name of Object.keys(one)) {
      if (poisonous.has(name)) refusePoison()
      pending.push((one as Readonly<Record<string, unknown>>)[name])
    }
  }
}
