import { MalformedRequest } from './errors.js'

const poisonous: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype'])

/** Whether a name means something to JavaScript itself: an object that is merged or copied by it changes all objects. */
export function isPoisonous(name: string): boolean {
  return poisonous.has(name)
}

/** Refuses a poisonous name, whatever the rules say of it. */
export function refusePoison(): never {
  throw new MalformedRequest('The request holds a name that no object may have.', { reason: 'poison-key', event: 'malicious_extraneous' })
}

/** Refuses what is nested deeper than anybody reads. */
export function refuseDepth(): never {
  throw new MalformedRequest('The request is nested too deep.', { reason: 'depth', event: 'malicious_extraneous' })
}

/**
 * Refuses poisonous names and nesting deeper than `depth`, anywhere in a value. Does not recurse: depth must not end the process. Gives
 * the length of the longest list in it.
 */
export function requireClean(value: unknown, depth = Number.POSITIVE_INFINITY): number {
  let longest = 0
  const pending: Array<readonly [unknown, number]> = [[value, 1]]
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const [one, level] = next
    if (typeof one !== 'object' || one === null) continue
    if (level > depth) refuseDepth()
    if (Array.isArray(one)) {
      if (one.length > longest) longest = one.length
      for (const element of one) if (mayHold(element)) pending.push([element, level + 1])
      continue
    }
    for (const name of Object.keys(one)) {
      if (poisonous.has(name)) refusePoison()
      const part = (one as Readonly<Record<string, unknown>>)[name]
      if (mayHold(part)) pending.push([part, level + 1])
    }
  }
  return longest
}

function mayHold(value: unknown): boolean {
  return typeof value === 'object' && value !== null
}
