import { createCipheriv, createDecipheriv, createHash, hkdfSync, randomBytes } from 'node:crypto'
import type { Clock } from '../../context.js'
import type { StateStore } from '../../state/state-store.js'

/** A value that was read, and the text that it was read from. */
export interface Opened<T> {
  readonly value: T
  readonly sealed: string
}

/** The right to be the only one. */
export interface Claim {
  /** Gives it up, where it has not ended. */
  release(): Promise<void>
}

/**
 * Values that only whoever has their secret can read: they are kept under a digest of it, and encrypted with a key out of it
 * (HKDF, AES-256-GCM). Whoever reads the store, or a copy of it, has neither names nor tokens.
 */
export class Vault {
  readonly #purpose: string

  constructor(
    private readonly kind: string,
    /** Whom the values belong to: what one vault keeps opens in no other. */
    private readonly owner: string,
    private readonly state: StateStore,
    readonly clock: Clock,
  ) {
    // HKDF takes no longer texts than 1,024 bytes.
    this.#purpose = `portcullis ${kind} ${createHash('sha256').update(owner).digest('base64url')}`
  }

  async get<T>(secret: string): Promise<Opened<T> | undefined> {
    const sealed = await this.state.get(this.#name(secret))
    return sealed === undefined ? undefined : this.#open(secret, sealed)
  }

  /** @param until milliseconds since 1970 */
  async set(secret: string, value: unknown, until: number): Promise<void> {
    await this.state.set(this.#name(secret), this.#seal(secret, value), until)
  }

  /** Whether nobody else has put another value in its place meanwhile. */
  async replace(secret: string, before: Opened<unknown>, value: unknown, until: number): Promise<boolean> {
    return await this.state.replace(this.#name(secret), before.sealed, this.#seal(secret, value), until)
  }

  async take<T>(secret: string): Promise<T | undefined> {
    const sealed = await this.state.take(this.#name(secret))
    return sealed === undefined ? undefined : this.#open<T>(secret, sealed)?.value
  }

  /** A claim to be the only one who does what `name` stands for, until `until`; undefined where another has it. */
  async claim(secret: string, name: string, until: number): Promise<Claim | undefined> {
    const key = `${this.#name(secret)}:${name}`
    const holder = randomBytes(16).toString('base64url')
    if (!(await this.state.add(key, holder, until))) return undefined
    // By then it may have ended, and be another's.
    return { release: async () => void (await this.state.replace(key, holder, '', 0)) }
  }

  #name(secret: string): string {
    return `${this.kind}:${createHash('sha256')
      .update(JSON.stringify([this.owner, secret]))
      .digest('base64url')}`
  }

  #seal(secret: string, value: unknown): string {
    const nonce = randomBytes(12)
    const cipher = createCipheriv('aes-256-gcm', this.#key(secret), nonce)
    const text = Buffer.concat([cipher.update(JSON.stringify(value), 'utf8'), cipher.final()])
    return Buffer.concat([nonce, cipher.getAuthTag(), text]).toString('base64url')
  }

  /** Undefined for what was not sealed with this secret: whoever writes to the store must not be believed. */
  #open<T>(secret: string, sealed: string): Opened<T> | undefined {
    const bytes = Buffer.from(sealed, 'base64url')
    try {
      const decipher = createDecipheriv('aes-256-gcm', this.#key(secret), bytes.subarray(0, 12), { authTagLength: 16 })
      decipher.setAuthTag(bytes.subarray(12, 28))
      const text = Buffer.concat([decipher.update(bytes.subarray(28)), decipher.final()]).toString('utf8')
      return { value: JSON.parse(text) as T, sealed }
    } catch {
      return undefined
    }
  }

  #key(secret: string): Buffer {
    return Buffer.from(hkdfSync('sha256', secret, '', this.#purpose, 32))
  }
}
