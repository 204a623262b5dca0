import { isUtf8 } from 'node:buffer'
import { createPrivateKey, createPublicKey } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { algorithms, familyOf } from '../../authentication/algorithms.js'
import type { Algorithm } from '../../authentication/algorithms.js'
import type { Jwk } from '../../authentication/key-material.js'
import { CommandError, UsageError, optional } from '../command.js'
import type { OptionValues, Surroundings } from '../command.js'
import { readInput } from '../input.js'

/** Keys as they were given, each as a JWK. */
export interface GivenKeys {
  readonly keys: readonly Jwk[]
  /** Whether it was a key set (RFC 7517 §5), a single JWK, PEM, or the text or bytes of a secret. */
  readonly form: 'set' | 'jwk' | 'pem' | 'secret'
}

/** What a command says instead of taking a key from its command line. */
export const secretMend =
  'a key never stands on the command line, where the list of processes and the history of the shell show it: give it in a file, in the standard input or in a variable of the environment'

export const keyOptions = {
  'key-file': { value: '<file>', description: 'The key: a key set, JWK, PEM or secret; - is the standard input' },
  'key-env': { value: '<name>', description: 'The variable of the environment that holds the key' },
} as const

/** The keys that --key-file or --key-env names; undefined where neither is given. */
export async function keysIn(values: OptionValues, surroundings: Surroundings): Promise<GivenKeys | undefined> {
  const [file, name] = [optional(values, 'key-file'), optional(values, 'key-env')]
  if (file !== undefined && name !== undefined) throw new UsageError('give --key-file or --key-env, not both')
  if (file !== undefined) return parseKeys(await readInput(file, 'the file of --key-file', surroundings), 'the file of --key-file')
  if (name === undefined) return undefined
  const value = surroundings.env[name]
  // Not its name: it may be the key itself, in the wrong place.
  if (value === undefined || value === '') throw new CommandError(`the variable that --key-env names is not set; ${secretMend}`)
  return parseKeys(Buffer.from(value), 'the variable of --key-env')
}

/** The keys in a text or bytes. Throws a `CommandError`, which repeats nothing of them, where they are none. */
export function parseKeys(bytes: Buffer, place: string): GivenKeys {
  const text = bytes.toString('utf8').trim()
  if (text === '') throw new CommandError(`${place} is empty`)
  if (/^[[{"]/.test(text)) return parseJson(text, place)
  if (text.includes('-----BEGIN ')) return { keys: pemBlocks(text).map((pem) => toJwk(pem, place)), form: 'pem' }
  // Of a text the line's end is the editor's, not the secret's.
  const secret = isUtf8(bytes) ? Buffer.from(bytes.toString('utf8').replace(/\r?\n$/, '')) : bytes
  return { keys: [{ kty: 'oct', k: secret.toString('base64url') }], form: 'secret' }
}

/** The algorithm that --algorithm names; undefined where it is not given. */
export function algorithmIn(values: OptionValues): Algorithm | undefined {
  const name = optional(values, 'algorithm')
  const found = algorithms.find((one) => one === name)
  if (name !== undefined && found === undefined)
    throw new UsageError(`--algorithm ${JSON.stringify(name)} is none of ${algorithms.join(', ')}`)
  return found
}

/** A key with the algorithm and the name that it does not say itself. */
export function completed(
  jwk: Jwk,
  { algorithm, kid }: { readonly algorithm?: Algorithm | undefined; readonly kid?: string | undefined },
): Jwk {
  const isFit = algorithm !== undefined && kinds[familyOf(algorithm) ?? 'secret'] === jwk.kty
  return {
    ...(isFit ? { alg: algorithm } : {}),
    ...(kid === undefined ? {} : { kid }),
    ...jwk,
  }
}

const kinds = { secret: 'oct', RSA: 'RSA', 'elliptic curve': 'EC', Edwards: 'OKP' } as const

function parseJson(text: string, place: string): GivenKeys {
  const value = jsonIn(text)
  if (isObject(value) && Array.isArray(value['keys'])) {
    const keys: readonly unknown[] = value['keys']
    if (keys.length === 0) throw new CommandError(`${place} holds no keys`)
    if (keys.length > 100) throw new CommandError(`${place} holds ${keys.length} keys: 100 are taken`)
    if (!keys.every(isObject)) throw new CommandError(`${place} is no key set: each of its keys must be an object (RFC 7517 §5)`)
    return { keys, form: 'set' }
  }
  if (isObject(value) && typeof value['kty'] === 'string') return { keys: [value], form: 'jwk' }
  throw new CommandError(`${place} holds neither a JWK nor a key set: its JSON is broken, or has neither kty nor keys (RFC 7517)`)
}

/** What the parser says of broken JSON quotes it, and with it the key. */
function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The blocks of a PEM text, but for the parameters that OpenSSL writes before a key. */
function pemBlocks(text: string): readonly string[] {
  const blocks: string[] = []
  let lines: string[] | undefined
  for (const line of text.split(/\r?\n/)) {
    if (line.startsWith('-----BEGIN ')) lines = []
    lines?.push(line)
    if (lines === undefined || !line.startsWith('-----END ')) continue
    if (lines[0] !== '-----BEGIN EC PARAMETERS-----') blocks.push(lines.join('\n'))
    lines = undefined
  }
  return blocks.length === 0 ? [text] : blocks
}

function toJwk(pem: string, place: string): Jwk {
  const first = pem.split('\n', 1).join()
  if (/ENCRYPTED/.test(pem)) throw new CommandError(`${place} holds an encrypted key: decrypt it with openssl pkey, for this call alone`)
  try {
    return (first.includes('PRIVATE KEY') ? createPrivateKey(pem) : createPublicKey(pem)).export({ format: 'jwk' })
  } catch {
    throw new CommandError(`${place} holds a PEM that is no key of RSA, a NIST curve or Ed25519: give PKCS #8, PKCS #1, SEC 1 or SPKI`)
  }
}

/** The key that a JWK is; undefined where it is none. */
export function keyObjectOf(jwk: Jwk): KeyObject | undefined {
  try {
    const make = jwk['d'] === undefined ? createPublicKey : createPrivateKey
    return make({ key: jwk, format: 'jwk' })
  } catch {
    return undefined
  }
}
