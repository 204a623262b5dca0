import type { Logger } from '../context.js'
import { MalformedRequest, Unauthenticated } from '../errors.js'
import type { ApiError } from '../errors.js'
import type { Mistake } from '../errors.js'
import type { CallerScheme } from '../operation.js'
import { outboundMistakes } from '../outbound.js'
import type { OutboundOptions } from '../outbound.js'
import { challengesOf } from './challenges.js'
import type { Challenges } from './challenges.js'
import { credentialsIn, isAuthorizedTwice, isTokenInQuery } from './credentials.js'
import { checkProofs } from './dpop-options.js'
import { proofVerifier } from './dpop.js'
import type { ProofOptions } from './dpop-options.js'
import { IntrospectionVerifier } from './introspection.js'
import { issuerOf } from './issuer.js'
import type { IssuerOptions } from './issuer.js'
import { IssuerDirectory } from './issuer-directory.js'
import type { KnownIssuer } from './issuer-directory.js'
import { guessableKeys } from './keys.js'
import { isPromiseLike } from '../promise.js'
import { tokenProofs } from './token-proofs.js'
import type { TokenProofs } from './token-proofs.js'
import { refused } from './verifier.js'
import type { TokenJudge, TokenVerifier, Verdict } from './verifier.js'
import type { Authentication, CallerIdentification, WayServices } from './ways.js'

/** What holds for tokens of every issuer. */
export interface TokenOptions {
  /** Stands in the `WWW-Authenticate` of refusals. Characters that cannot stand there are left out. @default 'api' */
  readonly realm?: string
  /** Where the metadata of this API stand, for clients to find its authorization server (RFC 9728 §5.1). @default nowhere */
  readonly resourceMetadata?: string
  /** Longer tokens are refused before they are decoded. @default 8192 */
  readonly maxTokenBytes?: number
  /**
   * How many verified tokens are remembered for each issuer, so that a signature is verified once. Times and revocation are
   * still asked for each request. `false` verifies every time. @default { size: 10,000 }
   */
  readonly cache?: { readonly size?: number } | false
  /** Takes tokens that are bound to a key, with a proof of the key in each request (RFC 9449). @default they are refused */
  readonly dpop?: DpopOptions
  /** What may be asked of issuers, for those with a `jwksUri` or `introspection`. */
  readonly outbound?: OutboundOptions
}

/** How tokens that are bound to a key are taken. */
export interface DpopOptions extends ProofOptions {
  /**
   * Where clients know this API, `https://api.example.com`: what proofs must be made for. Out of the request's own `Host` it cannot
   * be told, since whoever received a proof elsewhere could send that host along.
   */
  readonly origin: string
  /** Whether tokens that are not bound to a key are refused. @default false */
  readonly required?: boolean
}

/** Which tokens are taken: those of one issuer, or of several. */
export type BearerOptions = TokenOptions & (IssuerOptions | { readonly issuers: readonly IssuerOptions[] })

/** Callers who bear tokens. */
export interface BearerAuthentication extends Authentication {
  /** Proves tokens as the API does, without asking for revocation. */
  readonly verifier: TokenVerifier
}

/**
 * Callers bear access tokens (RFC 6750) of one issuer, `bearer({ issuer, audience, keys })`, or of several,
 * `bearer({ issuers: [{ issuer, audience, keys }, …] })`. A token needs `iss`, `aud`, `exp`, `sub` and `jti`, an algorithm that is
 * its key's, and a form without ambiguity. Never throws: mistakes in the options are collected, and `createApi` does not start
 * with them.
 */
