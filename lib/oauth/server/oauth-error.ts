import { ApiError } from '../../errors.js'
import type { ApiErrorOptions } from '../../errors.js'

/** The errors of RFC 6749 §4.1.2.1 and §5.2, RFC 8707 §2, RFC 9101 §7 and RFC 9449 §5 that are answered here. */
export type OAuthErrorCode =
  | 'access_denied'
  | 'invalid_client'
  | 'invalid_dpop_proof'
  | 'invalid_grant'
  | 'invalid_request'
  | 'invalid_request_uri'
  | 'invalid_scope'
  | 'invalid_target'
  | 'request_not_supported'
  | 'unauthorized_client'
  | 'unsupported_grant_type'
  | 'unsupported_response_type'
  | 'use_dpop_nonce'

/** A refusal in the form that OAuth clients read: `{"error":…,"error_description":…}` (RFC 6749 §5.2). */
export class OAuthError extends ApiError {
  constructor(
    readonly error: OAuthErrorCode,
    description: string,
    options: ApiErrorOptions & { readonly status?: number } = {},
  ) {
    const text = JSON.stringify({ error, error_description: describable(description) })
    super(options.status ?? 400, 'oauth-error', 'OAuth error', description, {
      reason: error,
      ...options,
      document: { type: 'application/json', text },
    })
  }
}

/** 401: the client is not who it says, or does not say it in its way. One answer for all of it (RFC 6749 §5.2). */
export function invalidClient(reason: string): OAuthError {
  return new OAuthError('invalid_client', 'The client could not be authenticated.', {
    status: 401,
    reason,
    event: 'authn_login_fail',
    headers: ['WWW-Authenticate', 'Basic realm="oauth"'],
  })
}

/** The characters of RFC 6749 §5.2: no quote, no backslash, nothing outside of ASCII. */
function describable(text: string): string {
  return text.replaceAll(/[^\x20\x21\x23-\x5b\x5d-\x7e]/g, "'")
}
