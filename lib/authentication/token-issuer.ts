import { randomUUID } from 'node:crypto'
import type { Clock, IdGenerator } from '../context.js'
import type { Mistake } from '../errors.js'
import { isName } from './claims.js'
import { namesIn, scopesIn } from './claims-reader.js'
import { guessableKeys, signingKey } from './keys.js'
import type { KeyOptions } from './keys.js'
import { signClaims } from './signature.js'

/** Whose tokens are issued, for whom, and with what. */
export interface TokenIssuerOptions {
  /** Becomes `iss`; verifiers are told the same. */
  readonly issuer: string
  /** Becomes `aud`: the API that the tokens are for. */
  readonly audience: string
  /** What signs: a key with `secret` or `privateKey`. Its `kid` stands in each token. */
  readonly key: KeyOptions
  /** How long a token lives: whole seconds, up to a year. @default 3600 */
  readonly lifetime?: number
  /** What kind of token the header says that it is: `at+jwt` needs the claim `client_id` (RFC 9068 §2). @default 'JWT' */
  readonly typ?: 'JWT' | 'at+jwt'
  /** @default the system's */
  readonly clock?: Clock
  /** Makes the `jti` of each token. @default random UUIDs */
  readonly ids?: IdGenerator
}

/** What a token says besides what the issuer says of it. */
export interface TokenClaims {
  /** Who the token speaks of; must not be empty. */
  readonly sub: string
  readonly roles?: readonly string[]
  /** Words with one space between them. */
  readonly scope?: string
  readonly permissions?: readonly string[]
  /** The OAuth client that the token is given to. */
  readonly client_id?: string
  readonly [claim: string]: unknown
}

/** What may be different for one token. */
export interface TokenOverrides {
  /** @default the issuer's */
  readonly audience?: string
  /** Whole seconds. @default the issuer's */
  readonly lifetime?: number
  /** The thumbprint of the key that whoever bears the token must prove to have (RFC 9449 §6.1). @default none */
  readonly proofKey?: string
}

/** A token, and what is to be remembered of it. */
export interface IssuedToken {
  readonly token: string
  /** The token's `jti`: what `Revocations.revoke` wants. */
  readonly tokenId: string
  /** Seconds, as `expires_in` of RFC 6749 §5.1. */
  readonly expiresIn: number
  /** Milliseconds since 1970. */
  readonly expiresAt: number
}

/** Signs tokens of one issuer. */
export interface TokenIssuer {
  /** How long a token lives where `overrides` say nothing else, in seconds. @default not known */
  readonly lifetime?: number
  /** Whether its secret can be guessed, and was accepted all the same. @default not known */
  readonly isGuessable?: boolean
  /**
   * Signs a token. Throws a `TypeError` where `sub` is missing, where roles or scope are in a form that verifiers refuse, and
   * where a claim is named that is the issuer's to say (`iss`, `aud`, `exp`, `nbf`, `iat`, `jti`, `cnf`).
   */
  issue(claims: TokenClaims, overrides?: TokenOverrides): IssuedToken
}

/**
 * Issues the tokens that `bearer` takes, when both are given the same issuer, audience and key. Throws a `TypeError` that
 * lists what is wrong with the options: a weak or missing key, an empty issuer or audience, a lifetime that is none.
 */
export function tokenIssuer(options: TokenIssuerOptions): TokenIssuer {
  const { issuer, audience, lifetime = 3600, typ = 'JWT', clock = { now: () => Date.now() }, ids = { next: () => randomUUID() } } = options
  const mistakes = mistakesIn(options)
  const signing = signingKey(options.key, 'tokenIssuer.key', (mistake) => void mistakes.push(mistake))
  if (signing === undefined || mistakes.length > 0) throw new TypeError(mistakes.map(toLine).join('\n'))
  const { kid } = signing
  const header = { typ, ...(kid === undefined ? {} : { kid }) }

  return {
    lifetime,
    isGuessable: guessableKeys([options.key], 'tokenIssuer.key').length > 0,
    issue(claims, overrides = {}) {
      checkClaims(claims, typ)
      const { proofKey } = overrides
      const seconds = overrides.lifetime ?? lifetime
      const issuedAt = Math.floor(clock.now() / 1000)
      const tokenId = ids.next()
      const registered = { iss: issuer, aud: overrides.audience ?? audience, iat: issuedAt, exp: issuedAt + seconds, jti: tokenId }
      const bound = proofKey === undefined ? {} : { cnf: { jkt: proofKey } }
      const token = signClaims(signing, header, { ...claims, ...registered, ...bound })
      return { token, tokenId, expiresIn: seconds, expiresAt: (issuedAt + seconds) * 1000 }
    },
  }
}

const reserved = ['iss', 'aud', 'exp', 'nbf', 'iat', 'jti', 'cnf'] as const

function checkClaims(claims: TokenClaims, typ: string): void {
  if (!isName(claims.sub)) throw new TypeError('sub is missing: name who the token speaks of')
  if (typ === 'at+jwt' && !isName(claims.client_id)) throw new TypeError('client_id is missing: an access token names its client')
  if (namesIn(claims.roles) === undefined) throw new TypeError("roles are no array of names: write such as ['customer']")
  if (scopesIn(claims.scope) === undefined) throw new TypeError("scope is empty: write words such as 'orders:read', or leave it out")
  for (const name of reserved) {
    if (claims[name] !== undefined) throw new TypeError(`the claim ${name} is not for issue() to say: leave it out`)
  }
}

function mistakesIn({ issuer, audience, lifetime = 3600 }: TokenIssuerOptions): Mistake[] {
  const mistakes: Mistake[] = []
  if (!isName(issuer)) mistakes.push({ place: 'tokenIssuer.issuer', problem: 'issuer is empty', mend: 'name who issues' })
  if (!isName(audience))
    mistakes.push({ place: 'tokenIssuer.audience', problem: 'audience is empty', mend: 'name the API that the tokens are for' })
  if (!Number.isSafeInteger(lifetime) || lifetime < 1 || lifetime > longestLifetime) {
    mistakes.push({
      place: 'tokenIssuer.lifetime',
      problem: `${lifetime} is no lifetime`,
      mend: `write whole seconds from 1 to ${longestLifetime}`,
    })
  }
  return mistakes
}

const longestLifetime = 31_536_000

function toLine({ place, problem, mend }: Mistake): string {
  return `${place}: ${problem} → ${mend}`
}
