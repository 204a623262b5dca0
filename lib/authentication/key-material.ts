import { KeyObject, createPrivateKey, createPublicKey, createSecretKey } from 'node:crypto'
import { isEdwards, isSameAlgorithm } from './algorithms.js'
import type { Algorithm } from './algorithms.js'
import type { KeyOptions } from './keys.js'
import { isRocaKey } from './roca.js'
import { weaknessOf } from '../weak-secret.js'

/** Tells what is wrong with a key, and how to mend it. */
export type Complaint = (problem: string, mend: string) => void

/** A JSON Web Key (RFC 7517), as it stands in a key set. */
export interface Jwk {
  readonly kty?: string
  readonly [member: string]: unknown
}

/** A key as PEM text, as a JWK, or as Node holds it. */
export type AsymmetricKey = string | KeyObject | Jwk

const hashBits: Readonly<Record<string, number>> = Object.freeze({ '256': 256, '384': 384, '512': 512 })

const curves: ReadonlyMap<string, string> = new Map([
  ['ES256', 'prime256v1'],
  ['ES384', 'secp384r1'],
  ['ES512', 'secp521r1'],
])

const smallestModulus = 2048

/** The key of an HMAC; undefined where it is not fit for `algorithm` (RFC 7518 §3.2). */
export function secretKey(
  secret: string | Uint8Array | KeyObject,
  { algorithm, dangerouslyAcceptGuessableSecret = false }: Pick<KeyOptions, 'algorithm' | 'dangerouslyAcceptGuessableSecret'>,
  complain: Complaint,
): KeyObject | undefined {
  const bytes = bytesOf(secret)
  if (bytes === undefined) {
    complain(
      'the secret is neither a text, nor bytes, nor a secret KeyObject',
      'give secret: randomBytes(32), stored as you store passwords',
    )
    return undefined
  }
  const wanted = hashBits[algorithm.slice(2)] ?? 0
  const weakness = weaknessOf(bytes, dangerouslyAcceptGuessableSecret)
  const mend = `give ${wanted / 8} random bytes, such as: node -p "require('crypto').randomBytes(${wanted / 8}).toString('base64url')"`
  if (bytes.length * 8 < wanted) complain(`the secret has ${bytes.length * 8} bits, and ${algorithm} needs ${wanted}`, mend)
  if (weakness !== undefined && bytes.length > 0) complain(`the secret ${weakness}`, mend)
  return bytes.length * 8 < wanted || weakness !== undefined ? undefined : createSecretKey(bytes)
}

/** Whether a secret is one that can be guessed, whatever was said about it. */
export function isGuessable(secret: unknown): boolean {
  const bytes = bytesOf(secret)
  return bytes !== undefined && weaknessOf(bytes) !== undefined
}

/** The private key; undefined where it cannot be read or is not fit for `algorithm`. */
export function privateKeyOf(given: AsymmetricKey, algorithm: Algorithm, complain: Complaint): KeyObject | undefined {
  const key = read(() => (isJwk(given) ? createPrivateKey({ key: given, format: 'jwk' }) : toKeyObject(given, createPrivateKey)))
  if (key?.type !== 'private') {
    complain('privateKey cannot be read as a private key', 'give an unencrypted PEM text, a JWK object or a private KeyObject')
    return undefined
  }
  return isFit(key, algorithm, complain) && suitsJwk(given, algorithm, 'sign', complain) ? key : undefined
}

/** The public key; undefined where it cannot be read or is not fit for `algorithm`. */
export function publicKeyOf(given: AsymmetricKey, algorithm: Algorithm, complain: Complaint): KeyObject | undefined {
  if (isPrivate(given)) {
    complain('publicKey holds a private key', 'give verifiers the public half alone, or call it privateKey if this API signs too')
    return undefined
  }
  const key = read(() => (isJwk(given) ? createPublicKey({ key: given, format: 'jwk' }) : toKeyObject(given, createPublicKey)))
  if (key?.type !== 'public') {
    complain('publicKey cannot be read as a public key', 'give a PEM text, a JWK object or a public KeyObject')
    return undefined
  }
  return isFit(key, algorithm, complain) && suitsJwk(given, algorithm, 'verify', complain) ? key : undefined
}

