import { createPublicKey } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import type { Mistake } from '../errors.js'
import { algorithms, familyOf, isEdwards } from './algorithms.js'
import type { Algorithm } from './algorithms.js'
import { isGuessable, privateKeyOf, publicKeyOf, secretKey } from './key-material.js'
import type { AsymmetricKey, Complaint } from './key-material.js'

/** One key, for one algorithm. */
export interface KeyOptions {
  /** The key's name, as tokens bear it in `kid`. Needed where a verifier has several keys. */
  readonly kid?: string
  readonly algorithm: Algorithm
  /** For HS256, HS384 and HS512: as many random bits as the name says, or more. A text counts in bytes of UTF-8. */
  readonly secret?: string | Uint8Array | KeyObject | undefined
  /**
   * Takes a secret that is long enough and can be guessed, such as words: for load tests with a key of their own. Whoever
   * guesses it signs tokens for everybody. @default false
   */
  readonly dangerouslyAcceptGuessableSecret?: boolean
  /** For all others: what verifies. RSA from 2048 bits. @default the public half of `privateKey` */
  readonly publicKey?: AsymmetricKey
  /** For all others: what signs. Only an issuer needs it. */
  readonly privateKey?: AsymmetricKey
}

/** A key that is fit for its algorithm. */
export interface PreparedKey {
  readonly kid: string | undefined
  readonly algorithm: Algorithm
  readonly key: KeyObject
}

export interface VerificationKey extends PreparedKey {
  /** How many characters a signature by this key has. */
  readonly signatureLength: number
}

/** The keys of one verifier, those left out that are not fit. */
export function verificationKeys(
  given: readonly KeyOptions[],
  place: string,
  report: (mistake: Mistake) => void,
): readonly VerificationKey[] {
  if (!Array.isArray(given) || given.length === 0) {
    report({ place, problem: 'there is no key to verify tokens with', mend: "write keys: [{ algorithm: 'HS256', secret }]" })
    return []
  }
  const keys = (given as readonly KeyOptions[]).flatMap((options, index) => {
    const complain: Complaint = (problem, mend) => report({ place: `${place}[${index}]`, problem, mend })
    if (typeof options !== 'object' || options === null) {
      complain('the key is no object', "write { algorithm: 'HS256', secret }")
      return []
    }
    checkName(options, given, index, complain)
    const key = keyFor(options, 'verify', complain)
    return key === undefined
      ? []
      : [{ kid: options.kid, algorithm: options.algorithm, key, signatureLength: signatureLength(options.algorithm, key) }]
  })
  checkTogether(keys, place, report)
  return keys
}

/** The key of an issuer; undefined where it is not fit. */
export function signingKey(given: KeyOptions, place: string, report: (mistake: Mistake) => void): PreparedKey | undefined {
  const complain: Complaint = (problem, mend) => report({ place, problem, mend })
  checkName(given, [given], 0, complain)
  const key = keyFor(given, 'sign', complain)
  return key === undefined ? undefined : { kid: given.kid, algorithm: given.algorithm, key }
}

/** The places of secrets that can be guessed, where it was said to take them. */
export function guessableKeys(given: readonly KeyOptions[], place: string): readonly string[] {
  const keys: ReadonlyArray<KeyOptions | null> = Array.isArray(given) ? given : []
  const isTaken = (key: KeyOptions | null) => key?.dangerouslyAcceptGuessableSecret === true && isGuessable(key.secret)
  return keys.flatMap((key, index) => (isTaken(key) ? [`${place}[${index}]`] : []))
}

function checkName({ kid }: KeyOptions, all: readonly KeyOptions[], index: number, complain: Complaint): void {
  if (kid === undefined) {
    if (all.length > 1)
      complain('the key has no kid, and there are several keys', "name each key, such as kid: '2025-11', and sign with that name")
  } else if (typeof kid !== 'string' || kid === '') {
    complain('kid is no name', "write a text, such as kid: '2025-11'")
  } else if (all.findIndex((one: KeyOptions | undefined) => one?.kid === kid) < index) {
    complain(`two keys have the kid ${JSON.stringify(kid)}`, 'give each key a name of its own')
  }
}

