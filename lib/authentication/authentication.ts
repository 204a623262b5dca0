import type { Clock, Identity, Logger, Principal } from '../context.js'
import { ApiError, InvalidToken, MalformedRequest, Unauthenticated } from '../errors.js'
import type { Exchange } from '../exchange.js'
import { InjectedRequest } from '../injected-request.js'
import type { Policy } from '../policy.js'
import type { CallerScheme } from '../operation.js'
import type { LoginChallenge } from '../login-challenge.js'
import { isPromiseLike } from '../promise.js'
import type { Finding, Protection, RouteSetup, Step } from '../protection.js'
import { statedIdentity, statedPrincipal } from '../stated-caller.js'
import type { StateStore } from '../state/state-store.js'
import { bearer } from './bearer.js'
import { challengesOf } from './challenges.js'
import { isTokenInQuery } from './credentials.js'
import type { Revocations } from './revocations.js'
import { TokenRefused, refused } from './verifier.js'
import type { TokenVerifier } from './verifier.js'
import type { Authentication, Caller, CallerIdentification } from './ways.js'

type PrincipalOf = (identity: Identity) => Principal | Promise<Principal>

/** What authentication needs of the rest of the API. */
export interface AuthenticationServices {
  /** Stands in for the verifier of the options, where one is registered. */
  readonly tokenVerifier: TokenVerifier | undefined
  readonly revocations: Revocations
  readonly state: StateStore
  readonly clock: Clock
  readonly logger: Logger
  readonly principalOf: PrincipalOf
  readonly isPublic: (policy: Policy) => boolean
}

/** The protection that finds out who calls, and what the rest of the pipeline must know of it. */
export interface CallerAuthentication extends Protection {
  /** Whether there is any way to know callers. */
  readonly isPossible: boolean
  /** What a 401 says in `WWW-Authenticate` where it says nothing itself. */
  readonly challenge: string
  /** Headers of the 403 for a token that lacks a scope. */
  readonly insufficientScope: (scope: string) => readonly string[]
  /** Headers of the 401 for a token whose login is too old or too weak. */
  readonly insufficientAuthentication: (needed: LoginChallenge) => readonly string[]
}

/**
 * Finds out who calls, on every route that is not public, in the ways that the API was given: reads the credentials, has them
 * verified, asks whether they were revoked, and sets `exchange.principal`. On public routes no credentials are read. Without any
 * way to know callers nobody gets in.
 */
export function authentication(
  given: Authentication | readonly Authentication[] | undefined,
  services: AuthenticationServices,
): CallerAuthentication {
  const ways = [given ?? []].flat()
  // A registered verifier alone says how: by bearer tokens that it knows.
  const all = ways.length === 0 && services.tokenVerifier !== undefined ? [bearer({ issuers: [] })] : ways
  const opened = all.map((way) => way.open(services))
  const challenge = opened.flatMap((way) => way.challenge ?? []).join(', ') || 'Bearer realm="api"'
  const names = all.map(({ name }) => name)
  const nameOf = new Map(opened.map((way, index) => [way, names[index]]))
  const step = identifying(choosing(opened, challenge), { ...services, nameOf, stated: opened[0] })
  return {
    name: 'authentication',
    phase: 'identity',
    decidesBy: 'credentials',
    isPossible: opened.length > 0,
    challenge,
    insufficientScope: opened.find((way) => way.insufficientScope !== undefined)?.insufficientScope ?? (() => []),
    // A page whose session is a cookie reads what to ask for there too.
    insufficientAuthentication:
      opened.find((way) => way.insufficientAuthentication !== undefined)?.insufficientAuthentication ??
      challengesOf({ realm: 'api' }).insufficientAuthentication,
    compile(route: RouteSetup): Step | undefined {
      if (services.isPublic(route.policy)) return undefined
      route.describe('authentication', names.join(' or '))
      return step
    },
    document({ policy, method }, operation) {
      if (services.isPublic(policy)) return
      operation.callers(all.flatMap(schemesOf))
      const headers = { 'WWW-Authenticate': challengeHeader }
      for (const code of ['unauthenticated', 'invalid-token', ...all.flatMap(({ refusals = [] }) => refusals)]) {
        operation.refusal({ status: 401, code, headers })
      }
      // A browser's cookie counts only on what a page of the same origin sends.
      const isForgeable = opened.some(({ isAmbient }) => isAmbient) && method !== 'GET' && method !== 'HEAD'
      if (isForgeable) operation.refusal({ status: 403, code: 'permission-denied' })
      operation.refusal({ status: 503, code: 'unavailable' })
    },
  }
}

const challengeHeader = { description: 'How to make oneself known (RFC 9110 §11.6.1).', schema: { type: 'string' } }

/** How a way of somebody's own is described, of which no more is known than its name. */
function schemesOf({ name, schemes }: Authentication): readonly CallerScheme[] {
  return schemes ?? [{ name, scheme: { type: 'http', scheme: name, description: 'A way of making oneself known of this API alone.' } }]
}

type Choose = (exchange: Exchange) => CallerIdentification | ApiError

/** The way that counts for a request: whoever brings credentials of two kinds is asked to decide. */
function choosing(ways: readonly CallerIdentification[], challenge: string): Choose {
  const [first, ...others] = ways
  if (first !== undefined && others.length === 0) return () => first
  const headers = ['WWW-Authenticate', challenge]
  // Made once: a stack costs more than all checks together.
  const nobody = Object.freeze(
    new Unauthenticated(undefined, { headers, reason: first === undefined ? 'no-authentication' : 'no-credentials' }),
  )
  const several = Object.freeze(new MalformedRequest('Send one kind of credentials.', { headers, reason: 'two-credentials' }))
  return function chooseWay(exchange) {
    const borne = ways.filter((way) => way.bears(exchange))
    // Cookies come by themselves: whoever says who calls, says it in a header.
    const said = withoutGeneral(
      exchange,
      borne.filter(({ isAmbient }) => !isAmbient),
    )
    const [way, second] = said.length > 0 ? said : borne
    if (second !== undefined) return several
    return way ?? nobody
  }
}

