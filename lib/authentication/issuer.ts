import type { Mistake } from '../errors.js'
import { addressProblem, outboundFetch } from '../outbound.js'
import type { OutboundOptions } from '../outbound.js'
import { publicAlgorithms, algorithms as knownAlgorithms, familyOf } from './algorithms.js'
import type { Algorithm } from './algorithms.js'
import { isName } from './claims.js'
import type { ClaimRules } from './claims.js'
import { standardClaims } from './claims-reader.js'
import type { ClaimsReader } from './claims-reader.js'
import { readIntrospection } from './introspected-claims.js'
import { IntrospectionVerifier } from './introspection.js'
import type { IntrospectionCacheOptions } from './introspection.js'
import type { KnownIssuer } from './issuer-directory.js'
import { JwtVerifier } from './jwt-verifier.js'
import type { Jwk } from './key-material.js'
import { keysInDocument } from './key-set.js'
import { LocalKeys } from './key-source.js'
import type { KeySource } from './key-source.js'
import { checkFamily, verificationKeys } from './keys.js'
import type { KeyOptions, VerificationKey } from './keys.js'
import { RemoteKeys } from './remote-keys.js'
import { toMediaType } from './token-header.js'

/** Whose tokens are taken. How they are proved is said by exactly one of `keys`, `jwks`, `jwksUri` and `introspection`. */
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
  /**
   * Where the issuer publishes its key set. It is fetched with the first token, every ten minutes, and when a token names a key that
   * is not in it: at most once in 30 seconds. While the issuer does not answer, the keys that are known stay in use.
   */
  readonly jwksUri?: string
  /** Where the issuer says what a token is worth (RFC 7662), for tokens that it alone can read. One issuer may have it. */
  readonly introspection?: {
    readonly endpoint: string
    /** Who this API is at the issuer. */
    readonly clientId: string
    readonly clientSecret: string
    /**
     * How long answers are remembered. With a cache, a token that the issuer revokes lives on for up to `maxAge`; `false` asks for
     * each request. @default a minute, and 5 seconds for tokens that are refused
     */
    readonly cache?: IntrospectionCacheOptions | false
  }
  /** The algorithms that are taken, of one family. @default those of the keys; RS256 with `jwksUri` */
  readonly algorithms?: readonly Algorithm[]
  /** The accepted `typ`, such as `'at+jwt'`; a token without `typ` is then refused. @default 'JWT', 'at+jwt', or none */
  readonly typ?: string | readonly string[]
  /**
   * By how many seconds the issuer's clock may differ: `exp`, `nbf` and `iat` are read so much more kindly. From 0 to 300.
   * Where tokens are issued on other machines, a few seconds are wise. @default 0
   */
  readonly clockTolerance?: number
  /** Whether a token must have a `jti`. One without can be revoked by subject and key alone. @default true, but for introspection */
  readonly requireTokenId?: boolean
  /** Makes of the claims what they say about the caller. @default `standardClaims()` */
  readonly claims?: ClaimsReader
}

/** What is the same for all issuers of an API. */
export interface IssuerSetting {
  readonly maxTokenBytes: number
  /** How many verified tokens each issuer's verifier remembers; 0 for none. */
  readonly cacheSize: number
  /** What may be asked of the issuer. @default no private address */
  readonly outbound?: OutboundOptions
  /** Is told when an issuer's keys cannot be had. */
  readonly warn?: (message: string, error: unknown) => void
  /** Where the issuer stands in the options. */
  readonly place: string
  readonly report: (mistake: Mistake) => void
}

/** What verifies the tokens of one issuer; mistakes in the options are reported. */
export function issuerOf(options: IssuerOptions, setting: IssuerSetting): KnownIssuer {
  const complain = (name: string, problem: string, mend: string) => setting.report({ place: `${setting.place}.${name}`, problem, mend })
  checkNames(options, complain)
  checkRules(options, complain)
  checkSource(options, setting, complain)
  const algorithms = listedAlgorithms(options, setting)
  const { issuer, introspection } = options
  if (introspection !== undefined) return { issuer, verifier: asking(options, introspection, setting) }
  const { source, decoyKey } = keySource(options, algorithms, setting)
  const { typ } = options
  const verifier = new JwtVerifier({
    ...claimRules(options, options.requireTokenId ?? true),
    keys: source,
    types: new Set([typ ?? ['JWT', 'at+jwt']].flat().filter(isText).map(toMediaType)),
    typeRequired: typ !== undefined,
    maxTokenBytes: setting.maxTokenBytes,
    cacheSize: setting.cacheSize,
    decoyKey,
  })
  return { issuer, verifier }
}

