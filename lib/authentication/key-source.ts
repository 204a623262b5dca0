import type { Fields } from './compact-token.js'
import type { VerificationKey } from './keys.js'
import type { TokenRefusal } from './verifier.js'

/** Where the keys of one issuer come from. */
export interface KeySource {
  /** The key that a token must be signed with, going by its header; or why there is none. */
  keyFor(header: Fields): VerificationKey | TokenRefusal | Promise<VerificationKey | TokenRefusal>
  /**
   * How often keys have gone: what was verified with them before that must be verified again. Undefined while the keys are asked for
   * because they are too old to rely on.
   */
  withdrawals(): number | undefined
}

/** Keys that were given when the API started. */
export class LocalKeys implements KeySource {
  readonly #named: ReadonlyMap<string, VerificationKey>
  /** The key of tokens that name none: where there is only one. */
  readonly #only: VerificationKey | undefined

  constructor(keys: readonly VerificationKey[]) {
    this.#named = new Map(keys.flatMap((key) => (key.kid === undefined ? [] : [[key.kid, key] as const])))
    this.#only = keys.length === 1 ? keys[0] : undefined
  }

  keyFor({ kid }: Fields): VerificationKey | TokenRefusal {
    const key = kid === undefined ? this.#only : typeof kid === 'string' ? this.#named.get(kid) : undefined
    return key ?? 'unknown-key'
  }

  withdrawals(): number {
    return 0
  }
}