export function bearer(options: BearerOptions): BearerAuthentication {
  const mistakes: Mistake[] = []
  const report = (mistake: Mistake) => void mistakes.push(mistake)
  checkOptions(options, (name, problem, mend) => report({ place: `authentication.${name}`, problem, mend }))
  const { cache = {}, maxTokenBytes = 8192 } = options
  const { outbound = {} } = options
  const wrongOutbound = outboundMistakes(outbound, 'authentication.outbound')
  wrongOutbound.forEach(report)
  let logger: Logger | undefined
  const setting = {
    ...{ maxTokenBytes, cacheSize: cache === false ? 0 : (cache.size ?? 10_000), report },
    outbound: wrongOutbound.length === 0 ? outbound : {},
    warn: (message: string, error: unknown) => void logger?.warn(message, { error }),
  }
  const issuers = placed(options).map(([place, issuer]) => issuerOf(issuer, { ...setting, place }))
  reportTwins(issuers, report)
  const [first] = issuers
  const verifier: TokenJudge = issuers.length === 1 && first !== undefined ? first.verifier : new IssuerDirectory(issuers, maxTokenBytes)
  const { realm = 'api', resourceMetadata, dpop } = options
  return Object.freeze({
    name: 'bearer',
    verifier,
    mistakes: Object.freeze(mistakes),
    guessable: placed(options).flatMap(([place, { keys = [] }]) => guessableKeys(keys, `${place}.keys`)),
    get cacheUse() {
      return verifier.cacheUse ?? { hits: 0, misses: 0 }
    },
    schemes: schemesOf(
      issuers.map(({ issuer }) => issuer),
      dpop,
    ),
    refusals: dpop === undefined ? [] : ['invalid-proof'],
    open(services: WayServices) {
      logger = services.logger
      const proofs = dpop === undefined ? undefined : proofVerifier(dpop, services)
      const isProofRequired = dpop?.required ?? false
      const challenges = challengesOf({ realm, resourceMetadata, proofAlgorithms: proofs?.algorithms, isProofRequired })
      const { tokenVerifier } = services
      const { origin = '' } = dpop ?? {}
      const bound = proofs && tokenProofs({ verifier: tokenVerifier ?? verifier, proofs, challenges, origin, isRequired: isProofRequired })
      // One that somebody has made out of ours may have more to say in `verify`.
      const judge: Judge = tokenVerifier === undefined ? verifier.judge.bind(verifier) : tokenVerifier.verify.bind(tokenVerifier)
      return identification(judge, challenges, bound)
    },
  })
}

