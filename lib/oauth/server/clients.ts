import type { Jwk } from '../../authentication/key-material.js'
import type { Mistake } from '../../errors.js'
import type { Awaitable } from '../../state/state-store.js'
import { isSecretHash } from './client-secret.js'
import { redirectMistake } from './redirect-uri.js'

/** What a client may ask the token endpoint for. */
export type GrantType = 'authorization_code' | 'client_credentials' | 'refresh_token'

/** A program that gets tokens. One with neither secret nor keys is public: an app in a browser or on a phone. */
export interface OAuthClient {
  readonly id: string
  /** What people are asked about: `Shop`. @default the id */
  readonly name?: string
  /** What `hashClientSecret` made of the secret; several while it is changed. */
  readonly secretHash?: string | readonly string[]
  /** The public keys with which it signs assertions (`private_key_jwt`, RFC 7523 §2.2), instead of a secret. */
  readonly jwks?: { readonly keys: readonly Jwk[] }
  /** Where people are sent back to, to the character. HTTPS, or this machine's own address, or an app's own scheme. */
  readonly redirectUris?: readonly string[]
  /** @default with redirect URIs 'authorization_code' and 'refresh_token', without them 'client_credentials' */
  readonly grants?: readonly GrantType[]
  /** What it may ask for, and gets when it names nothing. */
  readonly scopes: readonly string[]
  /** Whether people are never asked: for programs of your own that have a secret. @default false */
  readonly skipsConsent?: boolean
  /** Whether authorization requests must be pushed (RFC 9126). @default false */
  readonly pushesRequests?: boolean
  /** Whether tokens must be bound to a key (RFC 9449). @default false */
  readonly bindsTokens?: boolean
  /** Whether it may ask about tokens for this resource that others got (RFC 7662): an API that takes them. @default its own tokens only */
  readonly introspects?: string
}

/** Where clients are looked up. */
export interface ClientSource {
  find(id: string): Awaitable<OAuthClient | undefined>
}

export function isPublicClient({ secretHash, jwks }: OAuthClient): boolean {
  return secretHash === undefined && jwks === undefined
}

/** What a client may ask for, defaults included. */
export function grantsOf({ grants, redirectUris = [] }: OAuthClient): readonly GrantType[] {
  return grants ?? (redirectUris.length > 0 ? ['authorization_code', 'refresh_token'] : ['client_credentials'])
}

/** What is wrong with a client, each named by its id. */
export function clientMistakes(client: OAuthClient, knownScopes: ReadonlySet<string>): readonly Mistake[] {
  const mistakes: Mistake[] = []
  const place = `client ${JSON.stringify(client.id)}`
  const complain = (problem: string, mend: string) => void mistakes.push({ place, problem, mend })
  const { id, secretHash, jwks, redirectUris = [], scopes } = client
  if (typeof id !== 'string' || !/^[\x21-\x7e]{1,256}$/.test(id))
    complain('the id is no name', 'write 1 to 256 characters of printable ASCII')
  if (secretHash !== undefined && ![secretHash].flat().every(isSecretHash)) {
    complain('secretHash is no hash of a secret', 'store what `await hashClientSecret(secret)` gives, never the secret itself')
  }
  if (secretHash !== undefined && jwks !== undefined) complain('it has a secret and keys', 'decide for one: two ways in are one too many')
  for (const uri of redirectUris) {
    const mistake = redirectMistake(uri)
    if (mistake !== undefined)
      complain(`the redirect URI ${JSON.stringify(uri)} ${mistake}`, 'register the whole address, https://app.example/callback')
  }
  for (const scope of scopes) {
    if (!knownScopes.has(scope))
      complain(`the scope ${JSON.stringify(scope)} belongs to no resource`, 'add it to resources, or take it away')
  }
  checkGrants(client, complain)
  return mistakes
}

function checkGrants(client: OAuthClient, complain: (problem: string, mend: string) => void): void {
  const grants = grantsOf(client)
  const { redirectUris = [] } = client
  if (grants.includes('authorization_code') && redirectUris.length === 0) {
    complain('it may get codes and has no redirect URI', "register one, or write grants: ['client_credentials']")
  }
  if (grants.includes('client_credentials') && isPublicClient(client)) {
    complain('it is public and may get tokens for itself', 'give it a secret or keys: anybody could say to be it')
  }
  if (client.skipsConsent === true && isPublicClient(client)) {
    complain('it is public and skips consent', 'ask people: any program on their machine could say to be it (RFC 9700 §4.14)')
  }
}
