import { randomUUID } from 'node:crypto'
import type { Api } from '../../api.js'
import { descriptionOf } from '../../api-facts.js'
import { isSameAlgorithm } from '../../authentication/algorithms.js'
import type { Algorithm } from '../../authentication/algorithms.js'
import { bearer } from '../../authentication/bearer.js'
import { isName } from '../../authentication/claims.js'
import type { Jwk } from '../../authentication/key-material.js'
import { algorithmOf } from '../../authentication/key-set.js'
import { StoredRevocations } from '../../authentication/revocations.js'
import type { Revocations } from '../../authentication/revocations.js'
import type { TokenVerifier } from '../../authentication/verifier.js'
import { refused } from '../../authentication/verifier.js'
import { tokens } from '../../container.js'
import { CommandError } from '../command.js'
import { completed } from '../keys/given-keys.js'
import { ownKeys } from '../keys/key-set.js'
import { maskOf } from '../keys/mask.js'
import { visible } from '../visible.js'
import type { DecodedToken } from './decoded.js'

/** What a token is verified with. */
export interface KeyCheck {
  readonly keys: readonly Jwk[]
  readonly algorithm: Algorithm | undefined
  /** @default whoever the token names */
  readonly issuer: string | undefined
  /** @default whatever the token names */
  readonly audience: string | undefined
}

/** A verifier with keys that were given. Throws a `CommandError` where an API would not start with them. */
export function verifierWith({ keys, algorithm, issuer, audience }: KeyCheck, token: DecodedToken): TokenVerifier {
  const { header, claims } = token.form === 'signed' ? token : { header: {}, claims: {} }
  const { iss, aud } = claims as Readonly<Record<string, unknown>>
  const { alg, kid } = header as Readonly<Record<string, unknown>>
  // A key without a name is taken for the one that the token names, one without an algorithm for any that its kind has.
  const name = keys.length === 1 && typeof kid === 'string' && kid !== '' ? kid : undefined
  const own = keys.map((jwk) => completed(jwk, { algorithm: algorithm ?? fitting(jwk, alg), kid: name }))
  const options = ownKeys(own)
  const { verifier, mistakes } = bearer({
    issuer: issuer ?? named(iss),
    audience: audience ?? named([aud].flat()[0]),
    keys: options,
    requireTokenId: false,
    cache: false,
  })
  const mask = maskOf(keys)
  if (mistakes.length > 0)
    throw new CommandError(mistakes.map(({ place, problem, mend }) => visible(mask(`${place}: ${problem} → ${mend}`))).join('\n'))
  return verifier
}

/** The verifier of an API, which asks for revocation too. Throws a `CommandError` for an API that knows no tokens. */
export function verifierOf(api: Api): Pick<TokenVerifier, 'verify'> {
  const { options, registered } = descriptionOf(api)
  const ways = [options.authentication ?? []].flat()
  const bearing = ways.flatMap((way) => ('verifier' in way ? [way.verifier as TokenVerifier] : []))[0]
  const verifier = registered.has('tokenVerifier') ? options.container?.resolve(tokens.tokenVerifier) : bearing
  if (verifier === undefined) throw new CommandError('the API of the module takes no tokens: its authentication has no bearer')
  const revocations = revocationsOf(api)
  return {
    async verify(token, now) {
      const identity = await verifier.verify(token, now)
      const isRevoked: unknown = await revocations?.isRevoked(identity)
      // A store that answers with anything else has not said that the token is good.
      if (revocations !== undefined && isRevoked !== false) throw refused('revoked')
      return identity
    },
  }
}

/** What processes of the API know together of revoked tokens; undefined where each knows its own alone. */
function revocationsOf(api: Api): Revocations | undefined {
  const { options, registered } = descriptionOf(api)
  if (registered.has('revocations')) return options.container?.resolve(tokens.revocations)
  const state = registered.has('state') ? options.container?.resolve(tokens.state) : undefined
  return state === undefined ? undefined : new StoredRevocations(state)
}

function fitting(jwk: Jwk, alg: unknown): Algorithm | undefined {
  const all: readonly Algorithm[] = jwk.kty === 'oct' ? ['HS256', 'HS384', 'HS512'] : ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512']
  return algorithmOf(jwk) === undefined ? undefined : all.find((one) => isSameAlgorithm(alg, one))
}

/** What the token names, or what no token names: an API has no empty issuer. */
function named(value: unknown): string {
  return isName(value) ? value : randomUUID()
}
