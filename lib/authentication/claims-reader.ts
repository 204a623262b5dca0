import type { Fields } from './compact-token.js'

/** What the claims of a token say about the caller. */
export interface CallerFacts {
  /** @default 'user' */
  readonly kind?: 'user' | 'client'
  readonly roles?: readonly string[] | undefined
  /** What the token was given for. None means no restriction to scopes. */
  readonly scopes?: readonly string[] | undefined
  /** Permissions that the token itself grants. */
  readonly grants?: readonly string[] | undefined
}

/**
 * Reads the caller out of the claims of a token whose signature, issuer, audience and times are right. Undefined refuses the
 * token: what cannot be understood must not be guessed.
 */
export type ClaimsReader = (claims: Fields) => CallerFacts | undefined

/** The names under which tokens say things. */
export interface ClaimNames {
  /** @default 'roles' */
  readonly roles?: string
  /** @default 'scope', or 'scp' where there is none */
  readonly scope?: string
  /** @default 'permissions' */
  readonly permissions?: string
}

const none: readonly string[] = Object.freeze([])

/**
 * Reads `scope` (words in a text, RFC 8693 §4.2) or `scp` (a list, as some issuers write), the lists `roles` and `permissions`,
 * and takes a caller for a client where `sub` is its `client_id` (RFC 9068 §2.2). Give other names where your issuer has them.
 */
export function standardClaims({ roles = 'roles', scope, permissions = 'permissions' }: ClaimNames = {}): ClaimsReader {
  return function readStandardClaims(claims) {
    const facts = {
      kind: claims['client_id'] !== undefined && claims['client_id'] === claims['sub'] ? ('client' as const) : ('user' as const),
      roles: namesIn(claims[roles]),
      scopes: scopesIn(claims[scope ?? ('scope' in claims ? 'scope' : 'scp')]),
      grants: namesIn(claims[permissions]),
    }
    return facts.roles === undefined || facts.scopes === undefined || facts.grants === undefined ? undefined : facts
  }
}

/**
 * Reads tokens of Keycloak: roles of the realm (`realm_access.roles`) and, where a client is named, its own
 * (`resource_access[client].roles`). A service account is a client.
 */
export function keycloakClaims({ client }: { readonly client?: string } = {}): ClaimsReader {
  return function readKeycloakClaims(claims) {
    const ofRealm = namesIn(memberOf(claims['realm_access'], 'roles'))
    const ofClient = client === undefined ? none : namesIn(memberOf(memberOf(claims['resource_access'], client), 'roles'))
    const scopes = scopesIn(claims['scope'] === '' ? undefined : claims['scope'])
    if (ofRealm === undefined || ofClient === undefined || scopes === undefined) return undefined
    const isServiceAccount = String(claims['preferred_username']).startsWith('service-account-')
    // Its scopes name what is told of a user, not what may be done: they restrict nothing.
    return { kind: isServiceAccount ? 'client' : 'user', roles: [...ofRealm, ...ofClient], scopes: delegated(scopes) }
  }
}

/**
 * Reads tokens of Auth0: `permissions` of its role-based access control, `scope`, and roles under a namespaced claim such as
 * `https://api.example.com/roles`. A token of the grant client credentials is a client's.
 */
export function auth0Claims({ roles }: { readonly roles?: string } = {}): ClaimsReader {
  return function readAuth0Claims(claims) {
    const facts = {
      kind: claims['gty'] === 'client-credentials' ? ('client' as const) : ('user' as const),
      roles: roles === undefined ? none : namesIn(claims[roles]),
      scopes: scopesIn(claims['scope'] === '' ? undefined : claims['scope']),
      grants: namesIn(claims['permissions']),
    }
    if (facts.roles === undefined || facts.scopes === undefined || facts.grants === undefined) return undefined
    return { ...facts, scopes: delegated(facts.scopes) }
  }
}

/** The names in a claim: a list of texts, or nothing. Undefined where it is in any other form. */
export function namesIn(claim: unknown): readonly string[] | undefined {
  if (claim === undefined) return none
  return Array.isArray(claim) && claim.every((one) => typeof one === 'string') ? claim : undefined
}

/**
 * The scopes in a claim: words in one text, or a list of them. A claim that is there and empty is undefined: no scope at all
 * must not read as no restriction to scopes.
 */
export function scopesIn(claim: unknown): readonly string[] | undefined {
  if (claim === undefined) return none
  const scopes = typeof claim === 'string' ? Object.freeze(claim.split(' ').filter((one) => one !== '')) : namesIn(claim)
  return scopes === undefined || scopes.length === 0 || scopes.includes('') ? undefined : scopes
}

/** The scopes of OpenID Connect ask for facts about a user: they lend nothing, and do not restrict what is lent. */
const openIdScopes: ReadonlySet<string> = new Set(['openid', 'profile', 'email', 'address', 'phone', 'offline_access'])

function delegated(scopes: readonly string[]): readonly string[] {
  return scopes.filter((scope) => !openIdScopes.has(scope))
}

function memberOf(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined
  return Object.hasOwn(value, name) ? (value as Readonly<Record<string, unknown>>)[name] : undefined
}
