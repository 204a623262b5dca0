import { createPublicKey } from 'node:crypto'
import type { Jwk } from '../../authentication/key-material.js'
import { keysOfSet } from '../../authentication/own-keys.js'
import { CommandError } from '../command.js'
import { visible } from '../visible.js'
import { keyObjectOf, parseKeys } from './given-keys.js'
import { maskOf } from './mask.js'
import { problemsIn } from './problems.js'

/** The keys of a set of one's own. Throws a `CommandError` where an API would not start with them. */
export function soundKeys(bytes: Buffer, place: string, complete: (jwk: Jwk) => Jwk): readonly Jwk[] {
  const keys = parseKeys(bytes, place).keys.map(complete)
  requireSound(keys, place)
  return keys
}

/** Throws a `CommandError` that lists why an API would not start with these keys. */
export function requireSound(keys: readonly Jwk[], place: string): void {
  const mask = maskOf(keys)
  const lines = problemsIn(keys).map(({ place: where, problem, mend }) => `${where}: ${problem} → ${mend}`)
  if (lines.length > 0)
    throw new CommandError(`an API would not start with ${place}:\n${lines.map((line) => `  ${visible(mask(line))}`).join('\n')}`)
}

/** What may be published of a key: members that are named here, and no others. Undefined where it is a secret, or no key. */
export function publicHalf(jwk: Jwk): Jwk | undefined {
  const key = jwk.kty === 'oct' ? undefined : keyObjectOf(jwk)
  if (key === undefined) return undefined
  const { kid, alg, use, iat } = jwk
  const half = (key.type === 'private' ? createPublicKey(key) : key).export({ format: 'jwk' })
  const facts = Object.fromEntries(Object.entries({ kid, alg, use, iat }).filter(([, value]) => value !== undefined))
  return { ...facts, ...half }
}

/** Whether it can sign. */
export function canSign(jwk: Jwk): boolean {
  return jwk.kty === 'oct' || jwk['d'] !== undefined
}

/** A key set (RFC 7517 §5), a line for each member. */
export function setText(keys: readonly Jwk[]): string {
  return JSON.stringify({ keys }, undefined, 2)
}

/** The keys as the library takes them. Throws a `CommandError` where one is no key of a token. */
export function ownKeys(keys: readonly Jwk[]): ReturnType<typeof keysOfSet> {
  try {
    return keysOfSet({ keys })
  } catch (thrown) {
    throw new CommandError((thrown as Error).message)
  }
}
