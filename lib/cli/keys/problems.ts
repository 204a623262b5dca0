import { createPublicKey } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import type { Algorithm } from '../../authentication/algorithms.js'
import type { Jwk } from '../../authentication/key-material.js'
import { algorithmOf } from '../../authentication/key-set.js'
import { verificationKeys } from '../../authentication/keys.js'
import { keysOfSet } from '../../authentication/own-keys.js'
import { isSignedWith, signClaims } from '../../authentication/signature.js'
import type { Mistake } from '../../errors.js'
import { keyObjectOf } from './given-keys.js'
import { maskOf } from './mask.js'

/** What is wrong with the keys of a set: why an API would not start with them, and what else makes them worth little. */
export function problemsIn(keys: readonly Jwk[]): readonly Mistake[] {
  return [...mistakesIn(keys), ...keys.flatMap(halvesApart), ...keys.flatMap(namedByItself)]
}

/** Why a set can not be published as it is. */
export function exposedIn(keys: readonly Jwk[]): readonly Mistake[] {
  return keys.flatMap((jwk, index) => {
    const what = jwk.kty === 'oct' ? 'a secret' : jwk['d'] === undefined ? undefined : 'a private key'
    if (what === undefined) return []
    const mend = 'publish what keys publish prints; if it was published, take the key for stolen and make a new one'
    return [{ place: `keys[${index}]`, problem: `${what} stands in a set that is to be published`, mend }]
  })
}

/** In the words of the library; keys that no token is signed with are told, and not judged. */
function mistakesIn(keys: readonly Jwk[]): readonly Mistake[] {
  const mistakes: Mistake[] = []
  const usable: number[] = []
  keys.forEach((jwk, index) => {
    if (jwk['use'] === 'enc') return
    try {
      keysOfSet({ keys: [jwk] })
      usable.push(index)
    } catch (thrown) {
      const [problem = '', mend = ''] = (thrown as Error).message.replace(/^keys\[0\] /, 'it ').split(/: (.*)/s)
      mistakes.push({ place: `keys[${index}]`, problem, mend })
    }
  })
  if (usable.length === 0) return mistakes
  const options = keysOfSet({ keys: keys.filter((_, index) => usable.includes(index)) })
  verificationKeys(options, 'keys', (mistake) => void mistakes.push({ ...mistake, place: placeIn(mistake.place, usable) }))
  return mistakes
}

/** Where a key stands in the whole set. */
function placeIn(place: string, usable: readonly number[]): string {
  return place.replace(/\d+/, (index) => String(usable[Number(index)]))
}

/** A private key whose public members are of another one: nobody could verify what it signs. */
function halvesApart(jwk: Jwk, index: number): readonly Mistake[] {
  const algorithm = algorithmOf(jwk)
  const key = jwk['d'] === undefined || jwk.kty === 'oct' ? undefined : keyObjectOf(jwk)
  if (key === undefined || algorithm === undefined || isSlow(key) || isPair(jwk, key, algorithm)) return []
  return [{ place: `keys[${index}]`, problem: 'what it signs, its own public half does not verify', mend: 'make a new key: keys generate' }]
}

/** To sign with a modulus of 16,384 bits takes a second, and it grows by the third power. */
function isSlow({ asymmetricKeyDetails }: KeyObject): boolean {
  return (asymmetricKeyDetails?.modulusLength ?? 0) > 8_192
}

function isPair(jwk: Jwk, key: KeyObject, algorithm: Algorithm): boolean {
  const { kty, crv, x, y, n, e } = jwk
  try {
    const half = createPublicKey({ key: { kty, crv, x, y, n, e } as Jwk, format: 'jwk' })
    return isSignedWith({ key: half, algorithm }, signClaims({ key, algorithm }, {}, {}))
  } catch {
    // A key that does not fit its algorithm, which is said elsewhere.
    return true
  }
}

function namedByItself(jwk: Jwk, index: number): readonly Mistake[] {
  const { kid } = jwk
  if (typeof kid !== 'string' || maskOf([jwk])(kid) === kid) return []
  const mend = 'take the key for stolen, and make a new one: keys generate'
  return [{ place: `keys[${index}]`, problem: 'its kid holds the key itself, and every token shows the kid', mend }]
}