function keyFor(options: KeyOptions, use: 'sign' | 'verify', complain: Complaint): KeyObject | undefined {
  const { algorithm, secret, publicKey, privateKey } = options
  if (!algorithms.includes(algorithm)) {
    complain(`${JSON.stringify(algorithm)} is no algorithm for tokens`, `write one of ${algorithms.join(', ')}`)
    return undefined
  }
  if (!algorithm.startsWith('HS')) {
    if (secret === undefined) return use === 'sign' ? privateKeyFor(options, complain) : publicKeyFor(options, complain)
    complain(`${algorithm} has no secret`, 'give publicKey, and privateKey where tokens are issued')
    return undefined
  }
  // A verifier that takes an HMAC by a key that it also calls public takes anybody's token.
  if (publicKey !== undefined || privateKey !== undefined) {
    const mend = 'give secret alone: whoever reads a public key, or a key set, could sign with it'
    complain(`${algorithm} has neither publicKey nor privateKey`, mend)
    return undefined
  }
  if (secret !== undefined) return secretKey(secret, options, complain)
  complain(`${algorithm} needs a secret`, 'give secret: random bytes from the environment or a vault')
  return undefined
}

function privateKeyFor({ algorithm, privateKey, publicKey }: KeyOptions, complain: Complaint): KeyObject | undefined {
  if (privateKey === undefined) {
    complain('there is no private key to sign with', 'give privateKey as PEM, JWK or KeyObject')
    return undefined
  }
  const key = privateKeyOf(privateKey, algorithm, complain)
  if (publicKey !== undefined && key !== undefined) checkPair(key, publicKeyOf(publicKey, algorithm, complain), complain)
  return key
}

function publicKeyFor({ algorithm, privateKey, publicKey }: KeyOptions, complain: Complaint): KeyObject | undefined {
  const own = publicKey === undefined ? undefined : publicKeyOf(publicKey, algorithm, complain)
  if (privateKey === undefined) {
    if (publicKey === undefined) complain('there is no public key to verify with', 'give publicKey as PEM, JWK or KeyObject')
    return own
  }
  const signing = privateKeyOf(privateKey, algorithm, complain)
  if (signing === undefined) return undefined
  if (publicKey === undefined) return createPublicKey(signing)
  checkPair(signing, own, complain)
  return own
}

function checkPair(signing: KeyObject, verifying: KeyObject | undefined, complain: Complaint): void {
  if (verifying === undefined || createPublicKey(signing).equals(verifying)) return
  complain('publicKey is not the public half of privateKey', 'give the two halves of one key, or privateKey alone')
}

function checkTogether(keys: readonly VerificationKey[], place: string, report: (mistake: Mistake) => void): void {
  checkFamily(
    keys.map(({ algorithm }) => algorithm),
    place,
    report,
  )
  keys.forEach((key, index) => {
    const twin = keys.findIndex((one) => one.key.type === key.key.type && one.key.equals(key.key))
    if (twin >= index || keys[twin]?.algorithm === key.algorithm) return
    report({ place, problem: `one key is used with ${keys[twin]?.algorithm} and ${key.algorithm}`, mend: 'make a key for each algorithm' })
  })
}

/** Reports algorithms of more than one family for one issuer: its tokens could choose how they are verified (RFC 8725 §3.1). */
export function checkFamily(used: readonly Algorithm[], place: string, report: (mistake: Mistake) => void): void {
  const families = [...new Set(used.map(familyOf))]
  if (families.length < 2) return
  const named = families.map((family) => used.find((one) => familyOf(one) === family)).join(' and ')
  report({ place, problem: `one issuer has keys of two families: ${named}`, mend: 'give each issuer keys of one family' })
}

/** How many characters a signature with this key has. */
export function signatureLength(algorithm: Algorithm, key: KeyObject): number {
  if (isEdwards(algorithm)) return toCharacters(64)
  const bits = Number(algorithm.slice(2))
  if (algorithm.startsWith('HS')) return toCharacters(bits / 8)
  if (algorithm.startsWith('ES')) return toCharacters(2 * Math.ceil((bits === 512 ? 521 : bits) / 8))
  return toCharacters(Math.ceil((key.asymmetricKeyDetails?.modulusLength ?? 0) / 8))
}

function toCharacters(bytes: number): number {
  return Math.ceil((bytes * 4) / 3)
}
