import { publicAlgorithms } from './algorithms.js'
import type { Algorithm } from './algorithms.js'
import type { NonceOptions } from './dpop-nonce.js'

/** Which proofs of possession are taken (RFC 9449). */
export interface ProofOptions {
  /** @default every asymmetric one */
  readonly algorithms?: readonly Algorithm[]
  /** How old a proof may be, in seconds. For so long it is remembered, to be taken once. @default 60 */
  readonly maxAge?: number
  /** Wants a value of ours in each proof, so that none can be made ahead (RFC 9449 §8). @default none */
  readonly nonce?: NonceOptions
}

/** Tells what is wrong with the options. */
export function checkProofs(options: ProofOptions, complain: (name: string, problem: string, mend: string) => void): void {
  const { algorithms = publicAlgorithms, maxAge = 60, nonce } = options
  if (algorithms.length === 0 || !algorithms.every((one) => publicAlgorithms.includes(one))) {
    complain('algorithms', 'there is an algorithm that no proof can have', `write some of ${publicAlgorithms.join(', ')}`)
  }
  if (!isSeconds(maxAge, 600)) complain('maxAge', `${maxAge} is no age`, 'write whole seconds from 1 to 600')
  if (nonce === undefined) return
  if (Buffer.byteLength(nonce.secret) < 32) complain('nonce.secret', 'the secret has fewer than 32 bytes', 'give randomBytes(32)')
  if (!isSeconds(nonce.lifetime ?? 300, 86_400)) complain('nonce.lifetime', `${nonce.lifetime} is no time`, 'write seconds from 1 to 86400')
}

function isSeconds(value: number, most: number): boolean {
  return Number.isSafeInteger(value) && value >= 1 && value <= most
}
