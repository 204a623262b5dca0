import type { Identity } from '../context.js'
import type { Fields } from './compact-token.js'
import type { TokenRefusal } from './verifier.js'

/** What a verifier asks of the claims of every token. */
export interface ClaimRules {
  readonly issuer: string
  readonly audience: string
  /** Milliseconds. */
  readonly tolerance: number
  readonly requireTokenId: boolean
  /** The claims that hold roles and scopes. */
  readonly roles: string
  readonly scope: string
}

/** When a token may be used: milliseconds since 1970, tolerance included. */
export interface Validity {
  readonly from: number
  readonly until: number
}

/** The end of the year 9999, in seconds: no later date can be written, and most later numbers are milliseconds. */
const latest = 253_402_300_799

const halfACharacter = /\p{Surrogate}/u

/** The identity in the claims of a token that is signed and otherwise sound, and when it may be used; or why not at all. */
export function readClaims(claims: Fields, rules: ClaimRules): { identity: Identity; validity: Validity } | TokenRefusal {
  const { exp, nbf, iat, iss, aud, sub, jti } = claims
  if (!isTime(exp) || !isOptionalTime(nbf) || !isOptionalTime(iat)) return 'malformed'
  if (iss !== rules.issuer) return 'wrong-issuer'
  if (!isFor(rules.audience, aud)) return 'wrong-audience'
  if (!isName(sub)) return 'no-subject'
  if (jti === undefined ? rules.requireTokenId : !isName(jti)) return 'no-token-id'
  // Bound to a key that the caller would have to prove: whoever shows it as a bearer token may have stolen it (RFC 9449 §7.2).
  if ('cnf' in claims) return 'sender-constrained'
  const roles = rolesIn(claims[rules.roles])
  const scopes = scopesIn(claims[rules.scope])
  if (roles === undefined || scopes === undefined) return 'malformed'
  return {
    identity: Object.freeze<Identity>({
      id: sub,
      kind: claims['client_id'] === sub ? 'client' : 'user',
      issuer: iss,
      roles,
      scopes,
      claims,
      tokenId: jti as string | undefined,
      expiresAt: exp * 1000,
    }),
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

function isFor(audience: string, claimed: unknown): boolean {
  if (typeof claimed === 'string') return claimed === audience
  return isStrings(claimed) && claimed.includes(audience)
}

/** The roles in a claim: an array of texts, or nothing. Undefined where it is in any other form. */
export function rolesIn(claim: unknown): readonly string[] | undefined {
  if (claim === undefined) return none
  return isStrings(claim) ? claim : undefined
}

/**
 * The scopes in a claim: words in one text (RFC 8693 §4.2), or an array of them, as some issuers write. A claim that is there
 * and empty is undefined: no scope at all must not read as no restriction to scopes.
 */
export function scopesIn(claim: unknown): readonly string[] | undefined {
  if (claim === undefined) return none
  const scopes = typeof claim === 'string' ? Object.freeze(claim.split(' ').filter((one) => one !== '')) : claim
  return isStrings(scopes) && scopes.length > 0 && !scopes.includes('') ? scopes : undefined
}

const none: readonly string[] = Object.freeze([])

function isStrings(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((one) => typeof one === 'string')
}
