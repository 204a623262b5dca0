import { createPublicKey, generateKeyPairSync, randomBytes } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import type { IssuerOptions } from '../authentication/issuer.js'
import type { KeyOptions } from '../authentication/keys.js'
import { signingKey } from '../authentication/keys.js'
import { tokenIssuer } from '../authentication/token-issuer.js'
import type { TokenClaims, TokenIssuer, TokenOverrides } from '../authentication/token-issuer.js'
import type { Clock } from '../context.js'
import type { StatedCaller } from '../stated-caller.js'

/** Whose tokens a test signs. */
export interface TestIssuerOptions {
  /** @default 'https://issuer.test' */
  readonly issuer?: string
  /** @default 'https://api.test' */
  readonly audience?: string
  /** What signs: a key of the API's own settings in tests. @default a new one, on P-256 */
  readonly key?: KeyOptions
  /** What kind of token the header says that it is. @default 'JWT' */
  readonly typ?: 'JWT' | 'at+jwt'
  /** That of the API: where it stands still, the system's would make tokens that are not good yet. @default the system's */
  readonly clock?: Clock
}

/** Signs tokens in tests, good ones and others. */
export interface TestIssuer {
  /** For `bearer(issuer.options)`, or as one of its `issuers`. */
  readonly options: IssuerOptions
  /** A token that says of its bearer what `caller` does; good for an hour, where `overrides` say nothing else. */
  readonly tokenFor: (caller: StatedCaller, overrides?: TokenOverrides) => string
  /** The same, an hour too late. */
  readonly expiredTokenFor: (caller: StatedCaller) => string
  /** The same, signed by somebody who has another key of the same name and kind. */
  readonly forgedTokenFor: (caller: StatedCaller) => string
}

const hour = 3_600

/**
 * Makes an issuer for tests: give its `options` to `bearer`, and `tokenFor({ id: 'alice', roles: ['customer'] })` to clients. With
 * `{ issuer, audience, key }` it signs what an API takes that has settings of its own. Throws a `TypeError` for keys that no issuer takes.
 */
export function testIssuer(given: TestIssuerOptions = {}): TestIssuer {
  const { issuer = 'https://issuer.test', audience = 'https://api.test', key = newKey(), typ = 'JWT' } = given
  const clock = given.clock ?? { now: () => Date.now() }
  const makes = (signing: KeyOptions, ago = 0): TokenIssuer =>
    tokenIssuer({ issuer, audience, key: signing, typ, lifetime: hour, clock: { now: () => clock.now() - ago } })
  const good = makes(key)
  const late = makes(key, 2 * hour * 1_000)
  const other = makes(otherKeyLike(key))
  const sign = (by: TokenIssuer, caller: StatedCaller, overrides?: TokenOverrides) => by.issue(claimsOf(caller, typ), overrides).token
  return {
    options: { issuer, audience, keys: [verifying(key)], ...(typ === 'JWT' ? {} : { typ }) },
    tokenFor: (caller, overrides) => sign(good, caller, overrides),
    expiredTokenFor: (caller) => sign(late, caller),
    forgedTokenFor: (caller) => sign(other, caller),
  }
}

function newKey(): KeyOptions {
  return { kid: 'test', algorithm: 'ES256', privateKey: generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey }
}

/** An API is not to be given more of a key than it needs. */
function verifying({ privateKey, publicKey, ...key }: KeyOptions): KeyOptions {
  if (privateKey === undefined) return publicKey === undefined ? key : { ...key, publicKey }
  return { ...key, publicKey: publicKey ?? createPublicKey(signing({ ...key, privateKey })) }
}

function signing(key: KeyOptions): KeyObject {
  const problems: string[] = []
  const prepared = signingKey(key, 'testIssuer.key', ({ place, problem, mend }) => void problems.push(`${place}: ${problem} → ${mend}`))
  if (prepared === undefined) throw new TypeError(problems.join('\n'))
  return prepared.key
}

function otherKeyLike(key: KeyOptions): KeyOptions {
  const { algorithm, kid } = key
  const name = kid === undefined ? {} : { kid }
  if (algorithm.startsWith('HS')) return { ...name, algorithm, secret: randomBytes(64) }
  return { ...name, algorithm, privateKey: twinOf(signing(key)) }
}

/** Another key of the same kind and strength. */
function twinOf(key: KeyObject): KeyObject {
  const { asymmetricKeyType: type, asymmetricKeyDetails: details = {} } = key
  if (type === 'ec') return generateKeyPairSync('ec', { namedCurve: details.namedCurve ?? 'P-256' }).privateKey
  if (type === 'ed25519') return generateKeyPairSync('ed25519').privateKey
  if (type === 'ed448') return generateKeyPairSync('ed448').privateKey
  return generateKeyPairSync('rsa', { modulusLength: details.modulusLength ?? 3_072 }).privateKey
}

/** What the standard claims say of a caller (`standardClaims()`); claims of its own stand beside them. */
function claimsOf(caller: StatedCaller, typ: 'JWT' | 'at+jwt'): TokenClaims {
  const { id = 'somebody', kind = 'user', roles = [], scopes = [], grants = [], permissions = [], claims = {}, sessionId } = caller
  const granted = [...grants, ...permissions]
  return {
    ...claims,
    sub: id,
    ...(kind === 'client' ? { client_id: id } : typ === 'at+jwt' ? { client_id: 'test-client' } : {}),
    ...(roles.length === 0 ? {} : { roles }),
    ...(scopes.length === 0 ? {} : { scope: scopes.join(' ') }),
    ...(granted.length === 0 ? {} : { permissions: granted }),
    ...(sessionId === undefined ? {} : { sid: sessionId }),
  }
}
