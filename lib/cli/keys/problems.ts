import { createPublicKey } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { familyOf } from '../../authentication/algorithms.js'
import type { Algorithm, AlgorithmFamily } from '../../authentication/algorithms.js'
import type { Jwk } from '../../authentication/key-material.js'
import { algorithmOf } from '../../authentication/key-set.js'
import { verificationKeys } from '../../authentication/keys.js'
import { keysOfSet } from '../../authentication/own-keys.js'
import { isSignedWith, signClaims } from '../../authentication/signature.js'
import type { Mistake } from '../../errors.js'
import { keyObjectOf } from './given-keys.js'
import { maskOf } from './mask.js'

/** What is wrong with the keys of a set of one's own: why an API would not start with them, and what else makes them worth little. */
export function problemsIn(keys: readonly Jwk[]): readonly Mistake[] {
  const places = placesOf(keys)
  const usable = places.filter(({ refusal }) => refusal === undefined).map(({ index }) => index)
  return [...places.flatMap(({ refusal }) => refusal ?? []), ...mistakesOf(keys, usable), ...ownProblems(keys)]
}

/** What is wrong with the keys of a set that is, or is to be, published: those are passed over that no token is signed with. */
export function publishedProblemsIn(keys: readonly Jwk[]): readonly Mistake[] {
  const usable = placesOf(keys).filter(({ refusal }) => refusal === undefined)
  // Whoever takes such a set names the family of algorithms: its keys need not all be of one.
  const families = new Set(usable.map(({ family }) => family))
  const mistakes = [...families].flatMap((family) => {
    const own = usable.filter((one) => one.family === family).map(({ index }) => index)
    return mistakesOf(keys, own)
  })
  return [...mistakes, ...ownProblems(keys), ...exposedIn(keys)]
}

function exposedIn(keys: readonly Jwk[]): readonly Mistake[] {
  return keys.flatMap((jwk, index) => {
    const what = jwk.kty === 'oct' ? 'a secret' : jwk['d'] === undefined ? undefined : 'a private key'
    if (what === undefined) return []
    const mend = 'publish what keys publish prints; if it was published, take the key for stolen and make a new one'
    return [{ place: `keys[${index}]`, problem: `${what} stands in a set that is to be published`, mend }]
  })
}

interface Place {
  readonly index: number
  readonly family: AlgorithmFamily | undefined
  /** Why it is no key of a token; undefined where it is one, or says that it is for something else. */
  readonly refusal: Mistake | undefined
}

function placesOf(keys: readonly Jwk[]): readonly Place[] {
  return keys.flatMap((jwk, index): readonly Place[] => {
    if (jwk['use'] === 'enc') return []
    const family = familyOf(algorithmOf(jwk))
    try {
      keysOfSet({ keys: [jwk] })
      return [{ index, family, refusal: undefined }]
    } catch (thrown) {
      const [problem = '', mend = ''] = (thrown as Error).message.replace(/^keys\[0\] /, 'it ').split(': ', 2)
      return [{ index, family, refusal: { place: `keys[${index}]`, problem, mend } }]
    }
  })
}

/** In the words of the library, about the keys at these places. */
function mistakesOf(keys: readonly Jwk[], usable: readonly number[]): readonly Mistake[] {
  const own = keys.filter((_, index) => usable.includes(index))
  const mistakes: Mistake[] = []
  const report = (mistake: Mistake) => void mistakes.push({ ...mistake, place: placeIn(mistake.place, usable) })
  if (own.length > 0) verificationKeys(keysOfSet({ keys: own }), 'keys', report)
  return mistakes
}

function ownProblems(keys: readonly Jwk[]): readonly Mistake[] {
  return [...keys.flatMap(halvesApart), ...keys.flatMap(namedByItself)]
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
