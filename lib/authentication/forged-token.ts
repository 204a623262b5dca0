import { randomBytes } from 'node:crypto'
import { isEdwards } from './algorithms.js'
import type { VerificationKey } from './keys.js'

/** A token of the usual size with a signature that costs as much to refuse as the others: in range, and wrong. */
export function forgedToken({ algorithm, signatureLength }: Pick<VerificationKey, 'algorithm' | 'signatureLength'>): string {
  const signature = randomBytes(Math.floor((signatureLength * 3) / 4))
  // Numbers above the modulus, or the order of the curve, are refused before any work is done.
  signature[0] = 0
  if (isEdwards(algorithm)) signature[63] = 0
  if (algorithm.startsWith('ES')) signature[signature.length / 2] = 0
  const claims = { sub: 'nobody', jti: randomBytes(16).toString('hex'), permissions: [randomBytes(64).toString('hex')], iat: 0, exp: 1 }
  return [toSegment({ alg: algorithm, typ: 'JWT' }), toSegment(claims), signature.toString('base64url')].join('.')
}

function toSegment(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}
