import * as oauth from 'oauth4webapi'
import type { OutboundFetch, OutboundInit } from '../../outbound.js'
import { proving, withNonce } from './proof-key.js'

/** The credentials that a request to another API bears. */
interface ApiCredentials {
  readonly token: string
  /** Proves the key that the token is bound to, where it is bound to one. */
  readonly prover: oauth.DPoPHandle | undefined
}

/** Asks other APIs with tokens: at the origins that were allowed, and nowhere else. */
export class ApiRequests {
  readonly #allowed: ReadonlySet<string>

  constructor(
    private readonly outbound: OutboundFetch,
    allowed: readonly string[],
  ) {
    this.#allowed = new Set(allowed)
  }

  /** A request that can be sent, and sent again. Rejects with a `TypeError` where its origin is not allowed. */
  async prepare(url: string | URL, init: OutboundInit): Promise<ApiRequest> {
    const target = new URL(url)
    // A token in the wrong hands is a key in the wrong hands.
    if (!this.#allowed.has(target.origin)) throw new TypeError(`no token is sent to ${target.origin}: add it to allow`)
    const content = new Response(init.body)
    const body = content.body === null ? null : new Uint8Array(await content.arrayBuffer())
    const headers = new Headers(init.headers)
    const type = content.headers.get('content-type')
    if (type !== null && !headers.has('content-type')) headers.set('content-type', type)
    // Of a request that is passed on, the credentials are not: ours take their place.
    for (const name of ['authorization', 'dpop']) headers.delete(name)
    const { method = 'GET', signal } = init
    return ({ token, prover }) => this.#send(token, method, target, headers, body, prover, signal ?? undefined)
  }

  #send(
    token: string,
    method: string,
    url: URL,
    headers: Headers,
    body: Uint8Array | null,
    prover: oauth.DPoPHandle | undefined,
    signal: AbortSignal | undefined,
  ): Promise<Response> {
    const options = {
      [oauth.customFetch]: this.outbound,
      // Plain HTTP gets no further than to hosts on this machine that the options name.
      [oauth.allowInsecureRequests]: url.protocol === 'http:',
      ...proving(prover),
      ...(signal === undefined ? {} : { signal }),
    }
    return answered(withNonce(() => oauth.protectedResourceRequest(token, method, url, headers, body, options)))
  }
}

/** Sends a prepared request, redirects not followed. */
export type ApiRequest = (credentials: ApiCredentials) => Promise<Response>

/** It is the caller who decides what a refusal means. */
async function answered(asked: Promise<Response>): Promise<Response> {
  try {
    return await asked
  } catch (thrown) {
    if (thrown instanceof oauth.WWWAuthenticateChallengeError) return thrown.response
    throw thrown
  }
}

/** The first text that is no origin; undefined where all are. */
export function wrongOrigin(allowed: readonly string[]): string | undefined {
  return allowed.find((origin) => !URL.canParse(origin) || new URL(origin).origin !== origin)
}
