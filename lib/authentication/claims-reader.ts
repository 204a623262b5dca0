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
 * and takes a caller for a client where `sub` is its `client_id` (RFC 9068 §2.2). Give other names where your issuer has them:
 * `standardClaims({ roles: 'cognito:groups' })`. A token whose `token_use` says that it is none for APIs is refused.
 */
export function standardClaims({ roles = 'roles', scope, permissions = 'permissions' }: ClaimNames = {}): ClaimsReader {
  return function readStandardClaims(claims) {
    if (!tokenUses.has(claims['token_use'])) return undefined
    return whole({
      isClient: claims['client_id'] !== undefined && claims['client_id'] === claims['sub'],
      roles: namesIn(claims[roles]),
      scopes: scopesIn(claims[scope ?? ('scope' in claims ? 'scope' : 'scp')]),
      grants: namesIn(claims[permissions]),
    })
  }
}

/**
 * Reads tokens of Keycloak: roles of the realm (`realm_access.roles`) and, where a client is named, its own
 * (`resource_access[client].roles`). A service account is a client. ID and refresh tokens are refused.
 */
export function keycloakClaims({ client }: { readonly client?: string } = {}): ClaimsReader {
  return function readKeycloakClaims(claims) {
    if (!keycloakTypes.has(claims['typ'])) return undefined
    const ofRealm = namesIn(memberOf(claims['realm_access'], 'roles'))
    const ofClient = client === undefined ? none : namesIn(memberOf(memberOf(claims['resource_access'], client), 'roles'))
    return whole({
      isClient: isServiceAccount(claims),
      roles: ofRealm === undefined || ofClient === undefined ? undefined : [...ofRealm, ...ofClient],
      scopes: delegatedIn(claims['scope']),
      grants: none,
    })
  }
}

/**
 * Reads tokens of Auth0: `permissions` of its role-based access control, `scope`, and roles under a namespaced claim such as
 * `https://api.example.com/roles`. A token of the grant client credentials is a client's. Only the RFC 9068 profile has a `jti`:
 * for the other, say `requireTokenId: false`.
 */
export function auth0Claims({ roles }: { readonly roles?: string } = {}): ClaimsReader {
  return function readAuth0Claims(claims) {
    const { sub, azp, client_id: client = azp } = claims
    return whole({
      isClient: isText(client) && sub === `${client}@clients`,
      roles: roles === undefined ? none : namesIn(claims[roles]),
      scopes: delegatedIn(claims['scope']),
      grants: namesIn(claims['permissions']),
    })
  }
}

/**
 * Reads access tokens of Microsoft Entra ID, v2.0 and v1.0: `scp`, and app roles in `roles`, of users and of applications alike.
 * ID tokens are refused. Its tokens have no `jti`: say `requireTokenId: false`.
 */
export function entraClaims(): ClaimsReader {
  return function readEntraClaims(claims) {
    const { azp, appid, idtyp, scp, sub, oid } = claims
    // An ID token does not name the application that it was given to.
    if (!isText(azp ?? appid)) return undefined
    return whole({
      // `idtyp` is optional; what a user delegates has scopes, and a subject that is not the object's id.
      isClient: idtyp === undefined ? scp === undefined && isText(oid) && sub === oid : idtyp === 'app',
      roles: namesIn(claims['roles']),
      scopes: scopesIn(scp),
      grants: none,
    })
  }
}

/**
 * Reads access tokens of Okta's custom authorization servers: `scp`, and roles in the claim of groups that you have added there.
 * A token of the grant client credentials is a client's. ID tokens are refused.
 */
export function oktaClaims({ roles = 'groups' }: { readonly roles?: string } = {}): ClaimsReader {
  return function readOktaClaims(claims) {
    const { cid, uid, sub } = claims
    // Only access tokens name the client that they were given to.
    if (!isText(cid)) return undefined
    return whole({
      // A user may have been given a login that reads as a client's id, and has an id besides.
      isClient: sub === cid && uid === undefined,
      roles: namesIn(claims[roles]),
      scopes: scopesIn(claims['scp']),
      grants: none,
    })
  }
}

/** What was read; a part that is undefined was in a form that cannot be relied on. */
interface Reading {
  readonly isClient: boolean
  readonly roles: readonly string[] | undefined
  readonly scopes: readonly string[] | undefined
  readonly grants: readonly string[] | undefined
}

function whole({ isClient, roles, scopes, grants }: Reading): CallerFacts | undefined {
  if (roles === undefined || scopes === undefined || grants === undefined) return undefined
  return { kind: isClient ? 'client' : 'user', roles, scopes, grants }
}

/** What `typ` in the claims of an access token of Keycloak can be. */
const keycloakTypes: ReadonlySet<unknown> = new Set([undefined, 'Bearer', 'DPoP'])

/**
 * A client's scopes are permissions, so nobody may pass for one. Users choose their names, also ones that look like an account's;
 * but a login has a session, and `client_id` is not written for it.
 */
function isServiceAccount({ preferred_username: name, azp, client_id: own, clientId: formerly, sid, session_state: session }: Fields) {
  if (!isText(azp) || sid !== undefined || session !== undefined) return false
  return (own ?? formerly) === azp && name === `service-account-${azp.toLowerCase()}`
}

/** What `token_use` can be where a token is for APIs, and not for who logged in. */
const tokenUses: ReadonlySet<unknown> = new Set([undefined, 'access', 'access_token'])

/** The names in a claim: a list of texts, or nothing. Undefined where it is in any other form. */
export function namesIn(claim: unknown): readonly string[] | undefined {
  if (claim === undefined) return none
  return isStrings(claim) ? claim : undefined
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

/** The scopes that lend something. Some issuers write an empty text where none were asked for. */
function delegatedIn(claim: unknown): readonly string[] | undefined {
  return scopesIn(claim === '' ? undefined : claim)?.filter((scope) => !openIdScopes.has(scope))
}

function memberOf(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined
  return Object.hasOwn(value, name) ? (value as Readonly<Record<string, unknown>>)[name] : undefined
}

/** Whether this is a list of texts. */
export function isStrings(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every(isString)
}

function isString(value: unknown): value is string {
  return typeof value === 'string'
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== ''
}
