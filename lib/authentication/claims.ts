import type { Identity } from '../context.js'
import type { Fields } from './compact-token.js'
import { isStrings } from './claims-reader.js'
import type { ClaimsReader } from './claims-reader.js'
import type { TokenRefusal } from './verifier.js'

/** What a verifier asks of the claims of every token. */
export interface ClaimRules {
  readonly issuer: string
  /** The names of whoever takes the tokens: one of them must be meant. */
  readonly audiences: readonly string[]
  /** Milliseconds. */
  readonly tolerance: number
  readonly requireTokenId: boolean
  /** Makes of the claims what they say about the caller. */
  readonly read: ClaimsReader
}

/** When a token may be used: milliseconds since 1970, tolerance included. */
export interface Validity {
  readonly from: number
  readonly until: number
}

/** The end of the year 9999, in seconds: no later date can be written, and most later numbers are milliseconds. */
const latest = 253_402_300_799

const halfACharacter = /\p{Surrogate}/u

/** What the header of a token says about its claims. */
export interface TokenKind {
  readonly keyId?: string | undefined
  /** Whether it is an access token of RFC 9068 (`at+jwt`), with claims that others need not have. */
  readonly isAccessToken?: boolean
}

/** The identity in the claims of a token that is signed and otherwise sound, and when it may be used; or why not at all. */
export function readClaims(
  claims: Fields,
  rules: ClaimRules,
  { keyId, isAccessToken = false }: TokenKind = {},
): { identity: Identity; validity: Validity } | TokenRefusal {
  const { exp, nbf, iat, iss, aud, sub, jti, sid } = claims
  if (!isTime(exp) || !isOptionalTime(nbf) || !isOptionalTime(iat)) return 'malformed'
  if (iss !== rules.issuer) return 'wrong-issuer'
  if (!isFor(rules.audiences, aud)) return 'wrong-audience'
  if (!isName(sub)) return 'no-subject'
  if (jti === undefined ? rules.requireTokenId : !isName(jti)) return 'no-token-id'
  // RFC 9068 §2.2
  if (isAccessToken && (iat === undefined || jti === undefined || !isName(claims['client_id']))) return 'no-client'
  const proofKey = proofKeyIn(claims)
  if (proofKey === 'unknown') return 'sender-constrained'
  const facts = factsIn(claims, rules.read)
  if (facts === undefined) return 'malformed'
  return {
    identity: {
      id: sub,
      kind: facts.kind,
      issuer: iss,
      roles: facts.roles,
      scopes: facts.scopes,
      claims,
      tokenId: jti as string | undefined,
      expiresAt: exp * 1000,
      issuedAt: iat === undefined ? undefined : iat * 1000,
      grants: facts.grants,
      keyId,
      sessionId: isName(sid) ? sid : undefined,
      proofKey,
    },
    validity: {
      from: Math.max(nbf ?? -latest, iat ?? -latest) * 1000 - rules.tolerance,
      until: exp * 1000 + rules.tolerance,
    },
  }
}

/** Whether a token may be used now, or why not. A token ends with the first millisecond of its `exp` (RFC 7519 §4.1.4). */
export function refusalAt(now: number, { from, until }: Validity): TokenRefusal | undefined {
  if (!(now < until)) return 'expired'
  return now >= from ? undefined : 'not-yet-valid'
}

/** 1e400 parses as Infinity and compares as a token that never ends. */
function isTime(value: unknown): value is number {
  return typeof value === 'number' && Math.abs(value) <= latest
}

function isOptionalTime(value: unknown): value is number | undefined {
  return value === undefined || isTime(value)
}

/** Half a surrogate pair becomes U+FFFD in every database and log: two subjects would become one. */
export function isName(value: unknown): value is string {
  return typeof value === 'string' && value.trim() !== '' && !halfACharacter.test(value)
}

function isFor(audiences: readonly string[], claimed: unknown): boolean {
  if (typeof claimed === 'string') return audiences.includes(claimed)
  return isStrings(claimed) && claimed.some((one) => audiences.includes(one))
}

/** The thumbprint that a token is bound to; `unknown` where it is bound in a way that is not checked here. */
function proofKeyIn(claims: Fields): string | undefined {
  const { cnf } = claims
  if (cnf === undefined) return undefined
  if (typeof cnf !== 'object' || cnf === null) return 'unknown'
  const { jkt, ...others } = cnf as Fields
  // Bound to a certificate as well, or to something new: whoever shows it may have stolen it.
  return typeof jkt === 'string' && thumbprint.test(jkt) && Object.keys(others).length === 0 ? jkt : 'unknown'
}

/** SHA-256 in base64url (RFC 7638 §3). */
const thumbprint = /^[A-Za-z0-9_-]{43}$/

/** What a reader made of the claims, if all of it is in a form that can be relied on. */
function factsIn(claims: Fields, read: ClaimsReader) {
  const facts = read(claims)
  if (facts === undefined) return undefined
  const { kind = 'user', roles = none, scopes = none, grants = none } = facts
  if (!isStrings(roles) || !isStrings(scopes) || !isStrings(grants)) return undefined
  return { kind, roles: frozen(roles), scopes: frozen(scopes), grants: frozen(grants) }
}

/** An identity is remembered with its token: what one request changed in it, the next would have. */
function frozen(names: readonly string[]): readonly string[] {
  return Object.isFrozen(names) ? names : Object.freeze([...names])
}

const none: readonly string[] = Object.freeze([])
