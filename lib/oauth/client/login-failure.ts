import * as oauth from 'oauth4webapi'
import { ApiError, MalformedRequest, Unavailable } from '../../errors.js'

/** What a server sent is nothing that can be worked with, or it is not what its metadata say: not the browser's fault. */
const brokenServer: ReadonlySet<string | undefined> = new Set([
  oauth.PARSE_ERROR,
  oauth.RESPONSE_IS_NOT_JSON,
  oauth.RESPONSE_IS_NOT_CONFORM,
  oauth.HTTP_REQUEST_FORBIDDEN,
  oauth.REQUEST_PROTOCOL_FORBIDDEN,
  oauth.MISSING_SERVER_METADATA,
  oauth.INVALID_SERVER_METADATA,
])

/** Errors by which a server says that it does not know this application, or will not serve it: for its operator to mend. */
const refusedClients: ReadonlySet<string> = new Set(['invalid_client', 'unauthorized_client', 'unsupported_grant_type'])

/** Whatever went wrong with a login, as the browser is told of it; why is for the log alone. */
export function loginFailure(thrown: unknown): ApiError {
  if (thrown instanceof ApiError) return thrown
  if (thrown instanceof oauth.AuthorizationResponseError) return refused('authorization-refused', thrown)
  if (isClientRefused(thrown)) return new Unavailable(undefined, { reason: 'client-refused', cause: thrown })
  if (thrown instanceof oauth.ResponseBodyError && thrown.status < 500 && thrown.status !== 429) return refused('code-refused', thrown)
  if (thrown instanceof oauth.UnsupportedOperationError) return refused('login-refused', thrown)
  if (thrown instanceof oauth.OperationProcessingError && !brokenServer.has(thrown.code)) return refused(reasonIn(thrown.message), thrown)
  return new Unavailable(undefined, { reason: 'provider-unavailable', cause: thrown })
}

/** Whether a server refuses this application itself, whatever it asks for. */
function isClientRefused(thrown: unknown): boolean {
  if (thrown instanceof oauth.ResponseBodyError) return refusedClients.has(thrown.error)
  return thrown instanceof oauth.WWWAuthenticateChallengeError && !oauth.isDPoPNonceError(thrown)
}

/** A login that comes to nothing: what the server or the browser brought is not what was asked for. */
export function refused(reason: string, cause?: unknown): MalformedRequest {
  return new MalformedRequest('The login did not succeed. Start again.', { reason, event: 'authn_login_fail', cause })
}

/** What of an answer was wrong, by the name that the message gives it. */
function reasonIn(message: string): string {
  const [, name] = /"(iss|nonce|aud|azp|exp|iat|nbf|sub|state|code|id_token)"/.exec(message) ?? []
  return name === undefined ? 'login-refused' : `wrong-${name.replace('_', '-')}`
}
