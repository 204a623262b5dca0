/** The algorithms of tokens, by family: a family has one kind of key. */
const families = {
  secret: ['HS256', 'HS384', 'HS512'],
  RSA: ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'],
  'elliptic curve': ['ES256', 'ES384', 'ES512'],
  Edwards: ['EdDSA', 'Ed25519'],
} as const

export type AlgorithmFamily = keyof typeof families

/**
 * An algorithm of RFC 7518 §3.1, or Ed25519 under its name of RFC 9864 or that of RFC 8037 (`EdDSA`). A key is used with one of
 * them and no other.
 */
export type Algorithm = (typeof families)[AlgorithmFamily][number]

/** Those that jsonwebtoken has. */
export type JsonWebTokenAlgorithm = Exclude<Algorithm, 'EdDSA' | 'Ed25519'>

export const algorithms: readonly Algorithm[] = Object.freeze(Object.values(families).flat())

/** Those that a public key verifies. */
export const publicAlgorithms: readonly Algorithm[] = Object.freeze(algorithms.filter((one) => familyOf(one) !== 'secret'))

/** The family of an algorithm; undefined where it is none. */
export function familyOf(algorithm: unknown): AlgorithmFamily | undefined {
  const names = Object.keys(families) as AlgorithmFamily[]
  return names.find((name) => (families[name] as readonly unknown[]).includes(algorithm))
}

export function isEdwards(algorithm: unknown): boolean {
  return familyOf(algorithm) === 'Edwards'
}

/** Whether two names mean one algorithm: Ed25519 has two. */
export function isSameAlgorithm(one: unknown, other: Algorithm): boolean {
  return one === other || (isEdwards(one) && isEdwards(other))
}
