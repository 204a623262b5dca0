import type { Clock, Identity, Logger } from '../context.js'
import type { ApiError, Mistake } from '../errors.js'
import type { Exchange } from '../exchange.js'
import type { LoginChallenge } from '../login-challenge.js'
import type { CacheUse } from '../monitor.js'
import type { CallerScheme } from '../operation.js'
import type { StateStore } from '../state/state-store.js'
import type { TokenRefused, TokenVerifier } from './verifier.js'

/** One way to know callers, for `createApi({ authentication })`: `bearer`, `apiKeys` and `oauthLogin` make them. */
export interface Authentication {
  /** `bearer`, `api-key`, `session`: stands in the inventory. */
  readonly name: string
  /** What is wrong with the options; `createApi` reports it. */
  readonly mistakes: readonly Mistake[]
  /** How often credentials were known already, since it was made. @default it remembers none */
  readonly cacheUse?: CacheUse
  /** How descriptions of the API tell of it; several, of which one is enough. @default an HTTP scheme of its name */
  readonly schemes?: readonly CallerScheme[]
  /** Codes of the 401 that it refuses with, besides those of every way: `invalid-proof`. @default none */
  readonly refusals?: readonly string[]
  /** The places of secrets that can be guessed and are taken all the same, for `portcullis audit`. @default none that is known */
  readonly guessable?: readonly string[]
  /** Makes it ready for one API. */
  open(services: WayServices): CallerIdentification
}

/** What a way to know callers may use of the API. */
export interface WayServices {
  readonly clock: Clock
  readonly logger: Logger
  /** What all processes of the API must know together: proofs that were seen, sessions. */
  readonly state: StateStore
  /** Stands in for the verifier of the options, where one is registered. */
  readonly tokenVerifier: TokenVerifier | undefined
}

/** Who calls, or why nobody is let in. */
export type Caller = Identity | TokenRefused | ApiError

/** A way to know callers, ready for one API. */
export interface CallerIdentification {
  /** What `WWW-Authenticate` says to whom brings no credentials (RFC 9110 §11.6.1); undefined where there is no such scheme. */
  readonly challenge: string | undefined
  /** Headers of the 401 for credentials that are worth nothing, the same whatever is wrong with them. */
  readonly refusal: readonly string[]
  /** Headers of the 403 for credentials that lack a scope; none where there is no such thing. */
  readonly insufficientScope?: (scope: string) => readonly string[]
  /** Headers of the 401 for credentials whose login is too old or too weak (RFC 9470 §3). @default those of a bearer token */
  readonly insufficientAuthentication?: (needed: LoginChallenge) => readonly string[]
  /** Whether browsers send the credentials along by themselves (cookies): they count only where no others came. */
  readonly isAmbient: boolean
  /** Whether a request bears credentials of this kind. Cheap, and says nothing of what they are worth. */
  bears(exchange: Exchange): boolean
  /**
   * Whether it takes what stands behind `Bearer` only where no other way recognises it as its own. @default false
   */
  readonly isGeneral?: boolean
  /** Whether the request's bearer token is surely of this kind. @default never */
  recognises?(exchange: Exchange): boolean
  /**
   * Who calls. Gives, or throws at several times the cost: `Unauthenticated` where nothing is borne, `TokenRefused` for credentials that
   * are worth nothing, and `Unavailable` where what must be asked does not answer.
   */
  identify(exchange: Exchange): Caller | Promise<Caller>
}
