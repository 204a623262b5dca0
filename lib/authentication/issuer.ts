import type { Mistake } from '../errors.js'
import { algorithms as knownAlgorithms, familyOf } from './algorithms.js'
import type { Algorithm } from './algorithms.js'
import { isName } from './claims.js'
import { standardClaims } from './claims-reader.js'
import type { ClaimsReader } from './claims-reader.js'
import type { KnownIssuer } from './issuer-directory.js'
import { JwtVerifier } from './jwt-verifier.js'
import type { Jwk } from './key-material.js'
import { keysInDocument } from './key-set.js'
import { LocalKeys } from './key-source.js'
import { checkFamily, verificationKeys } from './keys.js'
import type { KeyOptions, VerificationKey } from './keys.js'
import { toMediaType } from './token-header.js'

/**
 * Whose tokens are taken, and how they are proved: with `keys`, with a key set that stands in `jwks`, or with one of these.
 * Exactly one of them is given.
 */
export interface IssuerOptions {
  /** What `iss` must be, character by character. */
  readonly issuer: string
  /** What `aud` must be or contain: the name of this API, or one of its names. */
  readonly audience: string | readonly string[]
  /**
   * What tokens are verified with. To change the signing key: add the new one here, on every process; then sign with it;
   * then remove the old one, when the last token that it signed has expired.
   */
  readonly keys?: readonly KeyOptions[]
  /** A key set (RFC 7517 §5) that the issuer handed over. Keys that are for something else are passed over. */
  readonly jwks?: { readonly keys: readonly Jwk[] }
  /** The algorithms that are taken, of one family. @default those of the keys */
  readonly algorithms?: readonly Algorithm[]
  /** The accepted `typ`, such as `'at+jwt'`; a token without `typ` is then refused. @default 'JWT', 'at+jwt', or none */
  readonly typ?: string | readonly string[]
  /**
   * By how many seconds the issuer's clock may differ: `exp`, `nbf` and `iat` are read so much more kindly. From 0 to 300.
   * Where tokens are issued on other machines, a few seconds are wise. @default 0
   */
  readonly clockTolerance?: number
  /** Whether a token must have a `jti`. One without can be revoked by subject and key alone. @default true */
  readonly requireTokenId?: boolean
  /** Makes of the claims what they say about the caller. @default `standardClaims()` */
  readonly claims?: ClaimsReader
}

/** What is the same for all issuers of an API. */
export interface IssuerSetting {
  readonly maxTokenBytes: number
  /** How many verified tokens each issuer's verifier remembers; 0 for none. */
  readonly cacheSize: number
  /** Where the issuer stands in the options. */
  readonly place: string
  readonly report: (mistake: Mistake) => void
}

/** What verifies the tokens of one issuer; mistakes in the options are reported. */
export function issuerOf(options: IssuerOptions, setting: IssuerSetting): KnownIssuer {
  const complain = (name: string, problem: string, mend: string) => setting.report({ place: `${setting.place}.${name}`, problem, mend })
  checkNames(options, complain)
  checkRules(options, complain)
  const algorithms = listedAlgorithms(options, setting)
  const { typ } = options
  const keys = localKeys(options, algorithms, setting)
  const verifier = new JwtVerifier({
    issuer: options.issuer,
    audiences: [options.audience].flat(),
    tolerance: (options.clockTolerance ?? 0) * 1000,
    requireTokenId: options.requireTokenId ?? true,
    read: options.claims ?? standardClaims(),
    keys: new LocalKeys(keys),
    types: new Set([typ ?? ['JWT', 'at+jwt']].flat().filter(isText).map(toMediaType)),
    typeRequired: typ !== undefined,
    maxTokenBytes: setting.maxTokenBytes,
    cacheSize: setting.cacheSize,
    decoyKey: keys[0],
  })
  return { issuer: options.issuer, verifier }
}

type Complain = (name: string, problem: string, mend: string) => void

function localKeys(
  { keys, jwks }: IssuerOptions,
  algorithms: readonly Algorithm[] | undefined,
  { place, report }: IssuerSetting,
): readonly VerificationKey[] {
  if (keys !== undefined && jwks !== undefined) {
    report({ place: `${place}.jwks`, problem: 'there are keys and jwks', mend: 'give one of them' })
  }
  if (jwks !== undefined) return verificationKeys(keysInDocument(jwks, algorithms), `${place}.jwks.keys`, report)
  const found = verificationKeys(keys ?? [], `${place}.keys`, report)
  const unlisted = found.find(({ algorithm }) => algorithms !== undefined && !algorithms.includes(algorithm))
  if (unlisted !== undefined) {
    report({
      place: `${place}.algorithms`,
      problem: `a key is for ${unlisted.algorithm}, which is not among them`,
      mend: 'add it, or take the key out',
    })
  }
  return found
}

function checkNames({ issuer, audience }: IssuerOptions, complain: Complain): void {
  const audiences: readonly unknown[] = [audience].flat()
  if (!isName(issuer)) complain('issuer', 'issuer is empty: tokens of others would be taken', 'write the issuer that your tokens bear')
  if (audiences.length === 0 || !audiences.every(isName)) {
    complain('audience', 'audience is empty: tokens meant for others would be taken', 'write the audience that your tokens bear')
  }
}

function checkRules({ clockTolerance = 0, typ = 'JWT', claims }: IssuerOptions, complain: Complain): void {
  if (!(clockTolerance >= 0 && clockTolerance <= 300)) {
    complain('clockTolerance', `${clockTolerance} seconds are no tolerance`, 'write seconds from 0 to 300, and set the clocks')
  }
  const types: readonly unknown[] = [typ].flat()
  if (types.length === 0 || !types.every(isText)) complain('typ', 'typ names no type of token', "write such as typ: 'at+jwt'")
  if (claims !== undefined && typeof claims !== 'function') {
    complain('claims', 'claims is no function', "write such as standardClaims({ roles: 'groups' }), or a function of the claims")
  }
}

/** The algorithms that the options list; undefined where they list none, or none that are. */
function listedAlgorithms({ algorithms }: IssuerOptions, { place, report }: IssuerSetting): readonly Algorithm[] | undefined {
  if (algorithms === undefined) return undefined
  const own = `${place}.algorithms`
  const unknown: unknown =
    Array.isArray(algorithms) && algorithms.length > 0 ? algorithms.find((one) => familyOf(one) === undefined) : algorithms
  if (unknown === undefined) {
    checkFamily(algorithms, own, report)
    return algorithms
  }
  report({
    place: own,
    problem: `${JSON.stringify(unknown)} is no algorithm for tokens`,
    mend: `write some of ${knownAlgorithms.join(', ')}`,
  })
  return undefined
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== ''
}
