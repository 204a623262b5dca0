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
/** Nobody waits longer for another try. */
const longest = 5_000

/** After how many milliseconds a request is tried again: later each time, and not all at once; undefined where that is of no use. */
export function retryDelay(thrown: unknown, attempt: number): number | undefined {
  const response = responseOf(thrown)
  if (response !== undefined && response.status < 500 && response.status !== 429) return undefined
  const wanted = Number(response?.headers.get('retry-after') ?? Number.NaN) * 1000
  if (wanted > longest) return undefined
  const backOff = first * 2 ** (attempt - 1) * (0.5 + Math.random())
  return Number.isFinite(wanted) ? Math.max(wanted, backOff) : backOff
}

function responseOf(thrown: unknown): Response | undefined {
  if (thrown instanceof oauth.ResponseBodyError) return thrown.response
  if (thrown instanceof oauth.WWWAuthenticateChallengeError) return thrown.response
  if (thrown instanceof Unavailable || !(thrown instanceof Error)) return undefined
  return thrown.cause instanceof Response ? thrown.cause : undefined
}