/** A bearer token that one way recognises is not at the same time one that could be anybody's. */
function withoutGeneral(exchange: Exchange, ways: readonly CallerIdentification[]): readonly CallerIdentification[] {
  const isRecognised = ways.length > 1 && ways.some((way) => way.recognises?.(exchange) === true)
  // A second token, in the query, is nobody's that one: two are still too many.
  return isRecognised && !isTokenInQuery(exchange.target.query) ? ways.filter(({ isGeneral }) => isGeneral !== true) : ways
}

interface IdentifyingServices extends AuthenticationServices {
  /** What each way is called. */
  readonly nameOf: ReadonlyMap<CallerIdentification, string | undefined>
  /** The way that stands for a test that says who calls. */
  readonly stated: CallerIdentification | undefined
}

/** How a caller was known, and who that is. */
interface Known {
  readonly way: CallerIdentification | undefined
  readonly principalFor: PrincipalOf
}

function identifying(choose: Choose, { revocations, principalOf, nameOf, stated: statedWay }: IdentifyingServices): Step {
  return function authenticate(exchange) {
    const stated = InjectedRequest.callerOf(exchange.request)
    // A test says who calls. From here on the caller is treated as any other: its token may be revoked, its permissions are looked up.
    if (stated !== undefined) {
      return admit(exchange, statedIdentity(stated), {
        way: statedWay,
        principalFor: (identity) => statedPrincipal(stated, identity, principalOf),
      })
    }
    const way = choose(exchange)
    if (way instanceof Error) return way
    let caller: Caller | Promise<Caller>
    try {
      caller = way.identify(exchange)
    } catch (thrown) {
      return refusalFor(thrown, way)
    }
    return isPromiseLike(caller)
      ? caller.then(
          (found) => receive(exchange, found, way),
          (thrown: unknown) => refusalFor(thrown, way),
        )
      : receive(exchange, caller, way)
  }

  function receive(exchange: Exchange, caller: Caller, way: CallerIdentification): Finding | Promise<Finding> {
    return caller instanceof Error ? refusalFor(caller, way) : admit(exchange, caller, { way, principalFor: principalOf })
  }

  function admit(exchange: Exchange, identity: Identity, known: Known): Finding | Promise<Finding> {
    const revoked = revocations.isRevoked(identity)
    if (isPromiseLike(revoked)) return revoked.then((answer) => admitUnless(answer, exchange, identity, known))
    return admitUnless(revoked, exchange, identity, known)
  }

  function admitUnless(revoked: unknown, exchange: Exchange, identity: Identity, { way, principalFor }: Known): Finding | Promise<Finding> {
    // A store that answers with anything else has not said that the token is good.
    if (revoked !== false) return refusalFor(refused('revoked'), way ?? noWay)
    exchange.authentication = methodOf(way && nameOf.get(way), identity)
    exchange.identity = identity
    const principal = principalFor(identity)
    if (isPromiseLike(principal)) return nameLater(exchange, principal)
    exchange.principal = principal
    return undefined
  }
}

/** A token that is bound to a key is let through with a proof of the key alone. */
function methodOf(name: string | undefined, { proofKey }: Identity): string | undefined {
  return name === 'bearer' && proofKey !== undefined ? 'dpop' : name
}

async function nameLater(exchange: Exchange, pending: Promise<Principal>): Promise<void> {
  exchange.principal = await pending
}

const events: ReadonlyMap<string, string> = new Map([
  ['expired', 'session_use_after_expire'],
  ['revoked', 'authn_token_reuse'],
])

/** What each refusal of a token is answered with, in each way. */
type Refusing = Pick<CallerIdentification, 'refusal'>
const refusalsOf = new WeakMap<Refusing, WeakMap<TokenRefused, InvalidToken>>()
/** For a test that says who calls, of an API that knows nobody. */
const noWay: Refusing = Object.freeze({ refusal: Object.freeze([]) })

/** One answer for every reason, byte for byte: which of the checks a forger has passed is not told. What is no refusal is thrown on. */
function refusalFor(thrown: unknown, way: Refusing): ApiError {
  const { refusal } = way
  if (thrown instanceof TokenRefused) return answerTo(thrown, way)
  // What a verifier of somebody's own says of a token is for the log too.
  if (thrown instanceof ApiError && thrown.code === 'invalid-token') {
    return new InvalidToken(undefined, { headers: refusal, reason: thrown.reason, cause: thrown })
  }
  if (thrown instanceof ApiError) return thrown
  throw thrown
}

/** Made once for each refusal, which is itself made once for each reason. */
function answerTo(thrown: TokenRefused, way: Refusing): InvalidToken {
  const known = refusalsOf.get(way) ?? new WeakMap<TokenRefused, InvalidToken>()
  refusalsOf.set(way, known)
  const before = known.get(thrown)
  if (before !== undefined) return before
  const event = events.get(thrown.reason) ?? 'authn_login_fail'
  const made = new InvalidToken(undefined, { headers: way.refusal, reason: `token-${thrown.reason}`, event, cause: thrown })
  known.set(thrown, Object.freeze(made))
  return made
}
