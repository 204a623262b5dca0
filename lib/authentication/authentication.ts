import type { Clock, Identity, Principal } from '../context.js'
import { ApiError, InvalidToken, MalformedRequest, Unauthenticated } from '../errors.js'
import type { Exchange } from '../exchange.js'
import type { Policy } from '../policy.js'
import type { Protection, RouteSetup, Step } from '../protection.js'
import type { Authentication } from './bearer.js'
import { challengesOf } from './challenges.js'
import type { Challenges } from './challenges.js'
import { bearerToken, isAuthorizedTwice, isTokenInQuery } from './credentials.js'
import type { Revocations } from './revocations.js'
import { TokenRefused } from './verifier.js'
import type { TokenVerifier } from './verifier.js'

export { bearer } from './bearer.js'
export type { Authentication, BearerOptions } from './bearer.js'
export type { AsymmetricKey, Jwk } from './key-material.js'
export type { Algorithm, KeyOptions } from './keys.js'
export { MemoryRevocations } from './revocations.js'
export type { MemoryRevocationsOptions, Revocations } from './revocations.js'
export { tokenIssuer } from './token-issuer.js'
export type { IssuedToken, TokenClaims, TokenIssuer, TokenIssuerOptions } from './token-issuer.js'
export { TokenRefused } from './verifier.js'
export type { TokenRefusal, TokenVerifier } from './verifier.js'

/** What authentication needs of the rest of the API. */
export interface AuthenticationServices {
  /** Stands in for the verifier of the options, where one is registered. */
  readonly tokenVerifier: TokenVerifier | undefined
  readonly revocations: Revocations
  readonly clock: Clock
  readonly principalOf: (identity: Identity) => Principal | Promise<Principal>
  readonly isPublic: (policy: Policy) => boolean
}

/**
 * Finds out who calls, on every route that is not public: reads the bearer token (RFC 6750), has it verified, asks whether it
 * was revoked, and sets `exchange.principal`. On public routes no token is read. Without a verifier nobody gets in.
 */
export function authentication(options: Authentication | undefined, services: AuthenticationServices): Protection {
  const challenges = challengesOf(options?.realm ?? 'api')
  const verifier = services.tokenVerifier ?? options?.verifier
  const step = verifier === undefined ? refuseAll(challenges) : identifying(verifier, challenges, services)
  return {
    name: 'authentication',
    phase: 'identity',
    compile(route: RouteSetup): Step | undefined {
      if (services.isPublic(route.policy)) return undefined
      route.describe('authentication', 'bearer')
      return step
    },
  }
}

function refuseAll(challenges: Challenges): Step {
  return function refuseEveryone() {
    throw new Unauthenticated(undefined, { headers: challenges.missing, reason: 'no-authentication' })
  }
}

function identifying(verifier: TokenVerifier, challenges: Challenges, services: AuthenticationServices): Step {
  const { revocations, clock, principalOf } = services

  return function authenticate(exchange) {
    const token = tokenOf(exchange, challenges)
    const identity = verified(token)
    return isPromise(identity)
      ? identity.then(
          (found) => admit(exchange, token, found),
          (thrown: unknown) => {
            throw toRefusal(thrown, challenges)
          },
        )
      : admit(exchange, token, identity)
  }

  function verified(token: string): Identity | Promise<Identity> {
    try {
      return verifier.verify(token, clock.now())
    } catch (thrown) {
      throw toRefusal(thrown, challenges)
    }
  }

  function admit(exchange: Exchange, token: string, identity: Identity): void | Promise<void> {
    if (identity.tokenId === undefined) return name(exchange, identity)
    const revoked = revocations.isRevoked(identity.tokenId, identity)
    if (isPromise(revoked)) return revoked.then((answer) => admitUnless(answer, exchange, token, identity))
    return admitUnless(revoked, exchange, token, identity)
  }

  function admitUnless(revoked: unknown, exchange: Exchange, token: string, identity: Identity): void | Promise<void> {
    // A store that answers with anything else has not said that the token is good.
    if (revoked === false) return name(exchange, identity)
    verifier.forget?.(token)
    throw toRefusal(new TokenRefused('revoked'), challenges)
  }

  function name(exchange: Exchange, identity: Identity): void | Promise<void> {
    const principal = principalOf(identity)
    if (isPromise(principal)) return nameLater(exchange, principal)
    exchange.principal = principal
    return undefined
  }
}

async function nameLater(exchange: Exchange, pending: Promise<Principal>): Promise<void> {
  exchange.principal = await pending
}

/** The token that the request bears, in the one way that is taken. */
function tokenOf(exchange: Exchange, challenges: Challenges): string {
  const { request, target } = exchange
  const { authorization } = request.headers
  const inQuery = isTokenInQuery(target.query)
  if (isAuthorizedTwice(request) || (inQuery && authorization !== undefined)) {
    throw new MalformedRequest('Send one access token, in one Authorization header.', {
      headers: challenges.invalidRequest,
      reason: inQuery ? 'token-in-query-and-header' : 'two-authorization-headers',
    })
  }
  const token = bearerToken(authorization)
  if (token !== undefined) return token
  const reason = inQuery ? 'token-in-query' : authorization === undefined ? 'no-token' : 'other-scheme'
  throw new Unauthenticated(undefined, { headers: challenges.missing, reason })
}

const events: ReadonlyMap<string, string> = new Map([
  ['expired', 'session_use_after_expire'],
  ['revoked', 'authn_token_reuse'],
])

/** One answer for every reason, byte for byte: which of the checks a forger has passed is not told. */
function toRefusal(thrown: unknown, { invalidToken }: Challenges): unknown {
  if (thrown instanceof TokenRefused) {
    const event = events.get(thrown.reason) ?? 'authn_login_fail'
    return new InvalidToken(undefined, { headers: invalidToken, reason: `token-${thrown.reason}`, event, cause: thrown })
  }
  if (thrown instanceof ApiError && thrown.status === 401) {
    return new InvalidToken(undefined, { headers: invalidToken, reason: thrown.reason, cause: thrown })
  }
  return thrown
}

function isPromise<T extends object | boolean>(value: T | Promise<T>): value is Promise<T> {
  return typeof (value as Promise<T>).then === 'function'
}
