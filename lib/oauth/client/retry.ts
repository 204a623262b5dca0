import * as oauth from 'oauth4webapi'
import { Unavailable } from '../../errors.js'

/** An authorization server gives no token, and would not if it were asked again: `error` says why (RFC 6749 §5.2). */
export class TokenRequestRefused extends Error {
  constructor(
    readonly error: string,
    cause: unknown,
  ) {
    super(`the authorization server gives no token: ${error}`, { cause })
    this.name = 'TokenRequestRefused'
  }
}

/** Milliseconds, doubled each time. */
const first = 200
/** Nobody waits longer for another try, in milliseconds. */
const longest = 5_000
/** No server is left alone for longer because it says so, in milliseconds. */
const longestRest = 300_000

/** After how many milliseconds a request is tried again: later each time, and not all at once; undefined where that is of no use. */
export function retryDelay(thrown: unknown, attempt: number): number | undefined {
  if (thrown instanceof TokenRequestRefused) return undefined
  const response = responseOf(thrown)
  if (response !== undefined && response.status < 500 && response.status !== 429) return undefined
  const wanted = wantedRest(thrown)
  if (wanted > longest) return undefined
  return Math.max(wanted, first * 2 ** (attempt - 1) * (0.5 + Math.random()))
}

/** For how many milliseconds a server wants to be left alone: `Retry-After` (RFC 9110 §10.2.3), as seconds or as a date; 0 where it says nothing. */
export function wantedRest(thrown: unknown): number {
  const field = responseOf(thrown)?.headers.get('retry-after') ?? ''
  const wanted = /^\d{1,9}$/.test(field) ? Number(field) * 1000 : Date.parse(field) - Date.now()
  return wanted > 0 ? Math.min(wanted, longestRest) : 0
}

/** What a failure to get a token means to whoever wanted one. */
export function outcomeOf(thrown: unknown): unknown {
  if (thrown instanceof Unavailable || thrown instanceof TokenRequestRefused) return thrown
  const status = responseOf(thrown)?.status
  if (status !== undefined && status < 500 && status !== 429) {
    if (thrown instanceof oauth.ResponseBodyError) return new TokenRequestRefused(readable(thrown.error), thrown)
    // A challenge is for the program itself (RFC 6749 §5.2).
    if (thrown instanceof oauth.WWWAuthenticateChallengeError) return new TokenRequestRefused('invalid_client', thrown)
  }
  return new Unavailable(undefined, { reason: 'token-endpoint-unavailable', cause: thrown })
}

/** What a server was heard to say; undefined where it was not heard at all. */
function responseOf(thrown: unknown): Response | undefined {
  if (thrown instanceof oauth.ResponseBodyError || thrown instanceof oauth.WWWAuthenticateChallengeError) return thrown.response
  if (thrown instanceof Unavailable || !(thrown instanceof Error)) return undefined
  return thrown.cause instanceof Response ? thrown.cause : undefined
}

/** Of what a server says no more gets into a message than a word of the protocol (RFC 6749 §5.2). */
function readable(error: string): string {
  return /^[A-Za-z0-9_.:-]{1,64}$/.test(error) ? error : 'unknown_error'
}