function schemesOf(issuers: readonly string[], dpop: DpopOptions | undefined): readonly CallerScheme[] {
  const description = 'An access token (RFC 6750), verified as RFC8725 asks.'
  const bound = 'An access token that is bound to a key, with a proof of the key in the header DPoP (RFC 9449); verified as RFC8725 asks.'
  const plain = { name: 'bearer', issuers, scheme: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT', description } }
  const proven = { name: 'dpop', issuers, scheme: { type: 'http', scheme: 'DPoP', description: bound } }
  return dpop === undefined ? [plain] : dpop.required === true ? [proven] : [plain, proven]
}

function placed(options: BearerOptions): ReadonlyArray<readonly [place: string, issuer: IssuerOptions]> {
  if (!('issuers' in options)) return [['authentication', options]]
  return options.issuers.map((issuer, index) => [`authentication.issuers[${index}]`, issuer])
}

function reportTwins(issuers: readonly KnownIssuer[], report: (mistake: Mistake) => void): void {
  const names = issuers.map(({ issuer }) => issuer)
  for (const name of new Set(names.filter((one, index) => names.indexOf(one) !== index))) {
    const problem = `two issuers are called ${JSON.stringify(name)}`
    report({ place: 'authentication.issuers', problem, mend: 'give one of them, with all of its keys' })
  }
  if (issuers.filter(({ verifier }) => verifier instanceof IntrospectionVerifier).length > 1) {
    const problem = 'two issuers have tokens that only they can read'
    report({ place: 'authentication.issuers', problem, mend: 'ask one of them: of such a token nobody can tell whose it is' })
  }
}

type Judge = TokenJudge['judge']

function identification(judge: Judge, challenges: Challenges, dpop: TokenProofs | undefined): CallerIdentification {
  const unknown = refusalsFor(challenges)
  return {
    challenge: challenges.missing[1],
    refusal: challenges.invalidToken,
    insufficientScope: challenges.insufficientScope,
    insufficientAuthentication: challenges.insufficientAuthentication,
    isAmbient: false,
    isGeneral: true,
    bears: ({ request, target }) =>
      credentialsIn(request.headers.authorization, 'bearer') !== undefined ||
      (dpop !== undefined && credentialsIn(request.headers.authorization, 'dpop') !== undefined) ||
      isAuthorizedTwice(request) ||
      isTokenInQuery(target.query),
    identify(exchange) {
      const { authorization } = exchange.request.headers
      const isInQuery = isTokenInQuery(exchange.target.query)
      // A token that comes in two ways, or two tokens.
      if (isAuthorizedTwice(exchange.request)) return unknown[isInQuery ? 'token-in-query-and-header' : 'two-authorization-headers']
      if (isInQuery) return unknown[authorization === undefined ? 'token-in-query' : 'token-in-query-and-header']
      const bound = dpop === undefined ? undefined : credentialsIn(authorization, 'dpop')
      if (dpop !== undefined && bound !== undefined) return dpop.identify(exchange, bound)
      const token = credentialsIn(authorization, 'bearer')
      if (token === undefined) return unknown[authorization === undefined ? 'no-token' : 'other-scheme']
      const verdict = judge(token, exchange.receivedAt)
      return isPromiseLike(verdict) ? verdict.then(unbound) : unbound(verdict)
    },
  }

  /** Whoever shows a token that is bound to a key without proving to have it may have stolen it (RFC 9449 §7.2). */
  function unbound(verdict: Verdict): Verdict {
    if (verdict instanceof Error) return verdict
    if (verdict.proofKey !== undefined) return refused('sender-constrained')
    return dpop?.isRequired === true ? refused('unbound') : verdict
  }
}

type Unknown = 'token-in-query' | 'no-token' | 'other-scheme' | 'token-in-query-and-header' | 'two-authorization-headers'

/** What is answered where there is no token, or more than one: made once for each reason. */
function refusalsFor({ missing, invalidRequest }: Challenges): Readonly<Record<Unknown, ApiError>> {
  const nobody = (reason: Unknown) => Object.freeze(new Unauthenticated(undefined, { headers: missing, reason }))
  const several = (reason: Unknown) =>
    Object.freeze(new MalformedRequest('Send one access token, in one Authorization header.', { headers: invalidRequest, reason }))
  return {
    'token-in-query': nobody('token-in-query'),
    'no-token': nobody('no-token'),
    'other-scheme': nobody('other-scheme'),
    'token-in-query-and-header': several('token-in-query-and-header'),
    'two-authorization-headers': several('two-authorization-headers'),
  }
}

type Complain = (name: string, problem: string, mend: string) => void

function checkOptions(options: TokenOptions, complain: Complain): void {
  const { maxTokenBytes = 8192, cache = {}, resourceMetadata } = options
  if (!isWhole(maxTokenBytes, 256, 65_536)) {
    complain('maxTokenBytes', `${maxTokenBytes} is no size for a token`, 'write bytes from 256 to 65536')
  }
  if (cache !== false && !isWhole(cache.size ?? 1, 1, 10_000_000)) {
    complain('cache.size', `${cache.size} is no size for a cache`, 'write a number from 1 to 10,000,000, or cache: false')
  }
  checkDpop(options, complain)
  if (resourceMetadata !== undefined && !URL.canParse(resourceMetadata)) {
    complain('resourceMetadata', `${JSON.stringify(resourceMetadata)} is no address`, 'write the whole URL of the document')
  }
}

function checkDpop({ dpop }: TokenOptions, complain: Complain): void {
  if (dpop === undefined) return
  const { origin } = dpop
  if (typeof origin !== 'string' || !URL.canParse(origin) || new URL(origin).origin !== origin) {
    complain('dpop.origin', `${JSON.stringify(origin)} is no origin`, "write where clients know this API: 'https://api.example.com'")
  }
  checkProofs(dpop, (name, problem, mend) => complain(`dpop.${name}`, problem, mend))
}

function isWhole(value: number, least: number, most: number): boolean {
  return Number.isSafeInteger(value) && value >= least && value <= most
}
