import { grantsOf, isPublicClient } from './clients.js'
import type { ClientSource, OAuthClient } from './clients.js'
import { OAuthError } from './oauth-error.js'
import { scopesOf } from './parameters.js'
import type { OAuthParameters } from './parameters.js'
import { isRegisteredRedirect } from './redirect-uri.js'
import type { Access, ResourceCatalogue } from './resources.js'

/** Where an answer may go: all that must be right before a browser is sent anywhere. */
export interface ReturnAddress {
  readonly client: OAuthClient
  readonly redirectUri: string
  readonly state: string | undefined
}

/** An authorization request (RFC 6749 §4.1.1) that is sound. */
export interface AuthorizationRequest extends ReturnAddress, Access {
  /** `code_challenge`, with S256. */
  readonly challenge: string
  /** `dpop_jkt` (RFC 9449 §10). */
  readonly proofKey: string | undefined
  /** `max_age` (OpenID Connect Core §3.1.2.1, RFC 9470 §4): seconds since the login. */
  readonly maxAge: number | undefined
}

/** Who asks, and where the answer goes. Throws where that is not sure: then nobody is sent anywhere (RFC 6749 §4.1.2.1). */
export async function returnAddressOf(parameters: OAuthParameters, clients: ClientSource): Promise<ReturnAddress> {
  const client = await clients.find(parameters.require('client_id'))
  if (client === undefined) throw new OAuthError('invalid_request', 'There is no such client.', { reason: 'unknown-client' })
  const redirectUri = parameters.require('redirect_uri')
  if (!isRegisteredRedirect(redirectUri, client.redirectUris ?? [], isPublicClient(client))) {
    throw new OAuthError('invalid_request', 'The client has no such redirect URI.', { reason: 'unknown-redirect-uri' })
  }
  return { client, redirectUri, state: parameters.get('state') }
}

/** The rest of the request. Throws what the client is told at its redirect URI. */
export function requestOf(parameters: OAuthParameters, address: ReturnAddress, catalogue: ResourceCatalogue): AuthorizationRequest {
  parameters.requireSingle()
  if (parameters.get('request') !== undefined) throw new OAuthError('request_not_supported', 'Signed requests are not taken here.')
  if (parameters.require('response_type') !== 'code') throw new OAuthError('unsupported_response_type', 'Only codes are given here.')
  if (!grantsOf(address.client).includes('authorization_code')) throw new OAuthError('unauthorized_client', 'The client may not get codes.')
  if ((parameters.get('response_mode') ?? 'query') !== 'query') throw new OAuthError('invalid_request', 'Answers are given in the query.')
  const access = catalogue.grant(scopesOf(parameters.get('scope')), parameters.resources, address.client.scopes)
  return { ...address, ...access, challenge: challengeOf(parameters), proofKey: proofKeyOf(parameters), maxAge: maxAgeOf(parameters) }
}

/** RFC 7636 §4.3: S256 and nothing else. Whoever names no method would mean `plain`. */
function challengeOf(parameters: OAuthParameters): string {
  const challenge = parameters.require('code_challenge')
  if (parameters.get('code_challenge_method') !== 'S256') throw new OAuthError('invalid_request', 'code_challenge_method must be S256.')
  if (!isDigest(challenge)) throw new OAuthError('invalid_request', 'code_challenge is no SHA-256 in base64url.')
  return challenge
}

function proofKeyOf(parameters: OAuthParameters): string | undefined {
  const thumbprint = parameters.get('dpop_jkt')
  if (thumbprint !== undefined && !isDigest(thumbprint)) throw new OAuthError('invalid_request', 'dpop_jkt is no thumbprint.')
  return thumbprint
}

function maxAgeOf(parameters: OAuthParameters): number | undefined {
  const maxAge = parameters.get('max_age')
  if (maxAge !== undefined && !/^\d{1,9}$/.test(maxAge)) throw new OAuthError('invalid_request', 'max_age is no number of seconds.')
  return maxAge === undefined ? undefined : Number(maxAge)
}

function isDigest(text: string): boolean {
  return /^[A-Za-z0-9_-]{43}$/.test(text)
}