function bytesOf(secret: unknown): Uint8Array | undefined {
  if (typeof secret === 'string') return Buffer.from(secret, 'utf8')
  if (secret instanceof KeyObject) return secret.type === 'secret' ? secret.export() : undefined
  return secret instanceof Uint8Array ? secret : undefined
}

function read(make: () => KeyObject): KeyObject | undefined {
  try {
    return make()
  } catch {
    return undefined
  }
}

function isJwk(given: AsymmetricKey): given is Jwk {
  return typeof given === 'object' && given !== null && !(given instanceof KeyObject)
}

function toKeyObject(given: string | KeyObject, make: (pem: string) => KeyObject): KeyObject {
  return typeof given === 'string' ? make(given) : given
}

/** Node takes the public half of a private key without a word. */
function isPrivate(given: AsymmetricKey): boolean {
  if (given instanceof KeyObject) return given.type === 'private'
  return isJwk(given) ? 'd' in given : /-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(given)
}

function isFit(key: KeyObject, algorithm: Algorithm, complain: Complaint): boolean {
  if (isEdwards(algorithm)) return isEd25519(key, algorithm, complain)
  return algorithm.startsWith('ES') ? isOnCurve(key, algorithm, complain) : isStrongRsa(key, algorithm, complain)
}

function isOnCurve(key: KeyObject, algorithm: Algorithm, complain: Complaint): boolean {
  const curve = curves.get(algorithm)
  const found = key.asymmetricKeyDetails?.namedCurve
  if (key.asymmetricKeyType === 'ec' && found === curve) return true
  complain(
    `${algorithm} needs a key on the curve ${curve}, and this is ${nameOf(key)}${found === undefined ? '' : ` on ${found}`}`,
    'name the algorithm that the key was made for',
  )
  return false
}

function isEd25519(key: KeyObject, algorithm: Algorithm, complain: Complaint): boolean {
  if (key.asymmetricKeyType === 'ed25519') return true
  complain(`${algorithm} needs an Ed25519 key, and this is ${nameOf(key)}`, 'name the algorithm that the key was made for')
  return false
}

function isStrongRsa(key: KeyObject, algorithm: Algorithm, complain: Complaint): boolean {
  if (key.asymmetricKeyType !== 'rsa') {
    complain(`${algorithm} needs an RSA key, and this is ${nameOf(key)}`, 'name the algorithm that the key was made for')
    return false
  }
  const { modulusLength = 0, publicExponent = 0n } = key.asymmetricKeyDetails ?? {}
  // With an exponent of 1 the signature is the message.
  if (modulusLength < smallestModulus || publicExponent < 3n) {
    complain(
      `the RSA key has ${modulusLength} bits and the exponent ${publicExponent}`,
      `use ${smallestModulus} bits or more (new keys: 3072) and the exponent 65537`,
    )
    return false
  }
  if (!isRocaKey(key)) return true
  complain('the RSA key can be factored: a faulty chip made it (CVE-2017-15361)', 'make a new key, and take this one for stolen')
  return false
}

function nameOf(key: KeyObject): string {
  return `of type ${key.asymmetricKeyType ?? key.type}`
}

/** What a JWK says of its own use (RFC 7517 §4.2–4.4) must allow ours. */
function suitsJwk(given: AsymmetricKey, algorithm: Algorithm, operation: 'sign' | 'verify', complain: Complaint): boolean {
  if (!isJwk(given)) return true
  const { use, alg, key_ops: operations } = given
  const wrong =
    (use !== undefined && use !== 'sig' && `"use": ${JSON.stringify(use)}`) ||
    (alg !== undefined && !isSameAlgorithm(alg, algorithm) && `"alg": ${JSON.stringify(alg)}`) ||
    (operations !== undefined &&
      !(Array.isArray(operations) && operations.includes(operation)) &&
      `"key_ops": ${JSON.stringify(operations)}`)
  if (wrong === false || wrong === '') return true
  complain(`the JWK says ${wrong}, which does not allow to ${operation} with ${algorithm}`, 'give the key that was made for this use')
  return false
}
