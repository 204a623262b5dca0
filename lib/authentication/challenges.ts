/** The values of `WWW-Authenticate` that an API answers with (RFC 6750 §3), as headers. */
export interface Challenges {
  /** No credentials came. It says nothing of errors. */
  readonly missing: readonly string[]
  /** A token came and is refused. */
  readonly invalidToken: readonly string[]
  /** Credentials came in more than one way. */
  readonly invalidRequest: readonly string[]
}

/** Builds the challenges of one realm, once. */
export function challengesOf(realm: string): Challenges {
  const start = `Bearer realm="${quotable(realm)}"`
  return Object.freeze({
    missing: header(start),
    invalidToken: header(`${start}, error="invalid_token", error_description="The access token is not valid"`),
    invalidRequest: header(`${start}, error="invalid_request", error_description="Send one access token, in one Authorization header"`),
  })
}

function header(value: string): readonly string[] {
  return Object.freeze(['WWW-Authenticate', value])
}

/** What RFC 6750 §3 lets stand between quotes: no quote, no backslash, nothing that could end the header. */
function quotable(text: string): string {
  return text.replaceAll(/[^\x20\x21\x23-\x5b\x5d-\x7e]/g, '')
}
