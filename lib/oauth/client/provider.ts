import * as oauth from 'oauth4webapi'
import type { Clock } from '../../context.js'
import { Unavailable } from '../../errors.js'
import { outboundFetch } from '../../outbound.js'
import type { OutboundFetch, OutboundOptions } from '../../outbound.js'

/** Which authorization server is asked. */
export interface ProviderOptions {
  /** Its name, to the character; its metadata stand there. */
  readonly issuer: string
  /** Where it gives tokens, for a server that has no metadata. @default what the metadata say */
  readonly tokenEndpoint?: string
  /** Where the metadata stand: as RFC 8414 says, or as OpenID Connect Discovery does. @default 'oauth2' */
  readonly discovery?: 'oauth2' | 'oidc'
  /** What may be asked of it. @default no private address */
  readonly outbound?: OutboundOptions
}

/** For so long after a failure nobody asks again, in milliseconds. */
const rest = 2_000
/** Metadata are asked for anew after so many milliseconds, while the old ones serve. */
const maxAge = 3_600_000

/** An authorization server: finds out once where its endpoints are, and asks them. */
export class Provider {
  readonly fetch: OutboundFetch
  /** What each call of oauth4webapi is given. Plain HTTP gets through to hosts on this machine that the options name, and no further. */
  readonly http: {
    readonly [oauth.customFetch]: OutboundFetch
    readonly [oauth.allowInsecureRequests]: boolean
  }
  readonly #name: string
  readonly #issuer: URL
  readonly #given: oauth.AuthorizationServer | undefined
  readonly #algorithm: 'oauth2' | 'oidc'
  #metadata: oauth.AuthorizationServer | undefined
  #askedAt = -Infinity
  #failure: unknown
  #asking: Promise<oauth.AuthorizationServer> | undefined

  /** Throws a `TypeError` where `issuer` is no URL. */
  constructor(
    { issuer, tokenEndpoint, discovery = 'oauth2', outbound = {} }: ProviderOptions,
    private readonly clock: Clock,
  ) {
    this.#name = issuer
    this.#issuer = new URL(issuer)
    this.#algorithm = discovery
    this.#given = tokenEndpoint === undefined ? undefined : Object.freeze({ issuer, token_endpoint: tokenEndpoint })
    this.fetch = outboundFetch(outbound)
    this.http = { [oauth.customFetch]: this.fetch, [oauth.allowInsecureRequests]: this.#issuer.protocol === 'http:' }
  }

  /** Where its endpoints are. Rejects with `Unavailable` where it does not say, or says it is another. */
  async metadata(): Promise<oauth.AuthorizationServer> {
    if (this.#given !== undefined) return this.#given
    const age = Math.abs(this.clock.now() - this.#askedAt)
    if (this.#metadata !== undefined) {
      if (age >= maxAge) this.#ask().catch(() => undefined)
      return this.#metadata
    }
    if (this.#asking === undefined && this.#failure !== undefined && age < rest) throw this.#unavailable()
    return this.#ask()
  }

  #ask(): Promise<oauth.AuthorizationServer> {
    this.#asking ??= this.#discover().finally(() => void (this.#asking = undefined))
    return this.#asking
  }

  async #discover(): Promise<oauth.AuthorizationServer> {
    this.#askedAt = this.clock.now()
    try {
      const answer = await oauth.discoveryRequest(this.#issuer, { ...this.http, algorithm: this.#algorithm })
      const metadata = await oauth.processDiscoveryResponse(this.#issuer, answer)
      // Names that differ by a slash are two issuers (RFC 8414 §3.3), and mean one URL.
      if (metadata.issuer !== this.#name) throw new Error(`the metadata are those of ${JSON.stringify(metadata.issuer)}`)
      this.#metadata = metadata
      this.#failure = undefined
      return metadata
    } catch (thrown) {
      this.#failure = thrown
      throw this.#unavailable()
    }
  }

  #unavailable(): Unavailable {
    return new Unavailable(undefined, { reason: 'provider-unavailable', cause: this.#failure })
  }
}
