import { exportJWK, generateKeyPair, importJWK } from 'jose'
import type { JWK } from 'jose'
import * as oauth from 'oauth4webapi'

/** A key that tokens are bound to (RFC 9449), in a form that can be kept: a private JWK. */
export type ProofKey = JWK

const algorithm = 'ES256'

/** A key of this moment, which has never been anywhere else. */
export async function createProofKey(): Promise<ProofKey> {
  const { privateKey } = await generateKeyPair(algorithm, { extractable: true })
  return exportJWK(privateKey)
}

/** What makes proofs with a key. It remembers the nonces that servers want, so keep it while it is of use. */
export async function proverOf(key: ProofKey): Promise<oauth.DPoPHandle> {
  const { d: _secret, ...open } = key
  const [privateKey, publicKey] = await Promise.all([importJWK(key, algorithm), importJWK(open, algorithm)])
  if (privateKey instanceof Uint8Array || publicKey instanceof Uint8Array) throw new TypeError('a secret cannot be proved')
  return oauth.DPoP({}, { privateKey, publicKey })
}

/** The part of a request's options that has it prove a key, where there is one. */
export function proving(prover: oauth.DPoPHandle | undefined): oauth.DPoPRequestOptions {
  return prover === undefined ? {} : { DPoP: prover }
}

/** Runs it again where the server wants a nonce in the proof, which is known by then (RFC 9449 §8). */
export async function withNonce<T>(run: () => Promise<T>): Promise<T> {
  try {
    return await run()
  } catch (thrown) {
    if (!oauth.isDPoPNonceError(thrown)) throw thrown
    return run()
  }
}
