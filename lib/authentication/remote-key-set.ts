import { isSameAlgorithm } from './algorithms.js'
import type { Algorithm } from './algorithms.js'
import { publicKeyOf } from './key-material.js'
import type { Jwk } from './key-material.js'
import { signatureLength } from './keys.js'
import type { VerificationKey } from './keys.js'
import type { TokenRefusal } from './verifier.js'

const mostKeys = 100

/** The members of a JWK that only its owner may know (RFC 7518 §6, RFC 8037 §2). */
const privateMembers = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k', 'priv'] as const

/** The keys of a JWK set (RFC 7517 §5) that tokens can be verified with; the others are as if they were not there. */
export class RemoteKeySet {
  /** How many keys can be used. */
  readonly size: number
  /** The keys, each as a text that no other has. */
  readonly #texts: ReadonlySet<string>
  readonly #named: ReadonlyMap<string, VerificationKey>
  /** The keys of tokens that name none, by algorithm: where there is only one. */
  readonly #only: ReadonlyMap<Algorithm, VerificationKey>

  /** Throws an `Error` where the set has more than 100 keys. */
  constructor(given: readonly Jwk[], algorithms: readonly Algorithm[]) {
    if (given.length > mostKeys) throw new Error(`the key set has ${given.length} keys, and ${mostKeys} are taken`)
    const fit = given.flatMap((jwk) => prepared(jwk, algorithms) ?? [])
    // Which of two keys of one name is meant, nobody can say.
    const keys = fit.filter(({ kid }) => kid === undefined || fit.filter((one) => one.kid === kid).length === 1)
    this.size = keys.length
    this.#texts = new Set(keys.map(textOf))
    this.#named = new Map(keys.flatMap((key) => (key.kid === undefined ? [] : [[key.kid, key] as const])))
    this.#only = new Map(
      algorithms.flatMap((algorithm) => {
        const [key, another] = keys.filter((one) => isSameAlgorithm(algorithm, one.algorithm))
        return key === undefined || another !== undefined ? [] : [[algorithm, key] as const]
      }),
    )
  }

  /** Whether some key of this set is not in another, which came after it. */
  isCutIn(later: RemoteKeySet): boolean {
    return [...this.#texts].some((text) => !later.#texts.has(text))
  }

  /** The key of that name; for a token that names none, the only one of the algorithm. */
  find(algorithm: Algorithm, kid: string | undefined): VerificationKey | TokenRefusal {
    const key = kid === undefined ? this.#only.get(algorithm) : this.#named.get(kid)
    if (key === undefined) return 'unknown-key'
    return isSameAlgorithm(algorithm, key.algorithm) ? key : 'wrong-algorithm'
  }
}

function prepared(jwk: Jwk, algorithms: readonly Algorithm[]): VerificationKey | undefined {
  const kid: unknown = jwk['kid']
  if (kid !== undefined && (typeof kid !== 'string' || kid === '')) return undefined
  // Whoever publishes the private half has published the power to sign.
  if (privateMembers.some((name) => jwk[name] !== undefined)) return undefined
  // One algorithm for each key: where it names none, the first that fits (RFC 8725 §3.1).
  for (const algorithm of algorithms) {
    const key = publicKeyOf(jwk, algorithm, ignore)
    if (key !== undefined) return { kid, algorithm, key, signatureLength: signatureLength(algorithm, key) }
  }
  return undefined
}

function textOf({ kid, algorithm, key }: VerificationKey): string {
  return JSON.stringify([kid, algorithm, key.export({ type: 'spki', format: 'der' }).toString('base64')])
}

function ignore(): void {}
