import type { Clock } from '../../context.js'
import type { StateStore } from '../../state/state-store.js'
import { digest } from './secrets.js'

/** A value of the store and the text that it was read from, for `replace`. */
export interface Stored<T> {
  readonly value: T
  readonly text: string
}

/** What an authorization server keeps: values under secrets, of which the store sees the digest alone. */
export class OAuthState {
  readonly #prefix: string

  constructor(
    issuer: string,
    private readonly state: StateStore,
    readonly clock: Clock,
  ) {
    this.#prefix = `oauth:${encodeURIComponent(issuer)}`
  }

  async get<T>(kind: string, secret: string): Promise<Stored<T> | undefined> {
    const text = await this.state.get(this.#key(kind, secret))
    return text === undefined ? undefined : { value: JSON.parse(text) as T, text }
  }

  /** @param lifetime in milliseconds */
  async set(kind: string, secret: string, value: unknown, lifetime: number): Promise<void> {
    await this.state.set(this.#key(kind, secret), JSON.stringify(value), this.clock.now() + lifetime)
  }

  /** Whether this is the first time. */
  async add(kind: string, secret: string, until: number): Promise<boolean> {
    return await this.state.add(this.#key(kind, secret), '1', until)
  }

  /** Whether nobody else was faster. */
  async replace(kind: string, secret: string, before: Stored<unknown>, value: unknown, until: number): Promise<boolean> {
    return await this.state.replace(this.#key(kind, secret), before.text, JSON.stringify(value), until)
  }

  async take<T>(kind: string, secret: string): Promise<T | undefined> {
    const text = await this.state.take(this.#key(kind, secret))
    return text === undefined ? undefined : (JSON.parse(text) as T)
  }

  #key(kind: string, secret: string): string {
    return `${this.#prefix}:${kind}:${digest(secret)}`
  }
}