type Complain = (name: string, problem: string, mend: string) => void

function claimRules(options: IssuerOptions, requireTokenId: boolean): ClaimRules {
  return {
    issuer: options.issuer,
    audiences: [options.audience].flat(),
    tolerance: (options.clockTolerance ?? 0) * 1000,
    requireTokenId,
    read: options.claims ?? standardClaims(),
  }
}

function asking(
  options: IssuerOptions,
  { endpoint, clientId, clientSecret, cache }: NonNullable<IssuerOptions['introspection']>,
  { maxTokenBytes, outbound = {} }: IssuerSetting,
): IntrospectionVerifier {
  const rules = claimRules(options, options.requireTokenId ?? false)
  return new IntrospectionVerifier({
    ...{ issuer: options.issuer, audience: options.audience, endpoint, clientId, clientSecret, maxTokenBytes },
    outbound: outboundFetch(outbound),
    tolerance: rules.tolerance,
    readIdentity: (answer, now) => readIntrospection(answer, rules, now),
    ...(cache === undefined ? {} : { cache }),
  })
}

/** Where the keys of tokens come from, and one of them to spend the same time on tokens that have none. */
function keySource(
  options: IssuerOptions,
  algorithms: readonly Algorithm[] | undefined,
  setting: IssuerSetting,
): { readonly source: KeySource; readonly decoyKey: VerificationKey | undefined } {
  const { jwksUri: url, issuer } = options
  if (url === undefined || !isWebAddress(url)) {
    const keys = localKeys(options, algorithms, setting)
    return { source: new LocalKeys(keys), decoyKey: keys[0] }
  }
  const { outbound = {}, warn } = setting
  const source = new RemoteKeys({
    ...{ url, algorithms: algorithms ?? ['RS256'], outbound: outboundFetch(outbound), clock: { now: () => Date.now() } },
    onError: (error) => warn?.(`the keys of ${issuer} cannot be had`, error),
  })
  return { source, decoyKey: undefined }
}

function localKeys(
  { keys, jwks, jwksUri }: IssuerOptions,
  algorithms: readonly Algorithm[] | undefined,
  { place, report }: IssuerSetting,
): readonly VerificationKey[] {
  if (jwksUri !== undefined) return []
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

/** Exactly one thing says how tokens are proved. */
function checkSource(options: IssuerOptions, { outbound = {} }: IssuerSetting, complain: Complain): void {
  const { keys, jwks, jwksUri, introspection, algorithms } = options
  const given = Object.entries({ keys, jwks, jwksUri, introspection }).filter(([, value]) => value !== undefined)
  const [first, second] = given.map(([name]) => name)
  if (second !== undefined) complain(second, `there is ${first} and ${second}`, 'say in one way how tokens are proved')
  const checkAddress = (name: string, address: string) => {
    const problem = addressProblem(address, outbound)
    if (problem !== undefined)
      complain(name, problem, 'write the whole URL, with https, and a host within your network in outbound.privateHosts')
  }
  if (jwksUri !== undefined) {
    checkAddress('jwksUri', jwksUri)
    const secret = [algorithms ?? []].flat().find((one) => familyOf(one) === 'secret')
    if (secret !== undefined)
      complain('algorithms', `${secret} has a secret, which no key set holds`, `write some of ${publicAlgorithms.join(', ')}`)
  }
  if (introspection === undefined) return
  checkAddress('introspection.endpoint', introspection.endpoint)
  if (!isText(introspection.clientId) || !isText(introspection.clientSecret)) {
    complain('introspection', 'clientId or clientSecret is empty', 'write what the issuer knows this API by (RFC 7662 §2.1)')
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

function isWebAddress(value: unknown): value is string {
  return typeof value === 'string' && /^https?:\/\//.test(value) && URL.canParse(value)
}
