import { createHash, timingSafeEqual } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { calculateJwkThumbprint } from 'jose'
import type { ApiRequest, Clock } from '../context.js'
import type { StateStore } from '../state/state-store.js'
import { publicAlgorithms } from './algorithms.js'
import type { Algorithm } from './algorithms.js'
import { readCompactToken } from './compact-token.js'
import type { CompactToken, Fields } from './compact-token.js'
import { nonces } from './dpop-nonce.js'
import type { ProofOptions } from './dpop-options.js'
import { normalUrl } from './dpop-url.js'
import { publicKeyOf } from './key-material.js'
import type { Jwk } from './key-material.js'
import { isSignedWith } from './signature.js'
import { toMediaType } from './token-header.js'

/** Where proofs are remembered. */
export interface ProofServices {
  readonly state: StateStore
  readonly clock: Clock
}

/** What a proof must be for. */
export interface ProvedRequest {
  readonly request: Pick<ApiRequest, 'method' | 'headers' | 'rawHeaders'>
  /** The address that was asked, as clients know it: never out of the request's own `Host` alone. */
  readonly url: string
  /** The token that came along: the proof must name it. Left out at the token endpoint, where there is none yet. */
  readonly accessToken?: string
}

/** Why a proof was refused: for the log, but for `nonce`. */
export type ProofRefusal =
  | 'missing'
  | 'repeated'
  | 'malformed'
  | 'wrong-type'
  | 'wrong-algorithm'
  | 'unfit-key'
  | 'bad-signature'
  | 'wrong-method'
  | 'wrong-url'
  | 'wrong-time'
  | 'wrong-token'
  | 'nonce'
  | 'replayed'

/** Thrown for a proof that proves nothing. */
export class ProofRefused extends Error {
  constructor(readonly reason: ProofRefusal) {
    super(`the DPoP proof is refused: ${reason}`)
    this.name = 'ProofRefused'
  }
}

/** Checks proofs. */
export interface ProofVerifier {
  /** The accepted algorithms, for challenges: `ES256 EdDSA`. */
  readonly algorithms: string
  /** The thumbprint (RFC 7638) of the key that a request proves to have. Throws `ProofRefused`, and `Unavailable` where the store fails. */
  verify(proved: ProvedRequest): Promise<string>
  /** What `DPoP-Nonce` shall say now; undefined where no nonces are wanted. */
  nonce(): string | undefined
}

/** Seconds by which a client's clock may be ahead. */
const ahead = 10
/**
 * Seconds for which a proof is remembered past its end: the clocks of two processes differ, and time passes between the look at the
 * clock and the store's own. A proof that was forgotten while somebody still takes it could be replayed.
 */
const remembered = 60
/** Whoever sends a proof chooses its key: a larger one would cost us twenty times the work. */
const largestModulus = 4_096
const largestExponent = 0xff_ff_ff_ffn
const largest = 8_192
const refusedParameters = ['crit', 'b64', 'jku', 'x5u', 'x5c'] as const
const privateMembers = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k', 'priv'] as const

/** Makes what checks proofs, each of which is good for one request (RFC 9449 §4.3, §11.1). */
export function proofVerifier(options: ProofOptions, { state, clock }: ProofServices): ProofVerifier {
  const { algorithms = publicAlgorithms, maxAge = 60 } = options
  const accepted: ReadonlySet<unknown> = new Set(algorithms)
  const nonceSource = options.nonce === undefined ? undefined : nonces(options.nonce, clock)

  return {
    algorithms: algorithms.join(' '),
    nonce: () => nonceSource?.current(),
    async verify({ request, url, accessToken }) {
      const text = proofIn(request)
      const proof = text.length > largest ? undefined : readCompactToken(text)
      if (proof === undefined) throw new ProofRefused('malformed')
      const jwk = keyIn(proof, accepted)
      const algorithm = proof.header['alg'] as Algorithm
      const key = publicKeyOf(jwk, algorithm, () => undefined)
      if (key === undefined || isCostly(key)) throw new ProofRefused('unfit-key')
      if (!isSignedWith({ key, algorithm }, text)) throw new ProofRefused('bad-signature')
      const until = requireTime(proof.claims, clock.now(), maxAge)
      requireFor(proof.claims, request.method, url, accessToken)
      if (nonceSource?.isCurrent(proof.claims['nonce']) === false) throw new ProofRefused('nonce')
      const thumbprint = await calculateJwkThumbprint(jwk)
      const name = createHash('sha256')
        .update(`${thumbprint}${String(proof.claims['jti'])}`)
        .digest('base64url')
      if (!(await state.add(`proof:${name}`, '1', until + remembered * 1000))) throw new ProofRefused('replayed')
      return thumbprint
    },
  }
}

/** The one proof of a request: with two, a proxy may have checked the other. */
function proofIn({ headers, rawHeaders }: ProvedRequest['request']): string {
  const text = headers['dpop']
  if (text === undefined) throw new ProofRefused('missing')
  let found = 0
  for (let index = 0; index < rawHeaders.length; index += 2) if (rawHeaders[index]?.toLowerCase() === 'dpop') found += 1
  if (typeof text !== 'string' || found > 1) throw new ProofRefused('repeated')
  return text
}

/** The public key that a proof brings along: here alone it may, since it proves nothing but itself. */
function keyIn({ header }: CompactToken, accepted: ReadonlySet<unknown>): Jwk {
  const { typ, alg, jwk } = header
  if (typeof typ !== 'string' || toMediaType(typ) !== 'dpop+jwt') throw new ProofRefused('wrong-type')
  if (!accepted.has(alg)) throw new ProofRefused('wrong-algorithm')
  if (refusedParameters.some((name) => name in header)) throw new ProofRefused('malformed')
  if (typeof jwk !== 'object' || jwk === null || privateMembers.some((name) => name in jwk)) throw new ProofRefused('unfit-key')
  return jwk as Jwk
}

function isCostly({ asymmetricKeyDetails: { modulusLength = 0, publicExponent = 0n } = {} }: KeyObject): boolean {
  return modulusLength > largestModulus || publicExponent > largestExponent
}

/** Until when the proof is good, in milliseconds. */
function requireTime({ iat, jti }: Fields, now: number, maxAge: number): number {
  if (typeof jti !== 'string' || jti === '' || jti.length > 256) throw new ProofRefused('malformed')
  if (typeof iat !== 'number' || !Number.isFinite(iat)) throw new ProofRefused('wrong-time')
  const until = (iat + maxAge) * 1000
  if (!(now < until && iat * 1000 <= now + ahead * 1000)) throw new ProofRefused('wrong-time')
  return until
}

function requireFor({ htm, htu, ath }: Fields, method: string, url: string, accessToken: string | undefined): void {
  if (htm !== method) throw new ProofRefused('wrong-method')
  const named = normalUrl(htu)
  if (named === undefined || named !== normalUrl(url)) throw new ProofRefused('wrong-url')
  if (accessToken === undefined) return
  const expected = createHash('sha256').update(accessToken).digest()
  const given = typeof ath === 'string' && /^[A-Za-z0-9_-]{43}$/.test(ath) ? Buffer.from(ath, 'base64url') : Buffer.alloc(0)
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) throw new ProofRefused('wrong-token')
}
