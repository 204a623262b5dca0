import { KeyObject, createHash, createHmac, createPublicKey, createSecretKey, sign, timingSafeEqual, verify } from 'node:crypto'
import { weaknessOf } from '../../weak-secret.js'
import { hashLink, secretLink } from './link.js'
import type { Link } from './link.js'

/** How the records of a chain are held together. */
export type ChainAlgorithm = 'hmac-sha256' | 'ed25519'

/** What is needed to check a chain. */
export interface CheckingKey {
  /** Stands in the chain's own records. Tells nothing of the key. */
  readonly id: string
  readonly algorithm: ChainAlgorithm
  readonly link: Link
  /** Whether `proof` was made for this text by who holds the key. */
  isProof(text: string, proof: string): boolean
}

/** What is needed to write one. */
export interface ChainKey extends CheckingKey {
  prove(text: string): string
}

/** Keeps a proof from being passed off as a link: no hash has a space in it. */
const proofPrefix = 'portcullis proof\n'

/** Bytes of a secret. */
const shortestSecret = 32

/** A secret that writes and checks. Throws a `TypeError` for one that is short or can be guessed. */
export function secretChainKey(secret: KeyObject | Uint8Array): ChainKey {
  const bytes = secret instanceof KeyObject ? (secret.type === 'secret' ? secret.export() : undefined) : secret
  if (!(bytes instanceof Uint8Array))
    throw new TypeError('the key of an audit chain is a secret: give 32 random bytes, or a secret KeyObject')
  if (bytes.length < shortestSecret) {
    throw new TypeError(`the key of an audit chain has ${bytes.length} bytes: give ${shortestSecret} random bytes, such as randomBytes(32)`)
  }
  const weakness = weaknessOf(bytes)
  if (weakness !== undefined) throw new TypeError(`the key of an audit chain ${weakness}: give 32 random bytes, such as randomBytes(32)`)
  const key = createSecretKey(bytes)
  const prove = (text: string) => createHmac('sha256', key).update(proofPrefix).update(text).digest('base64url')
  return {
    id: shortId(createHmac('sha256', key).update('portcullis key id').digest('base64url')),
    algorithm: 'hmac-sha256',
    link: secretLink(bytes),
    prove,
    isProof: (text, proof) => isSame(prove(text), proof),
  }
}

/** A private key that writes. Throws a `TypeError` for any but Ed25519. */
export function signingChainKey(key: KeyObject): ChainKey {
  if (!(key instanceof KeyObject) || key.type !== 'private' || key.asymmetricKeyType !== 'ed25519') {
    throw new TypeError("a signed audit chain needs a private Ed25519 key: make one with generateKeyPairSync('ed25519')")
  }
  return { ...publicChainKey(createPublicKey(key)), prove: (text) => sign(null, toSign(text), key).toString('base64url') }
}

/** A public key that checks. Throws a `TypeError` for any but Ed25519. */
export function publicChainKey(key: KeyObject): CheckingKey {
  if (!(key instanceof KeyObject) || key.type !== 'public' || key.asymmetricKeyType !== 'ed25519') {
    throw new TypeError('a signed audit chain is checked with a public Ed25519 key')
  }
  return {
    id: shortId(
      createHash('sha256')
        .update(key.export({ type: 'spki', format: 'der' }))
        .digest('base64url'),
    ),
    algorithm: 'ed25519',
    link: hashLink(),
    isProof: (text, proof) => verify(null, toSign(text), key, Buffer.from(proof, 'base64url')),
  }
}

function toSign(text: string): Buffer {
  return Buffer.from(proofPrefix + text)
}

function shortId(text: string): string {
  return text.slice(0, 16)
}

function isSame(one: string, other: string): boolean {
  return one.length === other.length && timingSafeEqual(Buffer.from(one), Buffer.from(other))
}
